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
from pathlib import PurePosixPath
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.modules.lock import ARGUMENT_SPEC

POLL_SECONDS = 0.25
WATCH_SECONDS = 0.5
BUSY = 75
# It says something every second, so that it is killed by a pipe that nobody reads any more.
HOLD = """\
mkdir -p {directory} && exec 9>>{path} || exit
flock --timeout {seconds} 9 || exit {busy}
printf '%s\\n' {holder} >{path}
while echo; do sleep 1 9>&-; done
"""


def ps(field: str, process: int) -> str:
    """What ps says of a process; nothing when there is none."""
    command = ["ps", "-o", f"{field}=", "-p", str(process)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


def lives(process: int) -> bool:
    return not ps("stat", process).startswith("Z") and bool(ps("pid", process))


def name_of_run(controller: int) -> str:
    return f"{getpass.getuser()}@{platform.node()}, process {controller} since {ps('lstart', controller)}"


class ActionModule(ActionBase):
    """Leave a process behind that holds the lock over a connection of its own, until the controller's process ends."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        if self._task.check_mode:
            return {"changed": False, "holder": ""}
        controller = os.getppid()
        holder = name_of_run(controller)
        path = PurePosixPath(args["path"])
        if self._holder(path) != holder:
            command = HOLD.format(
                directory=shlex.quote(str(path.parent)),
                path=shlex.quote(str(path)),
                seconds=args["timeout_seconds"],
                busy=BUSY,
                holder=shlex.quote(holder),
            )
            self._wait_until_held(self._leave_behind(command, controller), path, holder)
        return {"changed": False, "holder": holder}

    def _holder(self, path: PurePosixPath) -> str:
        """Who holds the lock, or held it last."""
        read = self._low_level_execute_command(f"cat {shlex.quote(str(path))} 2>/dev/null || :", sudoable=True)
        return str(read["stdout"]).strip()

    def _wait_until_held(self, end: int, path: PurePosixPath, holder: str) -> None:
        """Raises AnsibleActionFail when the process left behind tells, through this end of a pipe, why it cannot."""
        while self._holder(path) != holder:
            if select.select([end], [], [], POLL_SECONDS)[0]:
                told = json.loads(os.read(end, 65536) or "{}")
                if told.get("rc") == BUSY:
                    raise AnsibleActionFail(
                        f"Another run is at work on this cluster: {self._holder(path)}. "
                        "Wait until it has ended, or end it, and run this again. Nothing was changed."
                    )
                raise AnsibleActionFail(f"The lock {path} cannot be taken: {told.get('stderr') or told}")
        os.close(end)

    def _leave_behind(self, command: str, controller: int) -> int:
        """Start a session that runs the command on the host until the controller ends; the end of a pipe to it."""
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
                while lives(controller):
                    time.sleep(WATCH_SECONDS)
                os.killpg(0, signal.SIGKILL)
            ended = self._low_level_execute_command(command, sudoable=True)
            os.write(other_end, json.dumps({"rc": ended["rc"], "stderr": ended["stderr"][-2000:]}).encode())
        os._exit(0)
