#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
short_description: Keep a second run away while this one is at work
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Locks a file on the host until the run of Ansible ends, however it ends. A run that finds the file locked is
    refused, and told who holds it.
  - The lock is held by a process on the host for as long as the controller's process lives, and is taken away when it
    ends. That a run was killed with everything that belonged to it is seen by the next one on the same machine.
  - When the controller's machine disappears, the lock ends after a minute. A run that has lost the lock, because its
    host was restarted or out of reach for longer than forty seconds, is ended before another one can begin.
  - In check mode nothing is locked and nobody is refused.
options:
  path:
    description:
      - File that is locked. The directory is made when it is missing.
    type: path
    required: true
  timeout_seconds:
    description:
      - How long to wait for a run that is about to end.
    type: int
    default: 5
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: full
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Keep other runs away
  galilean.hub.lock:
    path: /run/galilean/lock
  run_once: true
"""

RETURN = r"""
holder:
  description: Who holds the lock, which is this run. Empty in check mode.
  returned: success
  type: str
  sample: ada@laptop, process 4711 since Sat Nov 21 09:00:00 2026
"""

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "timeout_seconds": {"type": "int", "default": 5},
}
