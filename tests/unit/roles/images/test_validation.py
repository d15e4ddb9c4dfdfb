"""Images and where they are built and kept."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    findings,
    form,
    with_values,
)


@pytest.mark.parametrize(
    "inventory",
    [
        with_values(images_builder="io"),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_values("io", images_builder="ganymede"), "io", "images_builder", 'found "ganymede"'),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (
            "images_notebook_image",
            ["", "quay.io/jupyter/base-notebook@sha256:" + "0a" * 32, "[fd00::11]:5000/x@sha256:" + "0a" * 32],
            ["quay.io/x/y:latest", "quay.io/x/y@sha256:" + "0" * 63, "quay.io/x/y@sha256:" + "g" * 64, "@sha256:x"],
        ),
        (
            "images_registry",
            ["10.0.0.11:80", "[fd00::11]:80", "hub:80"],
            ["", "hub", "fd00::11:80", "[10.0.0.11]:80", "[x]:80"],
        ),
        ("images_base", ["debian", "debian:13", "a.b:5000/c/d@sha256:0"], ["", "-x", "a b", "a;b", "../a"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("images", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)
