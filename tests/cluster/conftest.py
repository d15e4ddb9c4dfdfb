"""Fixtures of the tests against a running lab, named by GALILEAN_LAB."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Hub, Student
from galilean_hub.slug import slug
from homes import HOMES, SMALL_HOME_BYTES
from lab import NODES, ROOT, Lab, Machines, seconds_by_phase


@pytest.fixture(scope="session")
def lab() -> Lab:
    name = os.environ.get("GALILEAN_LAB", "galilean")
    inventory = Path(os.environ.get("ANSIBLE_INVENTORY", "inventories/lab"))
    return Machines(name) if inventory.name == "machines" else Lab(name)


@pytest.fixture(scope="session")
def access() -> dict[str, Any]:
    name = os.environ.get("GALILEAN_LAB")
    path = ROOT / ".lab" / (f"{name}/access.json" if name else "access.json")
    return json.loads(path.read_text())


@pytest.fixture
def hub(access: dict[str, Any]) -> Hub:
    return Hub(access)


@pytest.fixture
def placement(lab: Lab) -> Iterator[Lab]:
    """The lab; every node takes servers again afterwards."""
    yield lab
    lab.activate(*NODES)


@pytest.fixture
def shrink(lab: Lab) -> Iterator[Callable[[Student], None]]:
    """Put a file system of a mebibyte and 40 files in the place of a home, on io, until the test is over."""
    shrunk = []

    def shrinks(student: Student) -> None:
        home = f"{HOMES}/main/{slug(student.name)}"
        uid = lab.run("io", "stat", "--format", "%u", home)
        options = f"size={SMALL_HOME_BYTES},nr_inodes=40,uid={uid},gid={uid},mode=0700"
        lab.run("io", "mount", "-t", "tmpfs", "-o", options, "tmpfs", home)
        shrunk.append(home)

    yield shrinks
    for home in shrunk:
        lab.run("io", "umount", "--lazy", home)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    path = ROOT / "artifacts"
    path.mkdir(exist_ok=True)
    return path


def phases_before() -> dict[str, int]:
    """The seconds of the phases before these tests, where GALILEAN_TIMES says that they are written down."""
    return seconds_by_phase(Path(os.environ.get("GALILEAN_TIMES", os.devnull)))


@pytest.fixture(scope="session", autouse=True)
def phases_in_the_report(record_testsuite_property: Callable[[str, object], None]) -> None:
    """The seconds of the phases before, in the JUnit file."""
    for phase, seconds in phases_before().items():
        record_testsuite_property(f"seconds of {phase}", seconds)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests have measured, and what the phases before them took."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    if any(report.user_properties for report in reports):
        terminalreporter.section("measured")
    for report in reports:
        for what, figure in report.user_properties:
            terminalreporter.write_line(f"{figure:>8}  {what}: {report.head_line}")
    if phases := phases_before():
        terminalreporter.section("seconds of the phases before")
        for phase, seconds in phases.items():
            terminalreporter.write_line(f"{seconds:6d}  {phase}")
