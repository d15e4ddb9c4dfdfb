"""Rules between roles: a good cluster passes, and each rule sees its own mistake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE, Membership
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import between
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    GOOD,
    HOSTS,
    VALUES,
    findings,
    with_addresses,
    with_groups,
    with_values,
)

URL = VALUES["cluster_public_url"]
MANAGER = Membership("one", "active", is_manager=True, error="", members=("one", "two"), is_claimed=True)
NODE = Membership("two", "active", is_manager=False, error="", managers=("10.0.0.11",), services=("main-ada",))


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


def with_swarms(jupiter: Membership, io: Membership) -> Cluster:
    return replace(with_addresses(), swarms={"jupiter": jupiter, "io": io})


def may_leave(cluster: Cluster) -> Cluster:
    """The cluster when the operator allows io to leave its Swarm."""
    return replace(cluster, values={**cluster.values, "io": {**cluster.values["io"], "swarm_may_leave": True}})


def with_homes_in_use(homes: str, wanted: str = "jupiter:/srv/galilean/homes") -> Cluster:
    """A server that runs on io."""
    return replace(with_values(homes_export_id=wanted), homes_in_use={"io": homes, "europa": ""})


def with_memory(**memory_mib: int) -> Cluster:
    return replace(GOOD, memory_mib={**GOOD.memory_mib, **memory_mib})


@pytest.mark.parametrize(
    "inventory",
    [
        with_values(swarm_overlay_subnet="10.80.0.0/26"),
        with_values(jupyterhub_memory_guarantee="0"),
        with_values(images_registry="10.0.0.1:5000", registry_port=5000, proxy_http_port=80, proxy_https_port=443),
        # Of another protocol, and known to nobody else.
        with_values(proxy_https_port=7946),
        with_values("io", proxy_https_port=9443),
        with_values(keeper_uid_minimum=200_000, keeper_uid_maximum=200_029, cluster_hub_uid=860),
        with_values(swarm_tls_clients=["admin", "hub.main"]),
        with_swarms(NOWHERE, NOWHERE),
        with_swarms(MANAGER, NODE),
        # The host of the hub was made anew.
        with_swarms(NOWHERE, replace(NODE, services=())),
        # Their engines were just started.
        with_swarms(replace(MANAGER, state="pending", is_manager=False, members=()), NODE),
        with_swarms(MANAGER, replace(NODE, state="pending")),
        # The operator has said so.
        may_leave(with_swarms(MANAGER, replace(NODE, managers=("10.0.0.99",)))),
        # Without the hub nobody leaves.
        replace(with_addresses(), swarms={"io": replace(NODE, managers=("10.0.0.99",))}),
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
        with_nfs({"hub": ["jupiter"]}),
        with_nfs({"hub": ["jupiter"], "storage": ["jupiter"], "nodes": []}),
        with_nfs({"hub": ["jupiter"], "nodes": ["io", "europa"]}, nfs_server_device="/dev/vdb"),
        with_nfs({"hub": ["jupiter"], "nodes": ["io", "europa"]}, cluster_homes_provider="site"),
        with_homes_in_use("jupiter:/srv/galilean/homes"),
        with_homes_in_use("", "callisto:/srv/galilean/homes"),
        with_quotas("20G", jupyterhub_home_quotas_by_user={"ada": "16M", "galileo": "0"}),
        with_values(jupyterhub_home_quota="0", nfs_server_device="", jupyterhub_home_quotas_by_group={"staff": "0"}),
        with_values(keeper_instance="main", swarm_network="galilean-main"),
        with_values(jupyterhub_authenticator_options={"oauth_callback_url": f"{URL}/hub/oauth_callback"}),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_values(jupyterhub_authenticator="dummy"), "jupiter", "jupyterhub_authenticator", "hub.example.org"),
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
        (
            with_swarms(MANAGER, replace(NODE, address="10.0.0.99")),
            "io",
            "Swarm",
            "in which it is 10.0.0.99, though it is 10.0.0.12 now",
        ),
        (with_swarms(MANAGER, replace(NODE, node_id="one")), "jupiter", "Swarm", "the same node as io"),
        (with_values(swarm_overlay_subnet="10.80.0.0/27"), "jupiter", "swarm_overlay_subnet", "a class of 30 needs 57"),
        (
            with_values(swarm_overlay_subnet="10.80.0.0/26", cluster_endpoint_mode="vip"),
            "jupiter",
            "swarm_overlay_subnet",
            "a class of 30 needs 87",
        ),
        (with_values(swarm_overlay_subnet="10.64.16.0/20"), "jupiter", "swarm_overlay_subnet", "overlaps"),
        (with_memory(io=7000, europa=7500), "jupiter", "jupyterhub_memory_guarantee", "room is for 27"),
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
        (
            with_values(jupyterhub_keeper_url="https://10.0.0.1:9444"),
            "jupiter",
            "jupyterhub_keeper_url",
            "the port of keeper_port, which is 8444",
        ),
        (with_values(proxy_http_port=22, base_ssh_port=22), "jupiter", "proxy_http_port", "of base_ssh_port too"),
        (with_values(proxy_https_port=2049), "jupiter", "proxy_https_port", "2049 is the port of NFS too"),
        (with_values(proxy_https_port=8444), "jupiter", "proxy_https_port", "8444 is the port of keeper_port too"),
        (with_values(base_ssh_port=8444), "jupiter", "base_ssh_port", "8444 is the port of keeper_port too"),
        (with_values(proxy_http_port=5000, registry_port=5000), "jupiter", "proxy_http_port", "of registry_port too"),
        (with_values("io", keeper_port=9444), "io", "keeper_port", "the value of jupiter"),
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
        (with_values(swarm_tls_clients=["admin"]), "jupiter", "swarm_tls_clients", "hub.main is not among them"),
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
        (
            with_values(
                jupyterhub_authenticator_options={"oauth_callback_url": "https://elsewhere/hub/oauth_callback"}
            ),
            "jupiter",
            "jupyterhub_authenticator_options.oauth_callback_url",
            "it does not lead to this hub",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize("host", ["localhost", "hub.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_dummy_on_this_machine(host: str) -> None:
    assert between.is_loopback(host)


@pytest.mark.parametrize("host", ["hub.example.org", "192.0.2.1", "0.0.0.0", "localhost.example.org", ""])
def test_not_this_machine(host: str) -> None:
    assert not between.is_loopback(host)


def test_the_hub_runs_servers_when_there_are_no_nodes() -> None:
    alone = replace(with_groups(nodes=[]), memory_mib={"jupiter": 4096})
    (finding,) = findings(alone)
    assert "room is for 8 (jupiter 4096 MiB)" in finding.problem


def test_the_larger_network_is_one_that_fits() -> None:
    (finding,) = findings(with_values(swarm_overlay_subnet="10.80.0.32/28"))
    assert "swarm_overlay_subnet: 10.80.0.0/26 " in finding.advice
    assert findings(with_values(swarm_overlay_subnet="10.80.0.0/26")) == []
