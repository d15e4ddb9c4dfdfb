"""A file that a variable names is there, and what it should be, before it is copied to a host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding
from clusters import GOOD


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "crt").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "text").write_text("numpy\n")
    return tmp_path


def findings(value: object) -> list[Finding]:
    """What is found of a bundle of certificates that io names."""
    cluster = replace(GOOD, values={"io": {"moon_bundle": value}})
    return list(files.names_files("moon_bundle", files.hold_certificates)(cluster))


def test_what_fits(directory: Path) -> None:
    assert findings(f"{directory}/crt") == []
    assert findings({"site": f"{directory}/crt"}) == []
    assert findings("") == []
    assert findings({}) == []
    assert list(files.names_files("moon_bundle")(GOOD)) == []


@pytest.mark.parametrize(
    ("file", "words"),
    [("missing", "No such file"), (".", "Is a directory"), ("text", "no certificate in PEM")],
)
def test_each_mistake_is_the_only_finding(directory: Path, file: str, words: str) -> None:
    (finding,) = findings(f"{directory}/{file}")
    assert (finding.host, finding.variable) == ("io", "moon_bundle")
    assert words in finding.problem


def test_a_file_of_several_is_told_by_its_name(directory: Path) -> None:
    (finding,) = findings({"site": f"{directory}/text", "mine": f"{directory}/crt"})
    assert finding.variable == "moon_bundle.site"
