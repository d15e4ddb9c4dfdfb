"""Fail single tasks on one host while ten students work: nobody notices, and the next run finds nothing to change.

A run that fails does its phase and those that follow. The ones before have nothing to change, and what `verify` does
the students do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from changes import Cluster
from hosts import PHASES, Hosts, RunError, Site
from points import Task

# The host of the hub, and one of the nodes.
FAILING = ("jupiter", "io")
LAST_LINES = re.compile(r"^(?:Left out|Ended) in .*", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Failing:
    """A task that fails on a host, after it has done what it does there."""

    phase: str
    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.phase}: {self.name} on {self.host}"

    def run(self) -> Site:
        following = [phase for phase in PHASES[PHASES.index(self.phase) + 1 :] if phase != "verify"]
        return Site(
            "--tags",
            ",".join([self.phase, *following]),
            fail_at=rf"^\d+ {re.escape(f'{self.phase}: {self.name}')}$",
            fail_on=self.host,
        )


def failings(tasks: Sequence[Task]) -> list[Failing]:
    """Each task that has changed the host of the hub, and then each that has changed the node."""
    found = [Failing(task.phase, task.name, host) for host in FAILING for task in tasks if host in task.changed]
    return list(dict.fromkeys(found))


def faults_of_a_run(cluster: Cluster, failing: Failing) -> list[str]:
    """What is wrong with a run that fails there."""
    run = failing.run()
    code = run.process.wait()
    told = run.told()
    found = []
    name = failing.name.rpartition(" : ")[2]
    last_lines = LAST_LINES.search(told)
    if not (code and last_lines and f"  {name}" in last_lines[0]):
        found.append(f"{failing}: the run ended with {code} and does not name the task at its end:\n{told}")
    if lost := cluster.disturbed():
        found.append(f"{failing}: disturbed: {', '.join(lost)}")
    return found


def faults_of_a_row(cluster: Cluster, row: Sequence[Failing]) -> list[str]:
    """What is wrong with runs that fail there, one after the other, and with the one that follows. Raises RunError."""
    found = [fault for failing in row for fault in faults_of_a_run(cluster, failing)]
    if changing := [task.name for task in Site().finish() if task.changed]:
        found.append(f"the next run changed something: {', '.join(changing)}")
    if lost := cluster.disturbed():
        found.append(f"disturbed by the next run: {', '.join(lost)}")
    return found


def try_failings(
    hosts: Hosts,
    rows: Callable[[list[Failing]], Iterable[Sequence[Failing]]],
    tell: Callable[[Sequence[str], float, str], None],
) -> None:
    """Fail the chosen tasks on a cluster in use, row by row, and tell what came of each row."""
    cluster = Cluster(hosts)
    cluster.open()
    for row in rows(failings(hosts.tasks)):
        began = time.monotonic()
        try:
            found = faults_of_a_row(cluster, row)
        except (RunError, AssertionError) as error:
            found = [str(error)]
        tell([str(failing) for failing in row], time.monotonic() - began, "\n".join(found))
