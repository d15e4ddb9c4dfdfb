"""Hosts and their groups: a good inventory passes, and each rule sees its own mistake."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    GOOD,
    HOSTS,
    findings,
    with_groups,
)


@pytest.mark.parametrize(
    "inventory",
    [
        GOOD,
        with_groups(nodes=[], storage=["jupiter"], edge=["jupiter"]),
        # Whose servers are to be made.
        with_groups(hub=[], nodes=[], cloud=["localhost"]),
        # The hosts of others are not ours to name.
        with_groups(all=[*HOSTS, "Web server (old)"]),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_groups(hub=[]), "", "group hub", "exactly one host, found none"),
        (with_groups(hub=["jupiter", "callisto"]), "", "group hub", "found callisto, jupiter"),
        (with_groups(storage=["io", "europa"]), "", "group storage", "found europa, io"),
        (with_groups(edge=["io", "europa"]), "", "group edge", "found europa, io"),
        (with_groups(nodes=["jupiter", "io"]), "jupiter", "group nodes", "one of its nodes"),
        (with_groups(node=["callisto"]), "", "group node", "no playbook uses"),
        (with_groups(nodes=["io", "io_1"], all=[*HOSTS, "io_1"]), "io_1", "name of the host", "expected a host name"),
        (with_groups(all=[*HOSTS, "nodes"]), "nodes", "name of the host", "no name of a group"),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem
