"""End the run at a task, as a kill of the controller or a power cut of its hosts would.

Reads GALILEAN_END_AT (the number of the task, from 1), GALILEAN_END_AFTER (seconds into it) and GALILEAN_END_HOSTS
(containers to kill at the same moment, separated by spaces). Writes to GALILEAN_TASKS a line for each task: number,
seconds, results that were changes, name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: end_at
type: aggregate
short_description: End the run at a task
description: See the text of its file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "end_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.end_at = int(os.environ.get("GALILEAN_END_AT", "0"))
        self.end_after = float(os.environ.get("GALILEAN_END_AFTER", "0"))
        self.hosts = os.environ.get("GALILEAN_END_HOSTS", "").split()
        self.log = Path(os.environ["GALILEAN_TASKS"])
        self.log.write_text("")
        self.number = 0
        self.changed = 0
        self.name = ""
        self.began = 0.0

    def end(self) -> None:
        if self.hosts:
            subprocess.run(["docker", "kill", *self.hosts], check=True, capture_output=True)
        # The workers die with the controller, as with the machine it runs on.
        os.killpg(os.getpgrp(), signal.SIGKILL)

    def write_down(self) -> None:
        if self.number:
            with self.log.open("a") as log:
                log.write(f"{self.number}\t{time.monotonic() - self.began:.2f}\t{self.changed}\t{self.name}\n")

    def v2_playbook_on_task_start(self, task: Any, *_args: Any, **_kwargs: Any) -> None:
        self.write_down()
        self.number += 1
        self.changed = 0
        self.name = task.get_name()
        self.began = time.monotonic()
        if self.number == self.end_at:
            if self.end_after:
                threading.Timer(self.end_after, self.end).start()
            else:
                self.end()

    def v2_runner_on_ok(self, result: Any) -> None:
        self.changed += result.is_changed()

    def v2_playbook_on_stats(self, *_args: Any, **_kwargs: Any) -> None:
        self.write_down()
