#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_node
short_description: Keep the labels of a node of a Swarm without stopping what runs there
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Gives a node of a Swarm these labels and no others of the site's. It runs on a manager.
  - Swarm stops what runs on a node as soon as labels no longer allow it. A node that is to take no more servers is
    therefore paused in the same update when something runs there. It is active again when it is to take servers again.
  - A node that somebody has paused or drained stays so.
options:
  hostname:
    description:
      - Host name of the node. When a machine was made anew, several nodes have its name, and the one that is up is
        meant.
    type: str
    required: true
  takes_servers:
    description:
      - Whether the node takes students' servers, which is its label C(galilean.servers).
    type: bool
    required: true
  labels:
    description:
      - Labels beside that.
    type: dict
    default: {}
requirements:
  - the Docker command line on the host
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff holds the arguments of C(docker node update).
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Label the node
  galilean.hub.swarm_node:
    hostname: io
    takes_servers: true
    labels:
      rack: left
"""

RETURN = r"""
update:
  description: Arguments of C(docker node update) that were used, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["--label-add=galilean.servers=false", "--availability=pause"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine import Engine
from ansible_collections.galilean.hub.plugins.module_utils.nodes import (
    LABEL,
    newest,
    update_arguments,
    wanted_services,
)

ARGUMENT_SPEC = {
    "hostname": {"type": "str", "required": True},
    "takes_servers": {"type": "bool", "required": True},
    "labels": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    engine = Engine(module)
    labels = {name: str(value) for name, value in module.params["labels"].items()}
    labels[LABEL] = "true" if module.params["takes_servers"] else "false"
    node = newest(engine.nodes() if engine.manages_a_swarm else [], module.params["hostname"])
    if node is None:
        if not module.check_mode:
            module.fail_json(msg=f"{module.params['hostname']} is no node of a Swarm that this host manages")
        module.exit_json(changed=True, update=[f"--label-add={name}={value}" for name, value in labels.items()])
    arguments = update_arguments(node, labels, bool(wanted_services(engine.tasks_on(node))))
    if arguments and not module.check_mode:
        engine.docker("node", "update", *arguments, node.node_id)
    module.exit_json(
        changed=bool(arguments),
        update=arguments,
        diff={"before": "", "after": "".join(f"{argument}\n" for argument in arguments)},
    )


if __name__ == "__main__":
    main()
