# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import select
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.modules.lock import ARGUMENT_SPEC

POLL_SECONDS = 0.25
WATCH_SECONDS = 0.5
REFRESH_SECONDS = 10
# Before a lock that could not be refreshed ends on the host.
LOST_SECONDS = 40
BUSY = 75
# Of a process that runs, and whose start is not for us to see.
HIDDEN = "hidden"
# States of a process that nobody has waited for.
ENDED = {"Z", "X"}
# Whose lock it is stands in the locked file. The lock ends when the file has not been touched for a minute.
HOLD = """\
mkdir -p {directory} && exec 9>>{path} || exit
flock --timeout {seconds} 9 || exit {busy}
printf '%s\\n' {name} {identity} $$ >{path}
seconds=0
while [ $seconds -lt 60 ]; do
  touched=$(stat --format %y {path})
  sleep 1 9>&-
  [ "$(stat --format %y {path})" = "$touched" ] && seconds=$((seconds + 1)) || seconds=0
done
"""
HELD, LOST = "held", "lost"
REFRESH = """\
[ "$(sed -n 2p {path})" != {identity} ] || flock --nonblock {path} true || {{ touch {path} && echo {held}; exit; }}
echo {lost}
"""
RELEASE = """\
[ "$(sed -n 2p {path})" != {identity} ] || flock --nonblock {path} true || kill "$(tail -n 1 {path})"
"""


@dataclass(frozen=True)
class Run:
    """A run of Ansible: its name for people, and what identifies its process whoever looks."""

    name: str = field(compare=False)
    identity: str

    @property
    def ended(self) -> bool:
        """Whether it is known that it has ended, which takes a look at the place where it ran."""
        *place, process, start = self.identity.split(" ")
        return " ".join(place) == this_place() and started(int(process)) not in {start, HIDDEN}

    def end(self, reason: str) -> None:
        """Have it end as if its terminal had asked for it, and tell its terminal why."""
        process = self.identity.split(" ")[-2]
        with contextlib.suppress(OSError), Path(f"/proc/{process}/fd/2").open("a") as terminal:
            terminal.write(f"{reason}. Another run may begin, so this one ends. Run it again: it goes on from here.\n")
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGINT)


def this_run() -> Run:
    process = os.getppid()
    since = ps("lstart=", process)
    name = f"{getpass.getuser()}@{platform.node()}, process {process} since {since}"
    return Run(name, f"{this_place()} {process} {started(process)}")


def this_place() -> str:
    """What tells apart where the number of a process has a meaning."""
    boot, processes = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    return f"{boot.read_text().strip()} {processes.readlink()}" if boot.exists() else platform.node()


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
        return "" if state in ENDED else fields[18]
    state, _space, start = ps("stat=,lstart=", process).partition(" ")
    return "" if state[:1] in ENDED else "-".join(start.split())


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


def give_up(*_signal: object) -> NoReturn:
    raise TimeoutError


class ActionModule(ActionBase):
    """Leave a process behind that holds the lock over a connection of its own, until the controller's process ends."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.check_mode:
            return {"changed": False, "holder": ""}
        self.path = PurePosixPath(args["path"])
        run = this_run()
        holder = self._holder()
        if holder != run:
            if holder and holder.ended:
                self._execute(RELEASE, holder)
            self._wait_until_held(run, self._leave_behind(run, args["timeout_seconds"]))
        return {"changed": False, "holder": run.name}

    def _execute(self, command: str, run: Run, seconds: int = 0) -> dict[str, Any]:
        words = {
            "directory": shlex.quote(str(self.path.parent)),
            "path": shlex.quote(str(self.path)),
            "name": shlex.quote(run.name),
            "identity": shlex.quote(run.identity),
            "seconds": seconds,
            "held": HELD,
            "lost": LOST,
            "busy": BUSY,
        }
        return dict(self._low_level_execute_command(command.format(**words), sudoable=True))

    def _holder(self) -> Run | None:
        """Who holds the lock, or held it last; None when nobody ever did."""
        read = self._low_level_execute_command(f"cat {shlex.quote(str(self.path))} 2>/dev/null || :", sudoable=True)
        lines = str(read["stdout"]).splitlines()
        return Run(*lines[:2]) if len(lines) > 1 else None

    def _wait_until_held(self, run: Run, end: int) -> None:
        """Raises AnsibleActionFail when the process left behind tells, through this end of a pipe, why it cannot."""
        while self._holder() != run:
            if select.select([end], [], [], POLL_SECONDS)[0]:
                told = json.loads(os.read(end, 65536) or "{}")
                holder = self._holder()
                if told.get("rc") == BUSY and holder:
                    raise AnsibleActionFail(
                        f"Another run is at work on this cluster: {holder.name}. "
                        "Wait until it has ended, or end it, and run this again. Nothing was changed."
                    )
                raise AnsibleActionFail(f"The lock {self.path} cannot be taken: {told.get('stderr') or told}")
        os.close(end)

    def _leave_behind(self, run: Run, seconds: int) -> int:
        """Start a session that holds the lock until the run ends, and give back the end of a pipe to it."""
        end, other_end = os.pipe()
        if child := os.fork():
            os.close(other_end)
            os.waitpid(child, 0)
            return end
        with contextlib.suppress(BaseException):
            os.setsid()
            if os.fork():
                os._exit(0)
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            if os.fork():
                os.close(other_end)
                self._watch(run)
            else:
                ended = self._execute(HOLD, run, seconds)
                os.write(other_end, json.dumps({"rc": ended["rc"], "stderr": ended["stderr"][-2000:]}).encode())
        os._exit(0)

    def _watch(self, run: Run) -> None:
        """Keep the lock fresh while the run goes on, and take it away with everything of it afterwards."""
        refreshed = held = time.monotonic()
        while not run.ended:
            time.sleep(WATCH_SECONDS)
            if time.monotonic() - refreshed > REFRESH_SECONDS:
                refreshed = time.monotonic()
                told = self._refresh(run)
                held = refreshed if HELD in told else held
                if LOST in told or time.monotonic() - held > LOST_SECONDS:
                    run.end(f"The lock {self.path} is lost: its host was restarted, or out of reach for too long")
        self._execute(RELEASE, run)
        os.killpg(0, signal.SIGKILL)

    def _refresh(self, run: Run) -> str:
        """What the host tells of the lock; nothing when it is out of reach, which it may be for a moment."""
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(REFRESH_SECONDS)
        try:
            return str(self._execute(REFRESH, run)["stdout"])
        except (AnsibleError, OSError):
            return ""
        finally:
            signal.alarm(0)
