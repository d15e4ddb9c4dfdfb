"""What others have set up is refused by name, until it may be taken over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import of_others
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, OfOthers, Taken
from clusters import GOOD, HOSTS, ROLES, VALUES, findings

DAEMON_JSON = "/etc/docker/daemon.json"
SITE = "/etc/nginx/sites-enabled/default"
NFS = {
    "cluster_homes_provider": "nfs",
    "cluster_homes_directory": "/srv/galilean/homes",
    "nfs_server_device": "/dev/vdb",
    "nfs_server_volume_directory": "/srv/galilean",
}
TIMESYNCD = {"base_time_service": "systemd-timesyncd"}
REGISTRY = Taken("registry", "tcp", 5000, ["the container registry"])
NFS_PORT = Taken("NFS", "tcp", 2049, ["ganesha"])


def having(
    host: str = "io", containers: tuple[str, ...] = (), taken: tuple[Taken, ...] = (), given: Any = (), **found: Any
) -> Cluster:
    """The good cluster, one host of which has something of others, and all of which have these variables."""
    return replace(
        GOOD,
        values={name: {**VALUES, **dict(given)} for name in HOSTS},
        of_others={**dict.fromkeys(HOSTS, OfOthers()), host: OfOthers(**found)},
        containers={host: containers},
        taken={host: taken},
    )


def engine(options: str, **given: Any) -> Cluster:
    return having(files=[DAEMON_JSON], engine_options=options, given=given)


def mounted(path: str, host: str = "io", **given: Any) -> Cluster:
    return having(host, fstab=[{"path": path, "source": "/dev/vdc"}], given={**NFS, **given})


def unseen(name: str) -> Cluster:
    return replace(having(), unknown={"io": {name: "no answer within 30 s"}})


ADOPTABLE = [
    (engine("{}"), "io", DAEMON_JSON, "it is not ours"),
    (engine('{"data-root": "/data"}'), "io", DAEMON_JSON, "it is not ours; data-root would stay"),
    (
        engine('{"mtu": 9000, "bip": "10.9.0.1/24", "dns": []}'),
        "io",
        DAEMON_JSON,
        "it is not ours; bip, dns would stay; mtu would give way to ours",
    ),
    (
        engine('{"dns": []}', docker_daemon_options={"dns": ["192.0.2.1"]}),
        "io",
        DAEMON_JSON,
        "dns would give way to ours",
    ),
    (
        engine('{"registry-mirrors": []}', docker_registry_mirrors=["https://mirror.example.org"]),
        "io",
        DAEMON_JSON,
        "registry-mirrors would give way",
    ),
    (engine('{"registry-mirrors": []}', docker_registry_mirrors=[]), "io", DAEMON_JSON, "registry-mirrors would stay"),
    (having(files=["/etc/default/docker"]), "io", "/etc/default/docker", "DOCKER_OPTS would be read no more"),
    (having(containers=("web", "database")), "io", "Docker engine", "would stop while it is restarted: web, database"),
    (having("jupiter", files=[SITE]), "jupiter", SITE, "it is not as nginx brings it"),
    (having(firewalls=["ufw"]), "io", "ufw", "would keep hosts of the cluster and people out"),
    (having(time_services=["chrony"], given=TIMESYNCD), "io", "base_time_service", "chrony sets the clock"),
    (having(time_services=["ntpd"], given=TIMESYNCD), "io", "base_time_service", "ntpd sets the clock"),
    (unseen("containers"), "io", "host", "found out what its Docker engine runs: no answer within 30 s"),
    (unseen("of_others"), "io", "host", "it could not be found out what others have set up here: no answer"),
    (having(exports=["/data"], given=NFS), "io", "NFS", "/data would be served over NFS 4.2 alone"),
]
IN_THE_WAY = [
    (engine("{"), "io", DAEMON_JSON, "it is not ours, and cannot be read as JSON"),
    (engine("[]"), "io", DAEMON_JSON, "it is not ours, and cannot be read as JSON"),
    (mounted("/srv/galilean/homes"), "io", "/etc/fstab", "/dev/vdc is mounted at /srv/galilean/homes, where"),
    (mounted("/srv/galilean/homes/"), "io", "/etc/fstab", "/dev/vdc is mounted at /srv/galilean/homes, where"),
    (mounted("/srv/galilean", "jupiter"), "jupiter", "/etc/fstab", "/dev/vdc is mounted at /srv/galilean, where"),
    (
        having("jupiter", taken=(REGISTRY,), given={"registry_port": 5000}),
        "jupiter",
        "registry_port",
        "the container registry listens on port 5000",
    ),
    (having("jupiter", taken=(NFS_PORT,)), "jupiter", "port 2049", "ganesha listens on port 2049 (tcp), which is for"),
]


@pytest.mark.parametrize(("cluster", "host", "variable", "words"), ADOPTABLE + IN_THE_WAY)
def test_it_is_the_only_finding(cluster: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(cluster)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


def allowed(cluster: Cluster) -> Cluster:
    return replace(
        cluster, values={host: {**given, "cluster_adopt_hosts": True} for host, given in cluster.values.items()}
    )


@pytest.mark.parametrize("cluster", [row[0] for row in ADOPTABLE])
def test_it_is_taken_over_where_that_is_allowed(cluster: Cluster) -> None:
    (finding,) = findings(cluster)
    assert "cluster_adopt_hosts: true" in finding.advice
    assert findings(allowed(cluster)) == []


@pytest.mark.parametrize("cluster", [row[0] for row in IN_THE_WAY])
def test_nobody_is_told_to_allow_what_cannot_be_taken_over(cluster: Cluster) -> None:
    (finding,) = findings(allowed(cluster))
    assert "cluster_adopt_hosts" not in finding.advice


@pytest.mark.parametrize(
    "cluster",
    [
        having(),
        # Only the edge has a site of ours.
        having(files=[SITE]),
        having(time_services=["systemd-timesyncd"], given={"base_time_service": "chrony"}),
        having(time_services=["chrony"], given={"base_time_service": "chrony"}),
        having(time_services=["ntpd"], given={"base_time_service": "ntpsec"}),
        having(exports=["/data"], given={"cluster_homes_provider": "site"}),
        unseen("swarm"),
        mounted("/srv"),
        mounted("/srv/galilean"),
        mounted("/srv/galilean/homes-of-others"),
        mounted("/srv/galilean/homes", cluster_homes_provider="site"),
    ],
)
def test_what_is_in_nobodys_way_is_left_alone(cluster: Cluster) -> None:
    assert findings(cluster) == []


def test_the_names_of_many_are_not_all_told() -> None:
    (finding,) = findings(having(containers=tuple(f"web-{number}" for number in range(9))))
    assert finding.problem.endswith("web-3, web-4 and 4 more")


def test_the_options_that_are_told_to_give_way_are_those_that_the_role_does_not_keep() -> None:
    constants = yaml.safe_load((ROLES / "docker/vars/main.yml").read_text())
    texts = constants["__docker_options"].partition("| combine")[0], constants["__docker_site_options"]
    for option in of_others.OPTIONS_OF_OURS:
        assert any(f"'{option}'" in text for text in texts), option
