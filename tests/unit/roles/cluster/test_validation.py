"""What is of the whole cluster, and the addresses and mounts of its hosts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    GOOD,
    HOSTS,
    VALUES,
    findings,
    form,
    problems,
    with_kernels,
    with_values,
)

SAME_IN_IPV6 = {"europa": "fd00::1", "io": "fd00:0:0::1"}


def with_mounts(*mount_points: str, provider: str = "site") -> Cluster:
    """What is mounted on io, while the homes are mounted on the others."""
    values = {**VALUES, "cluster_homes_provider": provider, "cluster_homes_directory": "/srv/galilean/homes"}
    mounts = {**dict.fromkeys(HOSTS, ("/", "/srv/galilean/homes")), "io": mount_points}
    return replace(GOOD, values=dict.fromkeys(HOSTS, values), mount_points=mounts)


@pytest.mark.parametrize(
    "inventory",
    [
        with_values(cluster_private_address="10.0.0.1"),
        with_kernels(),
        with_mounts("/", "/srv/galilean/homes"),
        with_mounts("/", "/srv"),
        with_mounts("/", provider="nfs"),
        with_kernels("IPVS", cluster_endpoint_mode="vip"),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_values("io", cluster_class_size=60), "io", "cluster_class_size", "the value of jupiter"),
        (with_kernels("ESP", cluster_endpoint_mode="vip"), "io", "cluster_endpoint_mode", "vip needs IPVS"),
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
            with_mounts("/", "/srv/gal", "/srv/galilean/homes/main"),
            "io",
            "cluster_homes_directory",
            "expected a directory that the site has mounted, found /srv/galilean/homes on the disk of the host",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


def test_addresses_are_those_of_one_host() -> None:
    assert form("cluster", "cluster_private_address") is ADDRESS


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("cluster_class_size", [1, "20000"], [0, -3, 20_001, "0"]),
        (
            "cluster_instance",
            ["main", "a", "course-2026", "hub", "key", "tls", "registry", "started", "a-hub", "a-key"],
            ["", "Main", "-a", "a-", "a" * 12, "a b", "a\nb", "ä", "a.b"],
        ),
        (
            "cluster_public_url",
            [
                "https://localhost:8443",
                "https://hub.uni.edu",
                "https://hub.uni.edu/",
                "https://[::1]:8443",
                "https://192.0.2.1",
            ],
            [
                "",
                "hub.uni.edu",
                "http://hub.uni.edu",
                "https://",
                "https://a b",
                "https://u:p@x",
                "https://x/path",
                "https://x:0",
                "https://x:99999",
                "https://[::1",
                "https://x?y",
                "https://x\n",
                "https://{{ x }}",
                "https://-x",
            ],
        ),
        (
            "cluster_homes_directory",
            ["/srv/homes", "/a.b/c"],
            ["homes", "/", "/a/../b", "/a//b", "/a b", "/a/..", "/a/"],
        ),
    ],
)
def test_values(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("cluster", name, value)] == []
    assert [value for value in bad if len(problems("cluster", name, value)) != 1] == []
