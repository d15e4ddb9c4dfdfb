#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: concurrent_commands
short_description: Run commands of a host at the same time
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Runs several commands at the same time, waits for all of them, and gives back what each has said. What a code other
    than 0 means is for the play to judge.
options:
  commands:
    description:
      - A list of arguments for each command, by the name of the command.
    type: dict
    required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Ask both proxies
  galilean.hub.concurrent_commands:
    commands:
      here: [curl, --fail, http://localhost:8000/]
      there: [curl, --fail, http://192.0.2.11:8000/]
  changed_when: false
"""

RETURN = r"""
said:
  description: What each command has said, by its name.
  returned: success
  type: dict
  contains:
    rc:
      description: Its exit code.
      type: int
      sample: 0
    stdout:
      description: Its output.
      type: str
      sample: '{"ok": true}'
    stderr:
      description: Its error output.
      type: str
      sample: ''
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def run(argv: list[str]) -> dict[str, Any]:
    """What a command has said. Raises OSError where there is no such program."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return {"rc": done.returncode, "stdout": out, "stderr": err}


def main() -> None:
    module = AnsibleModule(argument_spec={"commands": {"type": "dict", "required": True}})
    commands = module.params["commands"]
    try:
        with ThreadPoolExecutor(max(len(commands), 1)) as pool:
            said = dict(zip(commands, pool.map(run, commands.values()), strict=True))
    except OSError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, said=said)


if __name__ == "__main__":
    main()
