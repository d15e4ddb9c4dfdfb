#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_info
short_description: Look at the Swarm that a host is in
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Says what the Docker engine of a host tells of its Swarm, from which follows whether M(galilean.hub.swarm) would
    take the host out of it.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: none
  platform:
    platforms: posix
seealso:
  - module: galilean.hub.swarm
"""

EXAMPLES = r"""
- name: Look at the Swarm
  galilean.hub.swarm_info:
  register: found
"""

RETURN = r"""
swarm:
  description: What was found. Empty when the engine cannot be asked. A host without an engine is in no Swarm.
  returned: success
  type: dict
  contains:
    node_id:
      description: Id of the node that the host is.
      type: str
      sample: dxn1zf6l61qsb1josjja83ngz
    state:
      description: How the host is in its Swarm, as the engine calls it. V(inactive) when it is in none.
      type: str
      sample: active
    is_manager:
      description: Whether it manages the Swarm.
      type: bool
      sample: false
    error:
      description: What the engine complains of.
      type: str
      sample: ''
    managers:
      description: Addresses of the managers that the host knows.
      type: list
      elements: str
      sample: [192.0.2.10]
    services:
      description: Names of services, on a manager of all of its Swarm, elsewhere of those that run on the host.
      type: list
      elements: str
      sample: [galilean-main-ada-5c3f2e1a]
    members:
      description: Ids of the nodes that a manager knows.
      type: list
      elements: str
      sample: [dxn1zf6l61qsb1josjja83ngz]
    is_claimed:
      description: Whether a node that a manager knows has the label of this collection.
      type: bool
      sample: true
    address:
      description: Address under which the others have the host in that Swarm. Empty when the engine does not say.
      type: str
      sample: 192.0.2.11
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import SOCKET, membership
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE

ARGUMENT_SPEC: dict[str, dict[str, str]] = {}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        found = asdict(membership() if Path(SOCKET).exists() else NOWHERE)
    except OSError as error:
        module.warn(f"The engine cannot be asked for its Swarm: {error}")
        found = {}
    module.exit_json(changed=False, swarm=found)


if __name__ == "__main__":
    main()
