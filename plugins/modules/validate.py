#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: validate
short_description: Refuse a wrong inventory before anything is changed
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Compares the variables of all hosts of the inventory with the argument specs of the collection's roles,
    and the hosts, their groups and variables with each other.
  - Types are taken strictly, a string is no list. Only booleans and numbers may be strings, as the command line and INI
    inventories give them, and these must be unambiguous.
  - A variable that begins with a role's name and is read by no role is refused, with the nearest name.
  - All findings are told at once, each with host, variable, what was found and what to write. Values of secrets
    are never shown.
  - It runs on the controller, once for all hosts, and connects to none of them.
options:
  subject:
    description:
      - What is compared with the rules.
      - V(inventory) needs no facts. Values that are templates of facts are left for later.
      - V(hosts) takes the facts into account, which have to be gathered before.
    type: str
    choices: [inventory, hosts]
    default: inventory
  looks:
    description:
      - What M(galilean.hub.host_info) tells, by host. With it the variables are compared with what the hosts have.
      - What could not be found out of a host is compared with nothing, and named in a warning.
    type: dict
    default: {}
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
    support: none
  bypass_host_loop:
    support: full
  check_mode:
    support: full
  connection:
    support: none
  delegation:
    support: none
  diff_mode:
    support: none
  platform:
    platforms: all
"""

EXAMPLES = r"""
- name: Check the inventory
  galilean.hub.validate:

- name: Look at the host
  galilean.hub.host_info:
  become: true
  register: look

- name: Check what the hosts have
  galilean.hub.validate:
    subject: hosts
    looks: "{{ dict(groups['nodes'] | zip(groups['nodes'] | map('extract', hostvars, 'look'))) }}"
"""

RETURN = r"""
msg:
  description: The number of findings and one line for each, or what was looked at.
  returned: always
  type: str
  sample: |-
    The inventory is refused, and nothing was changed. Findings: 1
    jupiter: swarm_manager: expected true or false, found a list. Write swarm_manager: false in host_vars/jupiter.yml.
"""
