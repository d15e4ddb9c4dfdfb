#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Keep Debian packages installed
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Asks dpkg whether the packages are installed and configured, which takes a tenth of the time that apt needs to read
    its lists. Only what is missing is left to M(ansible.builtin.apt).
  - What a run left half done, because the power failed while dpkg was at work, is completed first.
options:
  names:
    description:
      - The packages. Recommended ones are not installed with them.
    type: list
    elements: str
    default: []
  conflicts:
    description:
      - Packages that must not be there. When one is, nothing is changed and the task fails.
    type: list
    elements: str
    default: []
  conflict_message:
    description:
      - Why O(conflicts) must not be there, and what is to be done. The names of those that are there follow.
    type: str
    default: "Remove these packages first:"
  list_age_seconds:
    description:
      - How old apt's lists may be. Older ones are fetched anew before something is installed.
    type: int
    default: 3600
  lock_timeout_seconds:
    description:
      - How long to wait for another program that is installing packages.
    type: int
    default: 300
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
    details: Tells what is missing, and not whether apt has it.
  connection:
    support: full
  delegation:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: debian
"""

EXAMPLES = r"""
- name: Install nginx
  galilean.hub.packages:
    names: [nginx]
"""

RETURN = r"""
missing:
  description: The packages that were installed, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [nginx]
"""

ARGUMENT_SPEC = {
    "names": {"type": "list", "elements": "str", "default": []},
    "conflicts": {"type": "list", "elements": "str", "default": []},
    "conflict_message": {"type": "str", "default": "Remove these packages first:"},
    "list_age_seconds": {"type": "int", "default": 3600},
    "lock_timeout_seconds": {"type": "int", "default": 300},
}
