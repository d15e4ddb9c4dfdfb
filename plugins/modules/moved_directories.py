#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: moved_directories
short_description: Move directories from where an earlier release kept them
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Renames each directory that is still at its earlier place. A run that dies leaves it at the one place or at the
    other, whole, and the next run goes on from there.
  - Programs that have a directory open, or mounted into a container, keep it while it is moved.
  - Where something is at both places nothing is moved, and the module fails.
options:
  directories:
    description:
      - The directories, in the order in which they are moved.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description:
          - Absolute path of the earlier place.
        type: path
        required: true
      target:
        description:
          - Absolute path of the place, on the same file system. Missing parents are made.
        type: path
        required: true
      marker:
        description:
          - Path inside the directory. What does not have it is another directory, and stays.
        type: str
        required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Move the state of the hub to where instances are
  galilean.hub.moved_directories:
    directories:
      - source: /var/lib/galilean/main
        target: /var/lib/galilean/instances/main
        marker: hub/jupyterhub.sqlite
"""

RETURN = r"""
moved:
  description: The places of the directories that were moved, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/galilean/instances/main]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.moved_directories import Move, MoveError, apply, plan

ARGUMENT_SPEC = {
    "directories": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "source": {"type": "path", "required": True},
            "target": {"type": "path", "required": True},
            "marker": {"type": "str", "required": True},
        },
    },
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    directories = module.params["directories"]
    try:
        moves = plan(Move(Path(each["source"]), Path(each["target"]), each["marker"]) for each in directories)
        if not module.check_mode:
            for move in moves:
                apply(move)
    except (MoveError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(moves),
        moved=[str(move.target) for move in moves],
        diff=[{"before": f"{move.source}\n", "after": f"{move.target}\n"} for move in moves],
    )


if __name__ == "__main__":
    main()
