"""Fixtures of the tests against a running lab, named by GALILEAN_LAB."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Hub
from lab import NODES, ROOT, Lab, Machines


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


@pytest.fixture(scope="session")
def artifacts() -> Path:
    path = ROOT / "artifacts"
    path.mkdir(exist_ok=True)
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests have measured, and what the phases before them took, where it has been written down."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    if any(report.user_properties for report in reports):
        terminalreporter.section("measured")
    for report in reports:
        for what, figure in report.user_properties:
            terminalreporter.write_line(f"{figure:>8}  {what}: {report.head_line}")
    times = os.environ.get("GALILEAN_TIMES")
    if times and Path(times).exists():
        terminalreporter.section("seconds of the phases before")
        terminalreporter.write(Path(times).read_text())
