"""End runs of site.yml on their way, run it again, and compare what that makes with what an uninterrupted run makes.

Modes:
  controller   the controller is killed with -9
  power        the controller and all hosts are killed at the same moment, and the hosts started again
  concurrent   the run stands still, and a second one has to be refused for it; at tasks of an even number the first
               goes on to its end then, and at others it is killed with -9
  changes      ten students work on a cluster that is changed, first without interruption and then again, where runs
               of each change are killed on their way
  failing      while ten students work, each task that in a first run has changed the host of the hub, or a node, fails
               there
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from changes import try_changes
from failing import try_failings
from hosts import KEPT, PHASES, Fingerprint, Hosts, RunError, Site, differences
from points import Point, points_of, sample

MODES = ("controller", "power", "concurrent", "changes", "failing")
# They raise a cluster of their own, on which students work.
IN_USE = ("changes", "failing")
REFUSAL = "Another run is at work on this cluster"
LEASE = "cluster : Hold the lease"
# Keeping hosts takes as long as it saves for so many points behind them.
WORTH_KEEPING = 5


@dataclass
class Tally:
    """What was tried in one mode."""

    mode: str
    tried: int = 0
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def tell(self, points: Sequence[str], seconds: float, fault: str) -> None:
        """Count points that were tried on the same hosts, and print what the next run made of them."""
        lines = [f"{self.mode:10}  {point}" for point in points]
        self.tried += len(lines)
        if fault:
            self.failures += lines
            outcome = f"DID NOT CONVERGE\n{fault}"
        else:
            self.seconds.append(seconds)
            outcome = f"converged in {seconds:.0f} s"
        print("\n".join([*lines, *(f"            {line}" for line in outcome.splitlines())]), flush=True)

    def __str__(self) -> str:
        between = f"{min(self.seconds):.0f} to {max(self.seconds):.0f}" if self.seconds else "-"
        median = f"{statistics.median(self.seconds):.0f}" if self.seconds else "-"
        return f"{self.mode:10}  {self.tried:6}  {self.tried - len(self.failures):9}  {median:>6}  {between}"


@dataclass(frozen=True)
class Ending:
    """A point at which a run ends, and how it does."""

    point: Point
    mode: str

    def __str__(self) -> str:
        return f"{self.mode:10}  {self.point}"

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on to its end, instead of being ended there."""
        return self.mode == "concurrent" and self.point.task % 2 == 0


def latest_before(point: Point, kept: Sequence[str]) -> str | None:
    """The last of these phases that is over at the point."""
    return next((phase for phase in reversed(kept) if PHASES.index(phase) < PHASES.index(point.phase)), None)


def be_refused(first: Site) -> None:
    """Run site.yml while the first run stands still. Raises RunError unless it is refused, naming the first."""
    second = Site()
    told = " ".join(second.told().split()) if second.process.wait() else ""
    if REFUSAL not in told or f"process {first.process.pid} " not in told:
        raise RunError(f"the second run was not refused for the first:\n{second.told()}")


class Trials:
    """Points, tried on hosts that are made anew each time."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.kept: list[str] = []
        self.expected: Fingerprint = {}

    def run_without_interruption(self) -> list[Point]:
        self.hosts.create()
        self.hosts.seed()
        self.hosts.tasks = Site().finish()
        self.expected = self.hosts.fingerprint()
        return list(points_of(self.hosts.tasks))

    def keep(self, phase: str) -> None:
        """Keep hosts as they are after a phase, for the points behind it."""
        before = self.kept[-1] if self.kept else None
        self.hosts.create(before)
        if not before:
            self.hosts.seed()
        first = PHASES.index(before) + 1 if before else 0
        Site("--tags", ",".join(PHASES[first : PHASES.index(phase) + 1])).finish()
        self.hosts.keep(phase)
        self.kept.append(phase)

    def converge_after(self, row: Sequence[Ending]) -> float:
        """End runs one after the other on the same hosts, and give back the seconds of the run that follows.

        After a run that went on to its end none follows, and the seconds are those that were left of it. Raises
        RunError when a run fails or does not come to its point, or when the hosts differ in the end.
        """
        before = latest_before(row[0].point, self.kept)
        self.hosts.create(before)
        if not before:
            self.hosts.seed()
        for ending in row:
            run = self.hosts.start(ending.point, before)
            before = None
            if not run.stopped():
                raise RunError(f"the run has ended before {ending.point}")
            if ending.mode == "concurrent":
                be_refused(run)
            if ending.goes_on:
                seconds = run.go_on()
            else:
                self.end(run, ending.mode)
        if not row[-1].goes_on:
            seconds = self.hosts.run_to_the_end()
        if wrong := differences(self.expected, self.hosts.fingerprint()):
            raise RunError("\n".join(wrong))
        return seconds

    def end(self, run: Site, mode: str) -> None:
        if mode == "power":
            self.hosts.cut_power()
        run.kill()
        if mode == "power":
            self.hosts.power_up()

    def attempt(self, row: Sequence[Ending], tallies: Mapping[str, Tally]) -> None:
        """Try endings on the same hosts, and one by one when that does not converge."""
        seconds, fault = 0.0, ""
        try:
            seconds = self.converge_after(row)
        except (RunError, AssertionError) as error:
            fault = str(error)
        if fault and len(row) > 1:
            print(f"{len(row)} in a row did not converge, so each is tried alone", flush=True)
            print("".join(f"            {line}\n" for line in fault.splitlines()), end="", flush=True)
            for ending in row:
                self.attempt([ending], tallies)
            tallies[row[-1].mode].failures.append(f"{row[-1]}, after {len(row) - 1} others on the same hosts")
        else:
            for mode in dict.fromkeys(ending.mode for ending in row):
                points = [str(ending.point) for ending in row if ending.mode == mode]
                tallies[mode].tell(points, seconds, fault)


def in_rows(points: Sequence[Any], length: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(points), length):
        yield points[first : first + length]


def in_time(rows: Iterable[Any], minutes: float | None, began: float) -> Iterator[Any]:
    """Rows to begin with, until so many minutes are over."""
    for row in rows:
        if not minutes or time.monotonic() - began < minutes * 60:
            yield row


def endings_of(points: Sequence[Point], modes: Sequence[str], in_turn: bool) -> Iterator[list[Ending]]:
    """Rows for these points: one of each mode, or a single one of all modes in turn."""
    if in_turn:
        yield [Ending(point, mode) for point, mode in zip(points, cycle(modes))]
    else:
        yield from ([Ending(point, mode) for point in points] for mode in modes)


def timed(what: str, began: float) -> None:
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)


def chosen_points(chosen: argparse.Namespace, points: Sequence[Any]) -> list[Any]:
    matching = [point for point in points if not chosen.task or chosen.task.search(str(point))]
    return sample(matching, chosen.sample, chosen.seed) if chosen.sample else matching


def chosen_rows(chosen: argparse.Namespace, points: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return in_time(in_rows(chosen_points(chosen, points), chosen.in_a_row), chosen.minutes, time.monotonic())


def try_points(hosts: Hosts, chosen: argparse.Namespace, tallies: Mapping[str, Tally]) -> None:
    """Try the chosen points in these modes, for as long as there is time."""
    trials = Trials(hosts)
    began = time.monotonic()
    points = trials.run_without_interruption()
    timed("site.yml on new hosts without interruption", began)
    print(f"{len(hosts.tasks)} tasks, and {len(points)} points at which a run may end", flush=True)
    points = chosen_points(chosen, points)
    # A second run is refused for one that has come as far as the lease, and has not yet given it back.
    leases = [task.number for task in hosts.tasks if task.name.startswith(LEASE)]
    rows = [
        [ending for ending in row if ending.mode != "concurrent" or leases[0] < ending.point.task < leases[-1]]
        for together in in_rows(points, chosen.in_a_row)
        for row in endings_of(together, list(tallies), chosen.modes_in_turn)
    ]
    rows = [row for row in rows if row]
    for phase in KEPT:
        if sum(bool(latest_before(row[0].point, [phase])) for row in rows) >= WORTH_KEEPING:
            since = time.monotonic()
            trials.keep(phase)
            timed(f"hosts kept as they are after {phase}", since)
    for row in in_time(rows, chosen.minutes, began):
        trials.attempt(row, tallies)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--mode", dest="modes", action="append", choices=MODES, help="may be repeated (default: all of them)")
    add("--sample", type=int, metavar="N", help="so many points instead of all of them")
    add("--seed", type=int, default=0, metavar="N", help="draws the sample, and where changes are killed (default: 0)")
    add("--task", type=re.compile, metavar="PATTERN", help="only points that match, as in 'hub: .*secrets'")
    add(
        "--in-a-row",
        type=int,
        default=1,
        metavar="N",
        help="end N runs on the same hosts before one may go on to its end",
    )
    add("--modes-in-turn", action="store_true", help="end the runs of a row by the modes in turn: no row for each mode")
    add("--minutes", type=float, metavar="N", help="begin with no more points after so long")
    add("--registry", metavar="CONTAINER", help="host whose registry has the images, which are built otherwise")
    add("--keep", action="store_true", help="leave the hosts as they are at the end")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    hosts = Hosts(chosen.registry)
    hosts.remove()
    tallies = [Tally(mode) for mode in chosen.modes or MODES]
    by_points = {tally.mode: tally for tally in tallies if tally.mode not in IN_USE}
    if by_points:
        try_points(hosts, chosen, by_points)
    for tally in tallies:
        if tally.mode == "changes":
            try_changes(hosts, chosen.seed, tally.tell)
        if tally.mode == "failing":
            try_failings(hosts, partial(chosen_rows, chosen), tally.tell)
    if not chosen.keep:
        hosts.remove()
    print("\nmode         tried  converged  seconds of the next run: median, and from fastest to slowest")
    for tally in tallies:
        print(tally)
    failures = [failure for tally in tallies for failure in tally.failures]
    print("".join(f"did not converge: {failure}\n" for failure in failures), end="")
    tried = sum(tally.tried for tally in tallies)
    print(f"{tried} points, {tried - len(failures)} converged")
    sys.exit(bool(failures) or any(not tally.tried for tally in tallies))


if __name__ == "__main__":
    main()
