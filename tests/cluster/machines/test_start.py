"""How long the machines took to come up, which `make machines` has written down."""

from __future__ import annotations

from lab import ROOT, Machines, seconds_by_phase

MOST_SECONDS = 90


def test_machines_are_reached_by_ssh_soon_after_their_start(machines: Machines) -> None:
    assert seconds_by_phase(ROOT / ".lab" / machines.name / "times")["machines"] <= MOST_SECONDS
