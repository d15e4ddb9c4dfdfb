#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openstack_departed_servers
short_description: Which servers of a cloud are nodes of the Swarm no more
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Asks the engine of a manager for its nodes, and tells apart the servers that are among them, by the label
    C(galilean.host) or by the name that the node's engine says, and those that may be deleted.
  - On a host that manages no Swarm it is not known what a server runs, so none may be deleted.
  - Changes nothing.
options:
  servers:
    description:
      - The servers that leave.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description:
          - Id.
        type: str
        required: true
      name:
        description:
          - Name, which is the inventory name of the host, and the name that cloud-init gives it.
        type: str
        required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
seealso:
  - module: galilean.hub.swarm_nodes
"""

EXAMPLES = r"""
- name: Ask the Swarm which servers have left it
  galilean.hub.openstack_departed_servers:
    servers:
      - id: 5f0c2f0e-4a52-4d7c-9df5-5a8f3a4e7a11
        name: crater-node-3
"""

RETURN = r"""
departed:
  description: Those of the servers that are nodes no more.
  returned: success
  type: list
  elements: dict
"""

from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.cloud import departed
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask, manages_a_swarm, words_of
from ansible_collections.galilean.hub.plugins.module_utils.nodes import Node


def main() -> None:
    server = {name: {"type": "str", "required": True} for name in ("id", "name")}
    module = AnsibleModule(
        argument_spec={"servers": {"type": "list", "elements": "dict", "required": True, "options": server}},
        supports_check_mode=True,
    )
    try:
        nodes = [Node.from_api(raw) for raw in ask("GET", "/nodes")] if manages_a_swarm() else []
    except HTTPError as error:
        module.fail_json(msg=f"The engine refuses: {words_of(error)}")
    except OSError as error:
        module.fail_json(msg=f"The engine cannot be asked: {error}")
    module.exit_json(changed=False, departed=departed(module.params["servers"], nodes))


if __name__ == "__main__":
    main()
