"""The rules over hosts, groups and variables together: a good cluster passes, and each rule sees its own mistake."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.validation import cluster
from ansible_collections.galilean.hub.plugins.module_utils.validation.cluster import Cluster

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
HOSTS = ["jupiter", "io", "europa"]
GOOD = Cluster(
    groups={"all": HOSTS, "ungrouped": [], "hub": ["jupiter"], "nodes": ["io", "europa"]},
    values=dict.fromkeys(HOSTS, VALUES),
    memory_mib={"jupiter": 16384, "io": 8192, "europa": 8192},
)


def with_groups(**groups: list[str]) -> Cluster:
    return replace(GOOD, groups={**GOOD.groups, **groups})


def with_values(host: str = "jupiter", **values: Any) -> Cluster:
    return replace(GOOD, values={**GOOD.values, host: {**VALUES, **values}})


def with_memory(**memory_mib: int) -> Cluster:
    return replace(GOOD, memory_mib={**GOOD.memory_mib, **memory_mib})


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
        with_values(proxy_certificate="/c.pem", proxy_private_key="/k.pem"),
        replace(GOOD, memory_mib={}),
        replace(GOOD, values={}),
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
        (with_values(swarm_overlay_subnet="10.80.0.0/27"), "jupiter", "swarm_overlay_subnet", "a class of 30 needs 57"),
        (with_values(swarm_overlay_subnet="10.64.16.0/20"), "jupiter", "swarm_overlay_subnet", "overlaps"),
        (with_memory(io=7000, europa=7500), "jupiter", "jupyterhub_memory_guarantee", "room is for 27"),
        (with_values("io", proxy_certificate="/c.pem"), "io", "proxy_private_key", "proxy_certificate is given"),
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


def test_memory_of_a_host() -> None:
    meminfo = base64.b64encode(b"MemTotal:       16384000 kB\nMemFree:          100000 kB\n").decode()
    assert cluster.memory_mib(meminfo) == 16_000
