"""Write down the tasks of a run, and stop it at one of them, for whoever started it to end it there or have it go on.

Reads GALILEAN_STOP_AT (the number of the task, from 1) and GALILEAN_STOP_AFTER (seconds into it). Writes to
GALILEAN_TASKS a line for each task that has ended: phase, seconds, hosts that were changed, name.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.galilean.hub.plugins.callback.phases import phase_name

DOCUMENTATION = """
name: stop_at
type: aggregate
short_description: Write down the tasks of a run, and stop it at one of them
description: See the text of its file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stop_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.stop_at = int(os.environ.get("GALILEAN_STOP_AT", "0"))
        self.stop_after = float(os.environ.get("GALILEAN_STOP_AFTER", "0"))
        self.log = Path(os.environ["GALILEAN_TASKS"])
        self.log.write_text("")
        self.number = 0
        self.phase = ""
        self.task = ("", "")
        self.began = 0.0
        self.changed: list[str] = []
        self.has_stopped = False

    def stop(self) -> None:
        """Stop the run; one that is told to go on is not stopped again."""
        if not self.has_stopped:
            self.has_stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)

    def write_down(self) -> None:
        if self.number:
            phase, name = self.task
            with self.log.open("a") as log:
                log.write(f"{phase}\t{time.monotonic() - self.began:.2f}\t{','.join(self.changed)}\t{name}\n")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.phase = phase_name(play.tags, play.get_path())

    def v2_playbook_on_task_start(self, task: Any, *_args: Any, **_kwargs: Any) -> None:
        self.write_down()
        if self.number == self.stop_at and self.stop_after:
            # This time the task did not take as long.
            self.stop()
        self.number += 1
        self.task = (self.phase, task.get_name().replace("galilean.hub.", ""))
        self.changed = []
        self.began = time.monotonic()
        if self.number == self.stop_at:
            if self.stop_after:
                threading.Timer(self.stop_after, self.stop).start()
            else:
                self.stop()

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.is_changed():
            self.changed.append(result.host.get_name())

    def v2_playbook_on_stats(self, *_args: Any, **_kwargs: Any) -> None:
        self.write_down()
