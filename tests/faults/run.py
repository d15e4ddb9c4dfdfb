"""End runs of site.yml at their tasks, run it again, and compare what that makes with what an uninterrupted run makes.

Modes: the controller is killed with -9 (controller); all hosts are killed with it (power); a second controller has to be
refused before the first is killed (concurrent).
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from hosts import KEPT, PHASES, Fingerprint, Hosts, RunError, Site, differences
from points import Point, points_of, sample

MODES = ("controller", "power", "concurrent")
REFUSAL = "Another run is at work on this cluster"


@dataclass
class Tally:
    """What has been tried in one mode, and the seconds of the runs that followed."""

    tried: int = 0
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def latest_before(point: Point) -> str | None:
    """The phase after which hosts were kept last before the point."""
    return next((kept for kept in reversed(KEPT) if PHASES.index(kept) < PHASES.index(point.phase)), None)


def be_refused(first: Site) -> None:
    """Run site.yml while the first run stands still. Raises RunError unless it is refused, naming the first."""
    second = Site()
    output = " ".join(second.output.read_text().split()) if second.process.wait() else ""
    if REFUSAL not in output or f"process {first.process.pid} " not in output:
        raise RunError(f"the second run was not refused for the first:\n{second.output.read_text()}")


class Trials:
    """Points, tried on hosts that are made anew for each."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.expected: Fingerprint = {}

    def prepare(self) -> list[Point]:
        """Run site.yml without interruption, and once more in parts after which the hosts are kept."""
        print("Running site.yml on new hosts without interruption", flush=True)
        self.hosts.create()
        self.hosts.seed()
        self.hosts.tasks = Site().finish()
        self.expected = self.hosts.fingerprint()
        done = 0
        for kept in KEPT:
            print(f"Keeping hosts as they are after {kept}", flush=True)
            self.hosts.create(KEPT[KEPT.index(kept) - 1] if done else None)
            if not done:
                self.hosts.seed()
            Site("--tags", ",".join(PHASES[done : PHASES.index(kept) + 1])).finish()
            self.hosts.keep(kept)
            done = PHASES.index(kept) + 1
        return list(points_of(self.hosts.tasks))

    def converge_after(self, points: Sequence[Point], mode: str) -> float:
        """End a run at each of the points, on the same hosts. Gives back the seconds of the run after the last.

        Raises RunError when a run fails, or when the hosts differ in the end.
        """
        kept = latest_before(points[0])
        self.hosts.create(kept)
        if not kept:
            self.hosts.seed()
        for point in points:
            run = self.hosts.start(point, kept)
            kept = None
            run.wait_until_stopped()
            if mode == "concurrent":
                be_refused(run)
            if mode == "power":
                self.hosts.cut_power()
            run.kill()
            if mode == "power":
                self.hosts.power_up()
        seconds = self.hosts.run_to_the_end()
        wrong = differences(self.expected, self.hosts.fingerprint())
        if wrong:
            raise RunError("\n".join(wrong))
        return seconds


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", dest="modes", action="append", choices=MODES, help="may be repeated; default: all of them")
    parser.add_argument("--sample", type=int, metavar="N", help="so many points of each mode instead of all")
    parser.add_argument("--seed", type=int, default=0, help="draws the sample (default: %(default)s)")
    parser.add_argument("--task", type=re.compile, metavar="PATTERN", help="only points that match, as in 'hub: .*Secrets'")
    parser.add_argument("--in-a-row", type=int, default=1, metavar="N", help="end N runs on the same hosts before one may end")
    parser.add_argument("--minutes", type=float, metavar="N", help="try no more points after so long")
    parser.add_argument("--registry", metavar="CONTAINER", help="a host whose registry has the images already")
    parser.add_argument("--keep", action="store_true", help="leave hosts and snapshots as they are at the end")
    return parser.parse_args()


def main() -> None:
    began = time.monotonic()
    chosen = arguments()
    hosts = Hosts(chosen.registry)
    hosts.remove()
    trials = Trials(Hosts(chosen.registry))
    points = trials.prepare()
    print(f"{len(trials.hosts.tasks)} tasks, {len(points)} points, {time.monotonic() - began:.0f} s", flush=True)
    points = [point for point in points if not chosen.task or chosen.task.search(str(point))]
    if chosen.sample:
        points = sample(points, chosen.sample, chosen.seed)
    tallies: dict[str, Tally] = defaultdict(Tally)
    rows = [points[first : first + chosen.in_a_row] for first in range(0, len(points), chosen.in_a_row)]
    trials_left = [(mode, row) for row in rows for mode in chosen.modes or MODES]
    for mode, row in trials_left:
        if chosen.minutes and time.monotonic() - began > chosen.minutes * 60:
            break
        tally = tallies[mode]
        tally.tried += len(row)
        text = "\n".join(f"{mode:10} {point}" for point in row)
        try:
            seconds = trials.converge_after(row, mode)
        except RunError as error:
            tally.failures.append(text)
            print(f"{text}  DIFFERS\n{error}", flush=True)
        else:
            tally.seconds.append(seconds)
            print(f"{text}  converged in {seconds:.0f} s", flush=True)
    if not chosen.keep:
        hosts.remove()
    for mode, tally in tallies.items():
        seconds = f"{statistics.median(tally.seconds):.0f} s" if tally.seconds else "-"
        print(f"{mode}: {tally.tried} points, {len(tally.failures)} rows failed; median of the next run {seconds}")
    sys.exit(any(tally.failures for tally in tallies.values()))


if __name__ == "__main__":
    main()
