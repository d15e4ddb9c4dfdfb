"""Run phases of the checks: python3 tests/tools/phases.py [OPTION...] ROW... [then ROW...]

A row is one argument: phases, which are targets of make, that run one after the other, beside the other rows. One that
begins with "nice" takes what the others leave of the processors. Rows behind "then" begin when those before have ended.
All that a phase says is in artifacts/PHASE.log. The table at the end holds each against its budget in CONTRIBUTING.md,
which decides nothing: machines differ.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ARTIFACTS = Path("artifacts")
PASSED = Path(".cache/passed")
BUDGET = re.compile(r"^\| `([a-z-]+)` \| ([0-9.]+) \|", re.MULTILINE)
# How pytest and the faults' harness end.
SUMMARY = re.compile(r"=* ?\d+ [a-z]+(?:, \d+ [a-z]+)* in [0-9.]+s|\d+ points, \d+ converged$")
COUNT = re.compile(r"(\d+) ([a-z]+)")
LINES_OF_A_FAILURE = 80


def budgets(text: str) -> dict[str, float]:
    """Minutes by phase, of the table in CONTRIBUTING.md."""
    return {phase: float(minutes) for phase, minutes in BUDGET.findall(text)}


def summary_of(log: str) -> str:
    """What the test runners in a log say in the end, as of one."""
    counts: Counter[str] = Counter()
    for found in filter(None, map(SUMMARY.match, log.splitlines())):
        counts.update({outcome: int(number) for number, outcome in COUNT.findall(found[0])})
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items())


def groups(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The rows that run beside each other, those behind a "then" apart."""
    group: list[str] = []
    for argument in [*arguments, "then"]:
        if argument == "then":
            yield group
            group = []
        else:
            group.append(argument)


def phases_of(row: str) -> list[str]:
    return [word for word in row.split() if word not in ("nice", "then")]


def tree() -> str:
    """The id of the working tree: what git tracks or would."""
    index = Path(".cache/index").resolve()
    index.parent.mkdir(exist_ok=True)
    index.unlink(missing_ok=True)
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
    subprocess.run(["git", "add", "--all", "."], env=environment, check=True)
    return subprocess.run(
        ["git", "write-tree"], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass(frozen=True)
class Ended:
    """A phase that has ended, or that was not run."""

    phase: str
    outcome: str
    seconds: float = 0.0
    summary: str = ""

    def count(self, *outcomes: str) -> int:
        return sum(int(number) for number, outcome in COUNT.findall(self.summary) if outcome in outcomes)

    def line(self, minutes: float | None = None) -> str:
        """Its line of the table, where minutes are its budget."""
        budget = "-" if minutes is None else f"{minutes * 60:.0f}"
        over = "over its budget" if minutes is not None and self.seconds > minutes * 60 else ""
        words = "; ".join(filter(None, [over, self.summary]))
        return f"{self.seconds:7.0f} {budget:>7}  {self.phase:<16} {self.outcome:<8} {words}".rstrip()


@dataclass
class Phases:
    """Phases on their way."""

    keep_going: bool = False
    before: frozenset[str] = frozenset()
    passed: Path | None = None
    ended: list[Ended] = field(default_factory=list)

    @property
    def failed(self) -> list[Ended]:
        return [ended for ended in self.ended if ended.outcome == "failed"]

    def remember(self, passed: Path, phases: set[str], raises: str) -> None:
        """Keep what passes in a directory, and leave out what is there; where phases are left, run `raises` again."""
        passed.mkdir(parents=True, exist_ok=True)
        self.passed = passed
        before = phases & {path.name for path in passed.iterdir()}
        self.before = frozenset(before if before == phases else before - {raises})

    def run(self, phase: str, nice: bool) -> Ended:
        log = ARTIFACTS / f"{phase}.log"
        began = time.monotonic()
        with log.open("wb") as output:
            command = ["nice", "make", phase] if nice else ["make", phase]
            made = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
            )
        seconds = time.monotonic() - began
        summary = summary_of(log.read_text(errors="replace"))
        if made.returncode:
            return Ended(phase, "failed", seconds, summary)
        if self.passed:
            (self.passed / phase).touch()
        return Ended(phase, "passed", seconds, summary)

    def run_row(self, row: str) -> None:
        """Run the phases of a row."""
        for phase in phases_of(row):
            if phase in self.before:
                ended = Ended(phase, "before")
            elif self.failed and not self.keep_going:
                ended = Ended(phase, "not run")
            else:
                ended = self.run(phase, nice=row.startswith("nice "))
                print(ended.line(), flush=True)
            self.ended.append(ended)

    def run_group(self, rows: Sequence[str]) -> None:
        """Run rows beside each other."""
        threads = [threading.Thread(target=self.run_row, args=(row,)) for row in rows]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def report(phases: Phases, allowed: dict[str, float], seconds: float) -> None:
    """Print the end of what has failed, the table, and how many tests passed."""
    for ended in phases.failed:
        log = ARTIFACTS / f"{ended.phase}.log"
        print(f"\n{ended.phase} failed: the end of {log}")
        print("\n".join(log.read_text(errors="replace").splitlines()[-LINES_OF_A_FAILURE:]))
    print("\nseconds  budget  phase")
    for ended in phases.ended:
        print(ended.line(allowed.get(ended.phase)))
    print(f"{seconds:7.0f} {allowed.get('all', 0) * 60:7.0f}  all of it\n")
    passed = sum(ended.count("passed", "converged") for ended in phases.ended)
    failed = sum(ended.count("failed", "error", "errors") or 1 for ended in phases.failed)
    print(f"{passed} passed, {failed} failed", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("rows", nargs="+", metavar="ROW")
    add("--keep-going", action="store_true", help="go on after a phase that failed")
    add("--resume", action="store_true", help="keep what passes, and run no phase that passed on the same tree")
    add("--raise", dest="raises", metavar="PHASE", help="with --resume: run again for phases that are left")
    return parser.parse_args()


def end_with_all(number: int, _frame: object) -> None:
    """End this process and all that it began. What runs beside does not hear of an interrupt."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os._exit(128 + number)


def main() -> int:
    chosen = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_with_all)
    began = time.monotonic()
    phases = Phases(chosen.keep_going)
    if chosen.resume:
        phases.remember(PASSED / tree(), {phase for row in chosen.rows for phase in phases_of(row)}, chosen.raises)
    for rows in groups(chosen.rows):
        phases.run_group(rows)
    report(phases, budgets(Path("CONTRIBUTING.md").read_text()), time.monotonic() - began)
    return bool(phases.failed)


if __name__ == "__main__":
    sys.exit(main())
