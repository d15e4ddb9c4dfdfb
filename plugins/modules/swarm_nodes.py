#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_nodes
short_description: Keep the nodes of a Swarm without stopping what runs there
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Compares the nodes of a Swarm with the hosts of the inventory, on the manager. Which node a host is, its own engine
    has told; the label C(galilean.host) of the node remembers it for runs that do not reach the host.
  - Gives nodes their labels, and takes off others of the site's. Swarm stops what runs on a node as soon as labels no
    longer allow it. A node that is to take no more servers is therefore paused in the same update when something runs
    there. It is active again when it is to take servers again. A node that somebody has paused or drained stays so.
  - Removes the nodes that hosts were before they joined anew, once these are down.
  - Takes out workers that no host of the inventory is any more, as O(departed) says. While it is not known of some host
    which node it is, it may be one of these, so they are left alone, with a warning. So are managers, and nodes without
    the label C(galilean.servers), which somebody else has joined.
  - On a host that manages no Swarm there is nothing to do.
options:
  hosts:
    description:
      - Inventory names of all hosts that are to be nodes.
    type: list
    elements: str
    required: true
  nodes:
    description:
      - The nodes that hosts are, of those hosts that this run has asked.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description:
          - Inventory name of the host.
        type: str
        required: true
      node_id:
        description:
          - Id of the node that the engine of the host says it is. Empty when it is in no Swarm.
        type: str
        required: true
      labels:
        description:
          - Labels that the node is to have, C(galilean.servers) among them. Without any they stay as they are.
        type: dict
        default: {}
  departed:
    description:
      - What becomes of a worker whose host is no more in the inventory, or is another node now while this one is up.
      - V(keep) leaves it in the Swarm.
      - V(remove) takes it out when nothing runs there, and fails before anything is changed when something does.
      - V(move) drains it, waits until what ran there runs on another node, and takes it out last. A run that dies
        between is gone on with by the next, or undone when the host is in the inventory again.
    type: str
    choices: [keep, remove, move]
    default: keep
  timeout_seconds:
    description:
      - How long to wait until what ran on such a node runs on another.
    type: int
    default: 300
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
    details: The diff holds what is wanted of each node, before and after.
  platform:
    platforms: posix
seealso:
  - module: galilean.hub.swarm
"""

EXAMPLES = r"""
- name: Label the nodes
  galilean.hub.swarm_nodes:
    hosts: [jupiter, io]
    nodes:
      - host: io
        node_id: dxn1zf6l61qsb1josjja83ngz
        labels:
          galilean.servers: "true"
          rack: left

- name: Take out the nodes that left the inventory
  galilean.hub.swarm_nodes:
    hosts: [jupiter, io]
    nodes: []
    departed: remove
"""

RETURN = r"""
updated:
  description: Nodes that were given other labels or another availability, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["io (192.0.2.11)"]
removed:
  description: Nodes that were taken out, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["europa (192.0.2.12)"]
moved:
  description: Services that were moved to other nodes, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [galilean-main-ada-5c3f2e1a]
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask, manages_a_swarm, words_of
from ansible_collections.galilean.hub.plugins.module_utils.nodes import (
    Node,
    Task,
    check_ids,
    departure,
    held,
    released,
    twins,
    unknown_hosts,
    waiting,
    wanted,
    wanted_services,
)

ARGUMENT_SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "host": {"type": "str", "required": True},
            "node_id": {"type": "str", "required": True},
            "labels": {"type": "dict", "default": {}},
        },
    },
    "departed": {"type": "str", "choices": ["keep", "remove", "move"], "default": "keep"},
    "timeout_seconds": {"type": "int", "default": 300},
}
POLL_SECONDS = 1
# A manager takes a node that has left for ready until it misses its heartbeats.
SETTLE_SECONDS = 60
# The watch over the homes updates nodes as well.
TRIES = 5


def all_nodes() -> list[Node]:
    return [Node.from_api(raw) for raw in ask("GET", "/nodes")]


def all_tasks() -> list[Task]:
    names = {service["ID"]: service["Spec"]["Name"] for service in ask("GET", "/services")}
    return [Task.from_api(raw, names) for raw in ask("GET", "/tasks")]


def settled_nodes(node_ids: dict[str, str]) -> list[Node]:
    """The nodes, once those are down that hosts were before they joined anew, or after the time that may take."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        nodes = all_nodes()
        if all(node.state == "down" for node in twins(nodes, node_ids)) or time.monotonic() > deadline:
            return nodes
        time.sleep(POLL_SECONDS)


def update(node_id: str, change: Callable[[Node], Node]) -> None:
    """Change what is wanted of a node. Raises OSError when the engine refuses, be it that others change it as well."""
    for tries_left in reversed(range(TRIES)):
        node = Node.from_api(ask("GET", f"/nodes/{node_id}"))
        try:
            ask("POST", f"/nodes/{node_id}/update?version={node.version}", change(node).spec)
            return
        except HTTPError:
            if not tries_left:
                raise


def hold(nodes: Sequence[Node], refuse: Callable[[], None]) -> None:
    """Have nothing begin on idle nodes any more, and let go of them where something has begun at the last moment."""
    active = [node for node in nodes if node.availability == "active"]
    for node in active:
        update(node.node_id, lambda found: held(found, "pause"))
    try:
        refuse()
    except ValueError:
        for node in active:
            update(node.node_id, released)
        raise


def move(node: Node, services: Sequence[str], seconds: float) -> None:
    """Drain the node, and wait until these services run elsewhere and nothing runs there any more."""
    update(node.node_id, lambda found: held(found, "drain"))
    deadline = time.monotonic() + seconds
    while left_over := waiting(all_tasks(), node, services):
        if time.monotonic() > deadline:
            raise ValueError(
                f"{node} is not taken out of the Swarm, because after {seconds} s these do not run on another node: "
                f"{', '.join(left_over)}. docker service ps tells why. The node is drained, and the next run goes on "
                "from there."
            )
        time.sleep(POLL_SECONDS)


def refuse_busy(nodes: Sequence[Node], tasks: Sequence[Task]) -> None:
    """Raise ValueError when a node that is no host any more has work."""
    busy = {str(node): wanted_services(tasks, node) for node in nodes}
    lines = [f"{node}, with {', '.join(services)}" for node, services in busy.items() if services]
    if lines:
        raise ValueError(
            f"Not in the inventory any more, but at work: {'; '.join(lines)}. Nothing was changed. Put the host back "
            "into the inventory, or wait until nobody works there, or let the servers start anew on other nodes, where "
            "kernels are lost and files are not: --extra-vars removed_nodes_moves_servers=true"
        )


def converge(module: AnsibleModule) -> dict[str, Any]:
    hosts, departed = module.params["hosts"], module.params["departed"]
    given = {node["node_id"]: node for node in module.params["nodes"] if node["labels"]}
    node_ids = {node["host"]: node["node_id"] for node in module.params["nodes"]}
    check_ids(node_ids)
    nodes = settled_nodes(node_ids) if manages_a_swarm() else []
    tasks = all_tasks() if nodes else []

    known = {node.node_id for node in nodes}
    joining = [node["host"] for node_id, node in given.items() if node_id not in known]
    if joining and not module.check_mode:
        raise ValueError(f"The manager has no node that is {', '.join(joining)}: let the host join first.")

    def labelled(node: Node) -> Node:
        labels = {name: str(value) for name, value in given[node.node_id]["labels"].items()}
        return wanted(node, given[node.node_id]["host"], labels, bool(wanted_services(tasks, node)))

    before = [node for node in nodes if node.node_id in given and labelled(node) != node]
    found = departure(nodes, hosts, node_ids)
    left = found.left if departed != "keep" else ()
    if found.doubtful:
        unknown = ", ".join(unknown_hosts(nodes, hosts, node_ids))
        module.warn(
            f"Left in the Swarm, though no host of the inventory says that it is the node: "
            f"{', '.join(map(str, found.doubtful))}. It may be {unknown}, of which that is not known."
        )
    if departed != "move":
        refuse_busy(left, tasks)
    if not module.check_mode:
        for node in before:
            update(node.node_id, labelled)
        if left and departed != "move":
            hold(left, lambda: refuse_busy(left, all_tasks()))
        for node in left:
            move(node, wanted_services(tasks, node), module.params["timeout_seconds"])
        for node in [*found.replaced, *left]:
            ask("DELETE", f"/nodes/{node.node_id}?force=1")
    removed = [*found.replaced, *left]
    return {
        "changed": bool(before or removed or joining),
        "updated": [*map(str, before), *joining],
        "removed": [*map(str, removed)],
        "moved": sorted(service for node in left for service in wanted_services(tasks, node)),
        "diff": {"before": shown([*before, *removed]), "after": shown([labelled(node) for node in before])},
    }


def shown(nodes: Sequence[Node]) -> str:
    return json.dumps({node.node_id: node.spec for node in nodes}, indent=2, sort_keys=True) + "\n"


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**converge(module))
    except HTTPError as error:
        module.fail_json(msg=f"The engine refuses: {words_of(error)}")
    except OSError as error:
        module.fail_json(msg=f"The engine cannot be asked: {error}")
    except ValueError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
