#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virtualenv
short_description: Keep pinned Python packages in a virtualenv of their own
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes the virtualenv anew whenever the requirements are others than those it was filled with, and when a run ended
    before all of them were there.
  - What was there before stays until all that takes its place has come.
  - Every package has to be named with its release and hashes, those that others depend on, too. Nothing else is
    installed.
options:
  path:
    description:
      - Where the virtualenv is.
    type: path
    required: true
  requirements:
    description:
      - What is in it, as C(pip) reads a file of requirements.
    type: str
    required: true
  python:
    description:
      - The interpreter that it is for.
    type: str
    default: python3
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
attributes:
  action:
    support: none
  async:
    support: none
  become:
    support: full
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: Tells that it would be made anew, and not whether the packages can be had.
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Have the pinned releases in a virtualenv
  galilean.hub.virtualenv:
    path: /opt/galilean/certbot
    requirements: "{{ lookup('ansible.builtin.file', 'requirements.txt') }}"
"""

RETURN = r"""
"""

import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.virtualenv import VirtualenvError, fill, is_filled

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "requirements": {"type": "str", "required": True},
    "python": {"type": "str", "default": "python3"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    path, requirements = Path(module.params["path"]), module.params["requirements"]
    filled = path / "requirements.txt"
    try:
        before = filled.read_text(encoding="utf-8") if filled.exists() else ""
        is_changed = not is_filled(path, requirements)
        if is_changed and not module.check_mode:
            fill(path, requirements, module.params["python"], dict(os.environ))
    except (OSError, VirtualenvError) as error:
        module.fail_json(msg=str(error))
    diff = {"before": before, "after": requirements, "before_header": str(filled), "after_header": str(filled)}
    module.exit_json(changed=is_changed, diff=diff)


if __name__ == "__main__":
    main()
