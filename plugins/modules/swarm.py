#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm
short_description: Keep a host in a Docker Swarm
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes a Swarm on its manager, or joins a node to it.
  - What counts is whether the manager knows the node. A node that was taken out of the Swarm, or whose manager was made
    anew at the same address, leaves the Swarm it takes itself to be in, and joins. So does one that the Swarm has at
    another address than its own.
  - A host in a Swarm of others is refused, and so is one that runs something for a Swarm in which it is no more, unless
    O(may_leave). Nobody leaves when it is not known which nodes the manager knows.
  - Who joins waits until nothing is left of the agent that was in the Swarm before, which holds port 7946. An engine
    without an agent reaches no container on other hosts. It is restarted when no container runs on it, and refused
    otherwise.
options:
  address:
    description:
      - Address of this host, for the other hosts and for the traffic between containers.
    type: str
    required: true
  manager_address:
    description:
      - Address of the manager. When empty, this host is the manager.
    type: str
    default: ''
  join_token:
    description:
      - Token with which a node joins. Without one it is refused to join, before it leaves.
    type: str
    default: ''
  members:
    description:
      - Ids of the nodes that the manager knows, itself among them. When empty, it is not known which they are.
    type: list
    elements: str
    default: []
  may_leave:
    description:
      - Whether the host may leave, by force, a Swarm of others, or one for which it runs something. What it runs there
        ends, and on the manager of a Swarm of others that Swarm.
    type: bool
    default: false
  host:
    description:
      - Inventory name of the host.
    type: str
    required: true
  labels:
    description:
      - Labels that the node is to have. M(galilean.hub.swarm_nodes) gives them on the manager, to which RV(node) is
        handed.
    type: dict
    default: {}
  address_pool:
    description:
      - Networks that Swarm allots by itself come from here. It can be said only when the Swarm is made.
    type: str
    default: 10.0.0.0/8
  subnet_size:
    description:
      - Length of the prefix of these networks.
    type: int
    default: 24
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.conn
  - ansible.builtin.action_common_attributes.flow
  - galilean.hub.looking
attributes:
  diff_mode:
    support: full
    details: The diff names the steps.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Make the Swarm
  galilean.hub.swarm:
    host: jupiter
    address: 192.0.2.10
  register: swarm_made

- name: Join the Swarm
  galilean.hub.swarm:
    host: io
    address: 192.0.2.11
    manager_address: 192.0.2.10
    join_token: "{{ hostvars['jupiter'].swarm_token.stdout }}"
    members: "{{ hostvars['jupiter'].swarm_made.members }}"
  register: swarm_joined
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [leave, join]
state:
  description: How the host is in its Swarm, as the engine calls it.
  returned: success
  type: str
  sample: active
node:
  description: The node that the host is, as M(galilean.hub.swarm_nodes) takes it.
  returned: success
  type: dict
  contains:
    host:
      description: Inventory name of the host.
      type: str
      sample: io
    node_id:
      description: Id of the node, in check mode empty as long as the host is in no Swarm.
      type: str
      sample: dxn1zf6l61qsb1josjja83ngz
    labels:
      description: Labels that the node is to have.
      type: dict
      sample: {rack: left}
members:
  description: Ids of the nodes that the manager knows.
  returned: on a manager
  type: list
  elements: str
  sample: [dxn1zf6l61qsb1josjja83ngz]
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask, membership, words_of
from ansible_collections.galilean.hub.plugins.module_utils.nodes import LABEL
from ansible_collections.galilean.hub.plugins.module_utils.swarm import (
    AGENT_PORT,
    Membership,
    init_body,
    join_body,
    manager_steps,
    node_steps,
)

ARGUMENT_SPEC = {
    "address": {"type": "str", "required": True},
    "manager_address": {"type": "str", "default": ""},
    "join_token": {"type": "str", "default": "", "no_log": True},
    "members": {"type": "list", "elements": "str", "default": []},
    "may_leave": {"type": "bool", "default": False},
    "host": {"type": "str", "required": True},
    "labels": {"type": "dict", "default": {}},
    "address_pool": {"type": "str", "default": "10.0.0.0/8"},
    "subnet_size": {"type": "int", "default": 24},
}
# An engine that was just started looks for its manager for so long; joining may take as long.
SETTLE_SECONDS = 60
POLL_SECONDS = 0.5


def settled(is_settled: Callable[[Membership], bool]) -> Membership:
    """What the engine says of its Swarm, once that is settled, or after the time it may take."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = membership()
        if is_settled(found) or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def agent_is_there() -> bool:
    """Whether somebody has the port of the overlay networks' agent, which can only be the engine."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            if kind == socket.SOCK_STREAM:
                # As Go does: connections that have just ended keep nobody away.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("", AGENT_PORT))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                return True
    return False


def agent_becomes(there: bool) -> bool:
    """Wait until the agent is there, or is not; False when it was waited for in vain."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while agent_is_there() != there:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def restart_engine(module: AnsibleModule) -> None:
    """Restart the engine. Raises ValueError where that would end something."""
    running = sorted(container["Names"][0].lstrip("/") for container in ask("GET", "/containers/json"))
    if running:
        raise ValueError(
            f"nothing here is reached from other hosts before the engine has been restarted, and {', '.join(running)} "
            "would end. When these may end: systemctl restart docker"
        )
    module.run_command(["systemctl", "restart", "docker.service"], check_rc=True)


def let_go_of_port(module: AnsibleModule) -> None:
    """Wait until the agent of the Swarm that the host has left is gone. Raises ValueError where it stays."""
    if agent_becomes(there=False):
        return
    restart_engine(module)
    if not agent_becomes(there=False):
        raise ValueError(f"another program has port {AGENT_PORT}: ss --listening --processes 'sport = :{AGENT_PORT}'")


def claim(node_id: str) -> None:
    node = ask("GET", f"/nodes/{node_id}")
    spec = {**node["Spec"], "Labels": {**node["Spec"]["Labels"], LABEL: "false"}}
    ask("POST", f"/nodes/{node_id}/update?version={node['Version']['Index']}", spec)


def take(step: str, module: AnsibleModule) -> None:
    params = module.params
    if step == "restart":
        restart_engine(module)
    elif step == "leave":
        ask("POST", "/swarm/leave?force=1")
    elif step == "init":
        let_go_of_port(module)
        ask("POST", "/swarm/init", init_body(params["address"], params["address_pool"], params["subnet_size"]))
    elif step == "claim":
        claim(settle_in().node_id)
    else:
        let_go_of_port(module)
        ask("POST", "/swarm/join", join_body(params["address"], params["manager_address"], params["join_token"]))


def wanted_steps(params: dict[str, Any], found: Membership) -> list[str]:
    """What makes the host what it is to be. Raises ValueError where it cannot be."""
    if not params["manager_address"]:
        return manager_steps(found, params["may_leave"])
    return node_steps(found, params["members"], params["manager_address"], params["address"], params["may_leave"])


def settle_in() -> Membership:
    """What the engine says of its Swarm, once it is in it. Raises ValueError where it does not get in."""
    found = settled(lambda found: found.state == "active")
    if found.state != "active":
        raise ValueError(f"the host is not in it after {SETTLE_SECONDS} s (state: {found.state}). {found.error}")
    return found


def converge(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    found = settled(lambda found: not found.is_settling)
    steps = wanted_steps(params, found)
    if not steps and not agent_becomes(there=True):
        steps = ["restart"]
    if not module.check_mode:
        if "join" in steps and not params["join_token"]:
            raise ValueError(
                "the host is in no Swarm, and this run has not asked the manager for the token to join: run this again "
                "with the host of the hub among the hosts."
            )
        for step in steps:
            take(step, module)
        found = settle_in()
        if not agent_becomes(there=True):
            take("restart", module)
            found = settle_in()
    result = {
        "changed": bool(steps),
        "steps": steps,
        "state": found.state,
        "node": {"host": params["host"], "node_id": found.node_id, "labels": params["labels"]},
        "diff": {"before": "", "after": "".join(f"{s}\n" for s in steps)},
    }
    if found.is_manager:
        result["members"] = list(found.members)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**converge(module))
    except HTTPError as error:
        module.fail_json(msg=f"The engine refuses: {words_of(error)}")
    except OSError as error:
        module.fail_json(msg=f"The engine cannot be asked: {error}")
    except ValueError as error:
        module.fail_json(msg=f"Swarm: {error}")


if __name__ == "__main__":
    main()
