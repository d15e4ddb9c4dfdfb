"""Fail one task of a run on one host, after it has done what it does there.

Reads GALILEAN_FAIL_AT (a regular expression for the number of the task from 1, its phase and its name, as in
`12 hosts: base : Install`; the first that matches is meant) and GALILEAN_FAIL_ON (the host).
"""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.template import trust_as_template
from ansible_collections.galilean.hub.plugins.callback.phases import phase_name

DOCUMENTATION = """
name: fail_at
type: aggregate
short_description: Fail one task of a run on one host
description: See the text of its file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "fail_at"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self.pattern = os.environ.get("GALILEAN_FAIL_AT", "")
        self.host = os.environ.get("GALILEAN_FAIL_ON", "")
        self.number = 0
        self.phase = ""

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self.phase = phase_name(play.tags, play.get_path())

    def v2_playbook_on_task_start(self, task: Any, *_args: Any, **_kwargs: Any) -> None:
        self.number += 1
        name = task.get_name().replace("galilean.hub.", "")
        if self.pattern and re.search(self.pattern, f"{self.number} {self.phase}: {name}"):
            self.pattern = ""
            task.failed_when = [trust_as_template(f"inventory_hostname == {self.host!r}")]
