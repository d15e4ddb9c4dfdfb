"""How long the machines took to come up, which `make machines` has written down."""

from __future__ import annotations

import re

from lab import ROOT, Machines

MOST_SECONDS = 90


def test_machines_are_reached_by_ssh_soon_after_their_start(machines: Machines) -> None:
    times = (ROOT / ".lab" / machines.name / "times").read_text()
    (seconds,) = re.findall(r"^ *(\d+) s  machines$", times, re.MULTILINE)
    assert int(seconds) <= MOST_SECONDS
