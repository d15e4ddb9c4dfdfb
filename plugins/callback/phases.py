# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: aggregate
short_description: Tell at the end of a run how long each phase took, and which hosts were left out
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Prints a table of phases, with seconds and the number of task results that were changes, at the end of a run.
  - A phase is a play or several in a row. It is called by the play's tag; when it has none or several, by its playbook.
    Phases in which no task was run are left out.
  - Below the table come the lines that the run left with M(ansible.builtin.set_stats) under C(galilean_summary), a list
    of strings.
  - The last lines name the hosts that failed or could not be reached and so were left as they are, in which phase, at
    which task and why, and say what to do.
requirements:
  - enabled with C(callbacks_enabled = galilean.hub.phases) in C(ansible.cfg)
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

SUMMARY = "galilean_summary"
# Tags with a meaning to Ansible name no phase.
SPECIAL_TAGS = {"always", "never"}


@dataclass
class Phase:
    """One row of the table."""

    name: str
    seconds: float = 0.0
    changed: int = 0
    has_tasks: bool = False


@dataclass(frozen=True)
class Failure:
    """Where a host was left, and why."""

    phase: str
    task: str
    reason: str
    is_unreachable: bool = False
    ends_the_run: bool = False

    @property
    def advice(self) -> str:
        return "Have it answer" if self.is_unreachable else "Mend this"

    @classmethod
    def of(cls, phase: str, task: str, result: Mapping[str, Any], **kind: bool) -> Failure:
        """From the result of a task. Its words are kept back where the task may not be logged.

        Where a command failed, or a module could not even be run, `msg` says so, and what was written last says why.
        """
        if censored := result.get("censored"):
            return cls(phase, task, str(censored), **kind)
        said = str(result.get("msg") or "").strip().splitlines()
        written = str(result.get("module_stderr") or result.get("stderr") or "").strip().splitlines()
        return cls(phase, task, ": ".join([*said[:1], *written[-1:]]) or "it says nothing", **kind)

    def headline(self, hosts: Sequence[str]) -> str:
        """A task that is run once fails for all hosts of its play."""
        if self.ends_the_run:
            return f"Ended in {self.phase}, for all hosts"
        return f"Left out in {self.phase}, and left as it is: {', '.join(hosts)}"


def where(task: str, delegate: str | None, host: str) -> str:
    """The task, and the host on which it has failed when that is another than the one that is left out."""
    return task if delegate in {None, host} else f"{task} (on {delegate})"


def left_out(failures: Mapping[str, Failure]) -> list[str]:
    """What to tell of the hosts that were left where they failed, those with the same failure together."""
    hosts_of: dict[Failure, list[str]] = {}
    for host, failure in failures.items():
        hosts_of.setdefault(failure, []).append(host)
    return [
        line
        for failure, hosts in hosts_of.items()
        for line in (
            failure.headline(hosts),
            f"  {failure.task}: {failure.reason}",
            f"  {failure.advice}, and run this again: it goes on from there.",
        )
    ]


def table(phases: list[Phase]) -> list[str]:
    """The aligned lines of the table, with a total at its end."""
    total = Phase("total", sum(phase.seconds for phase in phases), sum(phase.changed for phase in phases))
    width = max(len(phase.name) for phase in [*phases, total])
    rows = [f"{phase.name:<{width}}  {phase.seconds:>7.1f}  {phase.changed:>7}" for phase in [*phases, total]]
    return [f"{'phase':<{width}}  {'seconds':>7}  {'changed':>7}", *rows]


def phase_name(tags: list[str], path: str) -> str:
    """Name of a play's phase, from its tags and the path and line of its file."""
    own = [tag for tag in tags if tag not in SPECIAL_TAGS]
    return own[0] if len(own) == 1 else Path(path.rpartition(":")[0]).stem


class CallbackModule(CallbackBase):
    """Count changes and seconds of each phase."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "galilean.hub.phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.phases: list[Phase] = []
        self.failures: dict[str, Failure] = {}
        self.since = time.monotonic()

    def _count_seconds(self) -> None:
        now = time.monotonic()
        if self.phases:
            self.phases[-1].seconds += now - self.since
        self.since = now

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._count_seconds()
        name = phase_name(play.tags, play.get_path())
        if not self.phases or self.phases[-1].name != name:
            self.phases.append(Phase(name))

    def v2_playbook_on_task_start(self, *_args: Any, **_kwargs: Any) -> None:
        self.phases[-1].has_tasks = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self.phases[-1].changed += result.is_changed()

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._count_failure(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._count_failure(result, is_unreachable=True)

    def _count_failure(self, result: Any, is_unreachable: bool = False) -> None:
        host = result.host.get_name()
        task = where(result.task_name, result.task.delegate_to, host)
        kind = {"is_unreachable": is_unreachable, "ends_the_run": bool(result.task.run_once)}
        self.failures[host] = Failure.of(self.phases[-1].name, task, result.result, **kind)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._count_seconds()
        summary = stats.custom.get("_run", {}).get(SUMMARY, [])
        ended = {*stats.failures, *stats.dark}
        parts = [
            table([phase for phase in self.phases if phase.has_tasks]),
            [str(line) for line in summary],
            left_out({host: failure for host, failure in self.failures.items() if host in ended}),
        ]
        self._display.display("\n\n".join("\n".join(lines) for lines in parts if lines))
