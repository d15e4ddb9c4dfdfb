"""The rules over hosts, groups and variables together: a good cluster passes, and each rule sees its own mistake."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE, Membership
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Ids
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE

VALUES = {
    "cluster_class_size": 30,
    "cluster_instance": "main",
    "cluster_public_url": "https://hub.example.org",
    "jupyterhub_admin_users": [],
    "jupyterhub_allow_all": False,
    "jupyterhub_allowed_users": ["ada"],
    "jupyterhub_authenticator": "native",
    "jupyterhub_authenticator_options": {},
    "jupyterhub_cpu_guarantee": 0.1,
    "jupyterhub_cpu_limit": 2.0,
    "jupyterhub_memory_guarantee": "512M",
    "jupyterhub_memory_limit": "1G",
    "keeper_certificate_renew_before_days": 30.0,
    "keeper_certificate_validity_days": 397.0,
    "proxy_certificate": "",
    "proxy_private_key": "",
    "swarm_address_pool": "10.64.0.0/16",
    "swarm_overlay_subnet": "10.80.0.0/20",
}
OPTIONS = "jupyterhub_authenticator_options"
MANAGER = Membership("one", "active", is_manager=True, error="", members=("one", "two"), is_claimed=True)
NODE = Membership("two", "active", is_manager=False, error="", managers=("10.0.0.11",), services=("main-ada",))
ROLES = Path(__file__).resolve().parents[5] / "roles"
UIDS = yaml.safe_load((ROLES / "keeper/defaults/main.yml").read_text())
HOSTS = ["jupiter", "io", "europa"]
SAME_IN_IPV6 = {"europa": "fd00::1", "io": "fd00:0:0::1"}
GOOD = Cluster(
    groups={"all": HOSTS, "ungrouped": [], "hub": ["jupiter"], "nodes": ["io", "europa"]},
    values=dict.fromkeys(HOSTS, VALUES),
    memory_mib={"jupiter": 16384, "io": 8192, "europa": 8192},
    processors={"jupiter": 4, "io": 4, "europa": 2},
    kernels={},
    swarms={},
    volumes={},
    mount_points={},
    homes_in_use={},
)


def with_groups(**groups: list[str]) -> Cluster:
    return replace(GOOD, groups={**GOOD.groups, **groups})


def with_values(host: str = "jupiter", **values: Any) -> Cluster:
    return replace(GOOD, values={**GOOD.values, host: {**VALUES, **values}})


def with_addresses(**values: Any) -> Cluster:
    """Every host with a private address of its own, and more of the hub."""
    by_host = {host: {**VALUES, "cluster_private_address": f"10.0.0.{place}"} for place, host in enumerate(HOSTS, 11)}
    return replace(GOOD, values={**by_host, "jupiter": {**by_host["jupiter"], **values}})


def with_volume(**found: Any) -> Cluster:
    """A data volume on the hub, where the homes are by default."""
    values = with_values(
        nfs_server_device="/dev/vdb", nfs_server_volume_directory="/srv/galilean", nfs_server_file_system="ext4"
    )
    return replace(values, volumes={"jupiter": Volume("/dev/vdb", **{"kind": "device", **found})})


def with_nfs(groups: dict[str, list[str]], **values: Any) -> Cluster:
    """Homes on the storage host, and no device for them unless one is given."""
    served = {**VALUES, "cluster_homes_provider": "nfs", "nfs_server_device": "", **values}
    return replace(GOOD, groups=groups, values=dict.fromkeys([*HOSTS, "callisto"], served))


def with_quotas(quota: str = "0", volume_gib: int = 20, **values: Any) -> Cluster:
    """A volume, and quotas of everybody and of some."""
    inventory = with_volume(device_size=volume_gib << 30)
    quotas = {"jupyterhub_home_quota": quota, **values}
    return replace(inventory, values={**inventory.values, "jupiter": {**inventory.values["jupiter"], **quotas}})


def with_kernels(*features: str, **values: Any) -> Cluster:
    """Variables of all hosts, and a kernel of io that has these features while the others have everything."""
    kernels = {**dict.fromkeys(HOSTS, ("IPVS", "ESP")), "io": features}
    return replace(GOOD, values={host: {**VALUES, **values} for host in HOSTS}, kernels=kernels)


def with_swarms(jupiter: Membership, io: Membership) -> Cluster:
    return replace(with_addresses(), swarms={"jupiter": jupiter, "io": io})


def with_mounts(*mount_points: str, provider: str = "site") -> Cluster:
    """What is mounted on io, while the homes are mounted on the others."""
    values = {**VALUES, "cluster_homes_provider": provider, "cluster_homes_directory": "/srv/galilean/homes"}
    mounts = {**dict.fromkeys(HOSTS, ("/", "/srv/galilean/homes")), "io": mount_points}
    return replace(GOOD, values=dict.fromkeys(HOSTS, values), mount_points=mounts)


def with_homes_in_use(homes: str, wanted: str = "jupiter:/srv/galilean/homes") -> Cluster:
    """A server that runs on io."""
    return replace(with_values(homes_export_id=wanted), homes_in_use={"io": homes, "europa": ""})


def with_memory(**memory_mib: int) -> Cluster:
    return replace(GOOD, memory_mib={**GOOD.memory_mib, **memory_mib})


def with_ids(*ids: Ids, least: int = 200_000, most: int = 299_999) -> Cluster:
    """What others have on io, where a student's home has a uid of this range."""
    return replace(with_values(keeper_uid_minimum=least, keeper_uid_maximum=most), ids={"jupiter": (), "io": ids})


@pytest.mark.parametrize(
    "inventory",
    [
        GOOD,
        with_groups(nodes=[], storage=["jupiter"], edge=["jupiter"]),
        with_values(jupyterhub_allowed_users=[], jupyterhub_allow_all=True),
        with_values(jupyterhub_allowed_users=[], jupyterhub_admin_users=["grace"]),
        with_values(jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"allowed_groups": ["class"]}),
        with_values(jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"admin_groups": ["staff"]}),
        with_values(swarm_overlay_subnet="10.80.0.0/26"),
        with_values(jupyterhub_memory_guarantee="0"),
        with_values(jupyterhub_cpu_limit=2.0),
        with_values(proxy_certificate="/c.pem", proxy_private_key="/k.pem"),
        with_values(jupyterhub_ulimits=[{"name": "nofile", "soft": "1024", "hard": -1}]),
        with_values(docker_live_restore=False, docker_daemon_options={"live-restore": False}),
        with_values(keeper_instance="main", swarm_network="galilean-main", images_builder="io"),
        with_values(images_registry="10.0.0.1:5000", registry_port=5000, proxy_http_port=80, proxy_https_port=443),
        with_values(keeper_uid_minimum=200_000, keeper_uid_maximum=200_029, cluster_hub_uid=860),
        with_ids(Ids(0, 1, "the account root"), Ids(100_000, 65_536, "a subordinate range of debian")),
        with_ids(Ids(100_000, 100_000, "a range that ends before"), Ids(300_000, 65_536, "one that begins after")),
        # A host that sees no homes.
        replace(with_ids(), groups={**GOOD.groups, "edge": ["callisto"]}, ids={"callisto": (Ids(200_000, 1, "anna"),)}),
        with_values(swarm_tls_clients=["admin", "hub.main"]),
        with_values(cluster_private_address="10.0.0.1"),
        with_kernels(),
        with_swarms(NOWHERE, NOWHERE),
        with_swarms(MANAGER, NODE),
        # The host of the hub was made anew.
        with_swarms(NOWHERE, replace(NODE, services=())),
        # Their engines were just started.
        with_swarms(replace(MANAGER, state="pending", is_manager=False, members=()), NODE),
        with_swarms(MANAGER, replace(NODE, state="pending")),
        # Without the hub nobody leaves.
        replace(with_addresses(), swarms={"io": replace(NODE, managers=("10.0.0.99",))}),
        with_kernels("IPVS", cluster_endpoint_mode="vip", swarm_ingress=True),
        with_kernels("ESP", swarm_network_encrypted=True),
        with_values("io", swarm_network_encrypted=True),
        replace(GOOD, memory_mib={}),
        replace(GOOD, values={}),
        with_values(cluster_homes_directory="/srv/homes", nfs_server_device="", homes_directory="/srv/homes"),
        with_values(
            cluster_homes_directory="/srv/galilean/homes",
            nfs_server_device="/dev/vdb",
            nfs_server_volume_directory="/srv/galilean",
        ),
        with_addresses(nfs_server_clients=["10.0.0.12", "10.0.0.13"]),
        with_values(nfs_server_clients=["10.0.0.12"]),
        with_volume(),
        with_mounts("/", "/srv/galilean/homes"),
        with_mounts("/", "/srv"),
        with_mounts("/", provider="nfs"),
        with_nfs({"hub": ["jupiter"]}),
        with_nfs({"hub": ["jupiter"], "storage": ["jupiter"], "nodes": []}),
        with_nfs({"hub": ["jupiter"], "nodes": ["io", "europa"]}, nfs_server_device="/dev/vdb"),
        with_nfs({"hub": ["jupiter"], "nodes": ["io", "europa"]}, cluster_homes_provider="site"),
        with_homes_in_use("jupiter:/srv/galilean/homes"),
        with_homes_in_use("", "callisto:/srv/galilean/homes"),
        with_quotas("20G", jupyterhub_home_quotas_by_user={"ada": "16M", "galileo": "0"}),
        with_values(jupyterhub_home_quota="0", nfs_server_device="", jupyterhub_home_quotas_by_group={"staff": "0"}),
        with_volume(signatures=("ext4",), label="galilean", mounted_at=("/srv/galilean",)),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert cluster.check(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_groups(hub=[]), "", "group hub", "exactly one host, found none"),
        (with_groups(hub=["jupiter", "callisto"]), "", "group hub", "found callisto, jupiter"),
        (with_groups(storage=["io", "europa"]), "", "group storage", "found europa, io"),
        (with_groups(edge=["io", "europa"]), "", "group edge", "found europa, io"),
        (with_groups(nodes=["jupiter", "io"]), "jupiter", "group nodes", "one of its nodes"),
        (with_groups(node=["callisto"]), "", "group node", "no playbook uses"),
        (with_values("io", cluster_class_size=60), "io", "cluster_class_size", "the value of jupiter"),
        (with_values(jupyterhub_allowed_users=[]), "jupiter", "jupyterhub_allowed_users", "nobody is allowed"),
        (
            with_values(
                jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"allow_all": False, "scope": ["x"]}
            ),
            "jupiter",
            "jupyterhub_allowed_users",
            "nobody is allowed",
        ),
        (with_values(jupyterhub_authenticator="dummy"), "jupiter", "jupyterhub_authenticator", "hub.example.org"),
        (
            with_values(jupyterhub_cpu_guarantee=3.0),
            "jupiter",
            "jupyterhub_cpu_guarantee",
            "at most jupyterhub_cpu_limit",
        ),
        (with_values(jupyterhub_memory_limit="256M"), "jupiter", "jupyterhub_memory_guarantee", "which is 256M"),
        (
            with_values("io", keeper_certificate_renew_before_days=400.0),
            "io",
            "keeper_certificate_renew_before_days",
            "at most keeper_certificate_validity_days",
        ),
        (with_kernels("ESP", cluster_endpoint_mode="vip"), "io", "cluster_endpoint_mode", "vip needs IPVS"),
        (with_kernels("ESP", swarm_ingress=True), "io", "swarm_ingress", "true needs IPVS"),
        (with_kernels("IPVS", swarm_network_encrypted=True), "io", "swarm_network_encrypted", "true needs ESP"),
        (
            with_swarms(NODE, NOWHERE),
            "jupiter",
            "Swarm",
            "that it does not manage (managers: 10.0.0.11; state: active)",
        ),
        (
            with_swarms(replace(MANAGER, is_claimed=False, services=("shop",)), NOWHERE),
            "jupiter",
            "Swarm",
            "manages a Swarm of others, with shop",
        ),
        (
            with_swarms(NOWHERE, replace(NODE, managers=("10.0.0.99",))),
            "io",
            "Swarm",
            "not the cluster's (managers: 10.0.0.99; state: active)",
        ),
        (with_swarms(MANAGER, replace(NODE, node_id="three")), "io", "Swarm", "runs main-ada for a Swarm in which it"),
        (with_values(jupyterhub_cpu_limit=3.0), "jupiter", "jupyterhub_cpu_limit", "more than the 2 of europa"),
        (with_values(swarm_overlay_subnet="10.80.0.0/27"), "jupiter", "swarm_overlay_subnet", "a class of 30 needs 57"),
        (
            with_values(swarm_overlay_subnet="10.80.0.0/26", cluster_endpoint_mode="vip"),
            "jupiter",
            "swarm_overlay_subnet",
            "a class of 30 needs 87",
        ),
        (with_values(swarm_overlay_subnet="10.64.16.0/20"), "jupiter", "swarm_overlay_subnet", "overlaps"),
        (with_memory(io=7000, europa=7500), "jupiter", "jupyterhub_memory_guarantee", "room is for 27"),
        (with_values("io", proxy_certificate="/c.pem"), "io", "proxy_private_key", "proxy_certificate is given"),
        (with_groups(all=[*HOSTS, "io_1"]), "io_1", "name of the host", "expected a host name"),
        (with_groups(all=[*HOSTS, "nodes"]), "nodes", "name of the host", "no name of a group"),
        (with_values(jupyterhub_authenticator="github"), "jupiter", f"{OPTIONS}.client_id", "github needs it"),
        (
            with_values("io", keeper_instance="other"),
            "io",
            "keeper_instance",
            "expected main, as cluster_instance says",
        ),
        (with_values(swarm_network="galilean-x"), "jupiter", "swarm_network", "expected galilean-main"),
        (
            with_values(images_registry="10.0.0.1:5000", registry_port=5001),
            "jupiter",
            "images_registry",
            "the port of registry_port, which is 5001",
        ),
        (with_values(proxy_http_port=22, base_ssh_port=22), "jupiter", "proxy_http_port", "of base_ssh_port too"),
        (with_values(proxy_https_port=8444), "jupiter", "proxy_https_port", "8444 is the port of the keeper too"),
        (with_values("io", images_builder="ganymede"), "io", "images_builder", 'found "ganymede"'),
        (
            with_values(keeper_uid_minimum=2000, keeper_uid_maximum=2028, cluster_hub_uid=860),
            "jupiter",
            "keeper_uid_maximum",
            "too few for a class of 30",
        ),
        (
            with_values(keeper_uid_minimum=2000, keeper_uid_maximum=3000, cluster_hub_uid=2500),
            "jupiter",
            "cluster_hub_uid",
            "is a uid of homes",
        ),
        (
            with_ids(Ids(100_000, 65_536, "a subordinate range of debian"), Ids(165_536, 65_536, "one of anna")),
            "io",
            "keeper_uid_minimum",
            "from 200000 to 299999, of which others have some: one of anna (165536 to 231071)",
        ),
        (with_ids(Ids(299_999, 1, "the account anna")), "io", "keeper_uid_minimum", "the account anna"),
        (with_ids(Ids(200_000, 1, "the group staff")), "io", "keeper_uid_minimum", "the group staff"),
        (with_ids(Ids(100_000, 1_000_000, "all")), "io", "keeper_uid_minimum", "all (100000 to 1099999)"),
        (
            with_ids(*(Ids(number, 1, f"u{number}") for number in range(200_000, 200_009))),
            "io",
            "keeper_uid_minimum",
            "u200000 (200000), u200001 (200001), u200002 (200002) and 6 more",
        ),
        (
            with_values("io", jupyterhub_ulimits=[{"name": "nofile", "soft": 5, "hard": "4"}]),
            "io",
            "jupyterhub_ulimits",
            "soft of at most hard, which is 4, found 5",
        ),
        (
            with_values("io", docker_default_ulimits={"core": {"Name": "core", "Soft": -1, "Hard": 0}}),
            "io",
            "docker_default_ulimits",
            "found -1",
        ),
        (
            with_values(jupyterhub_memory_limit="1M", jupyterhub_memory_guarantee="0"),
            "jupiter",
            "jupyterhub_memory_limit",
            "at least 64M",
        ),
        (with_values("io", docker_live_restore=True), "io", "docker_live_restore", "part of a Swarm"),
        (
            with_values(docker_daemon_options={"live-restore": True}),
            "jupiter",
            "docker_daemon_options.live-restore",
            "part of a Swarm",
        ),
        (with_values(swarm_tls_clients=["admin"]), "jupiter", "swarm_tls_clients", "hub.main is not among them"),
        (
            replace(GOOD, values={host: {"cluster_private_address": "10.0.0.1"} for host in ("io", "europa")}),
            "io",
            "cluster_private_address",
            "the address of europa too",
        ),
        (
            replace(GOOD, values={host: {"cluster_private_address": a} for host, a in SAME_IN_IPV6.items()}),
            "io",
            "cluster_private_address",
            "fd00:0:0::1 is the address of europa too",
        ),
        (
            with_values("io", cluster_private_address="10.80.1.1"),
            "jupiter",
            "swarm_overlay_subnet",
            "holds 10.80.1.1, the private address of io",
        ),
        (
            with_values(
                cluster_homes_directory="/srv/galileans/homes",
                nfs_server_device="/dev/vdb",
                nfs_server_volume_directory="/srv/galilean",
            ),
            "jupiter",
            "cluster_homes_directory",
            "expected a directory on the data volume, which is mounted at /srv/galilean, found /srv/galileans/homes",
        ),
        *(
            (with_nfs(groups, **clients), host, "nfs_server_device", "expected a data volume, found none")
            for groups, clients, host in (
                ({"hub": ["jupiter"], "nodes": ["io", "europa"]}, {}, "jupiter"),
                ({"hub": ["jupiter"], "nodes": ["io", "europa"]}, {"nfs_server_clients": []}, "jupiter"),
                ({"hub": ["jupiter"], "storage": ["callisto"]}, {}, "callisto"),
                ({"hub": ["jupiter"], "storage": ["io"], "nodes": ["io", "europa"]}, {}, "io"),
                ({"hub": ["jupiter"]}, {"nfs_server_clients": ["10.0.0.11"]}, "jupiter"),
            )
        ),
        (
            with_addresses(nfs_server_clients=["10.0.0.12", "192.0.2.99"]),
            "jupiter",
            "nfs_server_clients",
            "10.0.0.13 (europa), 10.0.0.12 (io), 10.0.0.11 (jupiter), found 192.0.2.99",
        ),
        (
            replace(with_addresses(nfs_server_clients=["192.0.2.99"]), groups={**GOOD.groups, "edge": ["callisto"]}),
            "jupiter",
            "nfs_server_clients",
            "found 192.0.2.99",
        ),
        (
            with_values(nfs_server_grace_seconds=15, nfs_server_lease_seconds=30),
            "jupiter",
            "nfs_server_lease_seconds",
            "at most nfs_server_grace_seconds, which is 15",
        ),
        (
            with_mounts("/", "/srv/gal", "/srv/galilean/homes/main"),
            "io",
            "cluster_homes_directory",
            "expected a directory that the site has mounted, found /srv/galilean/homes on the disk of the host",
        ),
        (
            with_homes_in_use("jupiter:/srv/galilean/homes", "callisto:/srv/galilean/homes"),
            "io",
            "group storage",
            "students' servers run with the homes there, found callisto:/srv/galilean/homes",
        ),
        (
            with_homes_in_use("jupiter:/srv/homes"),
            "io",
            "cluster_homes_directory",
            "expected jupiter:/srv/homes while students' servers run",
        ),
        (
            with_volume(kind="nothing there", disks=("vda", "vdc")),
            "jupiter",
            "nfs_server_device",
            "/dev/vdb: expected a block device, found nothing there, the disks of this host are vda, vdc",
        ),
        (
            with_volume(signatures=("vfat",), label="PHOTOS"),
            "jupiter",
            "nfs_server_device",
            "found vfat called PHOTOS",
        ),
        (with_quotas("21G"), "jupiter", "jupyterhub_home_quota", "the data volume, which has 20 GiB, found 21G"),
        (
            with_quotas(jupyterhub_home_quotas_by_group={"staff": "5G", "physics": "1T"}),
            "jupiter",
            "jupyterhub_home_quotas_by_group.physics",
            "the data volume, which has 20 GiB, found 1T",
        ),
        (
            with_quotas(jupyterhub_home_quotas_by_user={"ada": "10"}),
            "jupiter",
            "jupyterhub_home_quotas_by_user.ada",
            "at least 16M, or 0 for none, found 10",
        ),
        (
            with_values(jupyterhub_home_quota="10G", nfs_server_device=""),
            "jupiter",
            "jupyterhub_home_quota",
            "homes have quotas on a data volume only",
        ),
        (
            with_values(jupyterhub_home_quota="10G", cluster_homes_provider="site"),
            "jupiter",
            "jupyterhub_home_quota",
            "homes that the site provides have no quotas",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = cluster.check(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize("host", ["localhost", "hub.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_dummy_on_this_machine(host: str) -> None:
    assert cluster.is_loopback(host)


@pytest.mark.parametrize("host", ["hub.example.org", "192.0.2.1", "0.0.0.0", "localhost.example.org", ""])
def test_not_this_machine(host: str) -> None:
    assert not cluster.is_loopback(host)


def test_the_hub_runs_servers_when_there_are_no_nodes() -> None:
    alone = replace(with_groups(nodes=[]), memory_mib={"jupiter": 4096})
    (finding,) = cluster.check(alone)
    assert "room is for 8 (jupiter 4096 MiB)" in finding.problem


def test_the_larger_network_is_one_that_fits() -> None:
    (finding,) = cluster.check(with_values(swarm_overlay_subnet="10.80.0.32/28"))
    assert "swarm_overlay_subnet: 10.80.0.0/26 " in finding.advice
    assert cluster.check(with_values(swarm_overlay_subnet="10.80.0.0/26")) == []


def test_the_mounts_of_a_host() -> None:
    assert cluster.mount_points("processor\t: 0\nMountedAt: /\nMountedAt: /srv\n") == ["/", "/srv"]


def test_homes_are_in_use_where_servers_run() -> None:
    assert (
        cluster.homes_in_use("processor\t: 0\nHomesInUse: jupiter:/srv/galilean/homes\n")
        == "jupiter:/srv/galilean/homes"
    )
    assert cluster.homes_in_use("processor\t: 0\nHomesInUse: \n") == ""
    assert cluster.homes_in_use("processor\t: 0\n") == ""


@pytest.mark.parametrize("address", ["10.9.0.5", "fd00::5", "fe80::1%eth0"])
def test_where_a_run_comes_is_asked_of_the_host_though_sudo_hides_it(address: str) -> None:
    command = f"env -u SSH_CONNECTION sh {ROLES}/validate/files/look.sh; true"
    said = {**os.environ, "SSH_CONNECTION": f"192.0.2.1 50000 {address} 22"}
    look = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, env=said)
    assert address.partition("%")[0] in cluster.reached_at(look.stdout)


def test_whose_uids_there_are_is_asked_of_the_host(tmp_path: Path) -> None:
    files = {
        "passwd": "root:x:0:0:root:/root:/bin/sh\nanna:x:1001:1001:Anna 7:/home/anna:/bin/sh\n",
        "group": "staff:x:50:anna,bob\n",
        "subuid": "debian:100000:65536\n# 1 2 3\n\nanna:165536:65536\nnobody:5:0\n",
        "subgid": "anna:200000:65536\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    # With these in /etc, in a mount namespace of its own.
    command = f"mount -t overlay -o lowerdir={tmp_path}:/etc overlay /etc && sh {ROLES}/validate/files/look.sh"
    look = subprocess.run(["unshare", "--mount", "sh", "-c", command], capture_output=True, text=True, check=True)
    assert cluster.ids(look.stdout) == [
        Ids(0, 1, "the account root"),
        Ids(1001, 1, "the account anna"),
        Ids(50, 1, "the group staff"),
        Ids(100_000, 65_536, "a subordinate range of debian"),
        Ids(165_536, 65_536, "a subordinate range of anna"),
        Ids(200_000, 65_536, "a subordinate range of anna"),
    ]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (0, 65_535),  # accounts (UID_MAX in login.defs), systemd's own, nobody, and -1 in 16 bits
        (100_000, 600_165_535),  # subordinate ranges (SUB_UID_MAX in login.defs)
        (524_288, 1_879_048_191),  # systemd's containers (https://systemd.io/UIDS-GIDS/)
        (200_000, 2_000_200_000),  # accounts of a directory (sssd-ldap(5), ldap_idmap_range_max)
        (2_147_352_576, 2_147_418_111),  # systemd's foreign uids
        (2**31, 2**32 - 1),  # more than an engine takes for a user, and signed numbers
    ],
)
def test_the_uids_of_homes_are_given_to_nobody_else(first: int, last: int) -> None:
    least, most = UIDS["keeper_uid_minimum"], UIDS["keeper_uid_maximum"]
    assert most - least >= 20_000
    assert last < least or most < first


def test_memory_of_a_host() -> None:
    assert cluster.memory_mib("MemTotal:       16384000 kB\nMemFree:          100000 kB\n") == 16_000


def test_the_processors_of_a_host_are_counted() -> None:
    assert cluster.processors("processor\t: 0\nmodel name\t: one processor\n\nprocessor\t: 1\n") == 2


def test_a_disk_is_not_emptied_in_a_file_of_variables() -> None:
    (finding,) = cluster.check(with_volume(signatures=("vfat",), label="PHOTOS"))
    assert finding.advice == (
        f"Write the path of another device in {WHERE}, or, when nobody needs what is on it, "
        "empty this one by wipefs --all /dev/vdb."
    )
