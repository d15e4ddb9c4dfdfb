# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of Ansible at hand, and what can be seen of other runs from here."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

MACHINE_ID, BOOT_ID, NAMESPACE = (
    Path("/etc/machine-id"),
    Path("/proc/sys/kernel/random/boot_id"),
    Path("/proc/self/ns/pid"),
)
# States of a process that nobody has waited for.
OVER = {"Z", "X"}
# Of a process that runs, and whose start is not for us to see.
HIDDEN = "hidden"


class State(Enum):
    RUNNING = "running"
    ENDED = "ended"
    # Nothing can be seen of it from here.
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Run:
    """A run of Ansible: what identifies its process whoever looks, and its name for people."""

    identity: str
    name: str


def this_run() -> Run:
    """The run whose worker calls this."""
    process = os.getppid()
    since = ps("lstart=", process)
    name = f"{getpass.getuser()}@{platform.node()}, process {process} since {since}"
    return Run(" ".join([*this_place(), str(process), started(process)]), name)


def state_of(identity: str) -> State:
    """What is known of a run by its identity."""
    *place, process, start = identity.split()
    here = this_place()
    if place == here:
        return State.RUNNING if started(int(process)) in {start, HIDDEN} else State.ENDED
    machine, boot, _namespace = place
    return State.ENDED if machine == here[0] and boot != here[1] else State.ELSEWHERE


def this_place() -> list[str]:
    """What tells apart where the number of a process has a meaning: machine, boot and namespace. `-` is none."""
    machine, boot = (path.read_text().strip() if path.exists() else "" for path in (MACHINE_ID, BOOT_ID))
    namespace = str(NAMESPACE.readlink()) if NAMESPACE.exists() else "-"
    return [f"{platform.node()}/{machine}", boot or "-", namespace]


def started(process: int) -> str:
    """When a process has begun, the same for every user and time zone and after a step of the clock.

    Nothing when it does not run. In ticks since the boot where there is /proc: proc_pid_stat(5), fields 3 and 22.
    HIDDEN where /proc is mounted so that it shows nobody the processes of others: proc(5), hidepid.
    """
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return HIDDEN if is_hidden(process) else ""
        return "" if state in OVER else fields[18]
    state, _space, start = ps("stat=,lstart=", process).partition(" ")
    return "" if state[:1] in OVER else "-".join(start.split())


def is_hidden(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def ps(fields: str, process: int) -> str:
    """What ps says of a process; nothing when there is none."""
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-o", fields, "-p", str(process)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment).stdout.strip()
