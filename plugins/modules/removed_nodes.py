#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: removed_nodes
short_description: Take nodes out of a Swarm whose hosts left the inventory
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Compares the workers of a Swarm with the hosts of the inventory, on the manager. A worker whose host is gone from
    the inventory, by its name and by its address, is taken out of the Swarm.
  - A worker on which something runs is left as it is, and the module fails, unless O(move) says that its services are
    to be moved to other nodes. Then the node is drained, what ran there is waited for until it runs on another node,
    and the node is taken out last. A run that dies between is gone on with by the next, or undone by
    M(galilean.hub.swarm_node) when the host is in the inventory again.
  - A node that is merely down and in the inventory is left alone. So are managers, and nodes without the label
    C(galilean.servers), which somebody else has joined.
  - On a host that manages no Swarm there is nothing to do.
options:
  hostnames:
    description:
      - Host names of the hosts that are in the inventory.
    type: list
    elements: str
    required: true
  addresses:
    description:
      - Addresses of these hosts, as the manager sees them.
    type: list
    elements: str
    required: true
  unknown_hosts:
    description:
      - Hosts of the inventory that no run has reached. While there are any, a node that is missing from the inventory
        may be one of theirs, so it is left alone, with a warning.
    type: list
    elements: str
    default: []
  move:
    description:
      - Whether services that run on such a node are moved to other nodes, where they start anew.
    type: bool
    default: false
  timeout_seconds:
    description:
      - How long to wait until what ran on such a node runs on another.
    type: int
    default: 300
requirements:
  - the Docker command line on the host
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff names the nodes that are taken out.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Take out the nodes that left the inventory
  galilean.hub.removed_nodes:
    hostnames: [jupiter, io]
    addresses: [192.0.2.10, 192.0.2.11]
"""

RETURN = r"""
removed:
  description: Host names of the nodes that were taken out, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [europa]
moved:
  description: Services that were moved to other nodes, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [galilean-main-ada-5c3f2e1a]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine import Engine
from ansible_collections.galilean.hub.plugins.module_utils.nodes import (
    LEAVING,
    STAY,
    Node,
    left,
    missing,
    parse_tasks,
    runs_elsewhere,
    wanted_services,
)

ARGUMENT_SPEC = {
    "hostnames": {"type": "list", "elements": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "unknown_hosts": {"type": "list", "elements": "str", "default": []},
    "move": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "int", "default": 300},
}
POLL_SECONDS = 1


def runs_elsewhere_than(engine: Engine, service: str, node: Node) -> bool:
    """Whether the service runs on another node; one that was ended meanwhile needs not."""
    rc, out, _err = engine.try_docker("service", "ps", "--no-trunc", "--format", "{{json .}}", service)
    return rc != 0 or runs_elsewhere(parse_tasks(out), node.hostname)


def waiting(engine: Engine, node: Node, services: list[str]) -> list[str]:
    """The services that still run on the node, or do not yet run elsewhere. What a lost node runs is not known."""
    ending = {task.service for task in engine.tasks_on(node) if task.runs} if node.state == "ready" else set()
    return sorted(ending | {service for service in services if not runs_elsewhere_than(engine, service, node)})


def move(engine: Engine, node: Node, services: list[str]) -> None:
    """Drain the node, and wait until these services run elsewhere and nothing runs there any more."""
    engine.docker("node", "update", "--availability=drain", f"--label-add={LEAVING}=true", node.node_id)
    seconds = engine.module.params["timeout_seconds"]
    deadline = time.monotonic() + seconds
    while left_over := waiting(engine, node, services):
        if time.monotonic() > deadline:
            engine.module.fail_json(
                msg=f"{node.hostname} is not taken out of the Swarm, because after {seconds} s these do not run on "
                f"another node: {', '.join(left_over)}. docker service ps tells why. The node is drained, and the next "
                "run goes on from there."
            )
        time.sleep(POLL_SECONDS)


def busy_with(engine: Engine, nodes: list[Node]) -> dict[str, list[str]]:
    """What runs on each node, by host name."""
    return {node.hostname: wanted_services(engine.tasks_on(node)) for node in nodes}


def hold(engine: Engine, nodes: list[Node]) -> None:
    """Have nothing begin on idle nodes any more, and let go of them where something has begun at the last moment."""
    held = [node for node in nodes if node.availability == "active"]
    for node in held:
        engine.docker("node", "update", "--availability=pause", f"--label-add={LEAVING}=true", node.node_id)
    busy = busy_with(engine, nodes)
    if any(busy.values()):
        for node in held:
            engine.docker("node", "update", *STAY, node.node_id)
    refuse(engine.module, busy)


def refuse(module: AnsibleModule, busy: dict[str, list[str]]) -> None:
    """End the module when a node that left the inventory has work and nobody said that it may be moved."""
    lines = [f"{hostname}, with {', '.join(services)}" for hostname, services in busy.items() if services]
    if lines and not module.params["move"]:
        module.fail_json(
            msg=f"Not in the inventory any more, but at work: {'; '.join(lines)}. Nothing was changed. Put the host "
            "back into the inventory, or wait until nobody works there, or let the servers start anew on other nodes, "
            "where kernels are lost and files are not: --extra-vars drain_moves_servers=true"
        )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    engine = Engine(module)
    nodes = engine.nodes() if engine.manages_a_swarm else []
    inventory = module.params["hostnames"], module.params["addresses"]
    gone = left(nodes, *inventory, module.params["unknown_hosts"])
    if doubtful := [node.hostname for node in missing(nodes, *inventory) if node not in gone]:
        module.warn(
            f"Left in the Swarm, though in the inventory neither by name nor by address: {', '.join(doubtful)}. "
            f"It may be {', '.join(module.params['unknown_hosts'])}, which no run has reached."
        )
    busy = busy_with(engine, gone)
    refuse(module, busy)
    if not module.check_mode:
        if not module.params["move"]:
            hold(engine, gone)
        for node in gone:
            move(engine, node, busy[node.hostname])
            engine.docker("node", "rm", "--force", node.node_id)
    module.exit_json(
        changed=bool(gone),
        removed=[node.hostname for node in gone],
        moved=sorted(service for services in busy.values() for service in services),
        diff={"before": "".join(f"{node.hostname}\n" for node in gone), "after": ""},
    )


if __name__ == "__main__":
    main()
