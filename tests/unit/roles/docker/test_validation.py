"""What the engine is told, and what it does not start with."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    findings,
    form,
    problems,
    with_values,
)


@pytest.mark.parametrize(
    "inventory",
    [
        with_values(docker_daemon_options={"live-restore": False}),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (
            with_values("io", docker_default_ulimits={"core": {"Name": "core", "Soft": -1, "Hard": 0}}),
            "io",
            "docker_default_ulimits",
            "found -1",
        ),
        (
            with_values(docker_daemon_options={"live-restore": True}),
            "jupiter",
            "docker_daemon_options.live-restore",
            "part of a Swarm",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("docker_registry_mirrors", ["http://mirror:5000", "https://a.b/"], ["mirror", "https://u:p@a", "https://a/b"]),
        (
            "docker_upstream_key",
            ["https://a.b/c/gpg"],
            ["", "a.b/c", "https://u:p@a.b/c", "file:///etc/x", "https://a b"],
        ),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("docker", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("docker_default_ulimits", [{"core": {"Name": "core", "Soft": 0, "Hard": -1}}], [{"core": 5}]),
        ("docker_daemon_options", [{"debug": True, "dns": ["192.0.2.1"]}], [{"": True}]),
    ],
)
def test_values(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("docker", name, value)] == []
    assert [value for value in bad if len(problems("docker", name, value)) != 1] == []
