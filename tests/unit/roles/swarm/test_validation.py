"""Networks of the servers, and what kernels have to have for them."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    findings,
    form,
    problems,
    with_kernels,
    with_values,
)


@pytest.mark.parametrize(
    "inventory",
    [
        with_kernels("ESP", swarm_network_encrypted=True),
        with_values("io", swarm_network_encrypted=True),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_kernels("IPVS", swarm_network_encrypted=True), "io", "swarm_network_encrypted", "true needs ESP"),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


def test_addresses_are_those_of_one_host() -> None:
    assert form("swarm", "swarm_address") is ADDRESS


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("swarm_network", ["galilean-main"], ["ingress", "bridge", "host", "none", "docker_gwbridge"]),
        ("swarm_join_token", ["", "SWMTKN-1-0a"], ["token", "SWMTKN-1-0a\n"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("swarm", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "swarm_overlay_subnet",
            ["10.80.0.0/20"],
            ["", "10.80.0.1/20", "10.80.0.0", "10.80.0.0/33", "fd00::/64", "x"],
        ),
        ("swarm_node_labels", [{"gpu": True, "disk": "ssd"}], [{"gpu": "a b"}]),
    ],
)
def test_values(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("swarm", name, value)] == []
    assert [value for value in bad if len(problems("swarm", name, value)) != 1] == []
