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
    anew at the same address, leaves the Swarm it takes itself to be in, and joins.
  - A host in a Swarm of others is refused, and so is one that runs something for a Swarm in which it is no more. A
    manager never leaves a Swarm. Nobody leaves when it is not known which nodes the manager knows.
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
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: The diff names the steps.
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Make the Swarm
  galilean.hub.swarm:
    address: 192.0.2.10
  register: swarm_made
  no_log: true

- name: Join the Swarm
  galilean.hub.swarm:
    address: 192.0.2.11
    manager_address: 192.0.2.10
    join_token: "{{ hostvars['jupiter'].swarm_made.join_token }}"
    members: "{{ hostvars['jupiter'].swarm_made.members }}"
  no_log: true
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [leave, join]
join_token:
  description: Token with which a node joins. A secret. Empty in check mode when there is no Swarm yet.
  returned: on a manager
  type: str
  sample: ''
members:
  description: Ids of the nodes that the manager knows.
  returned: on a manager
  type: list
  elements: str
  sample: [dxn1zf6l61qsb1josjja83ngz]
"""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine_api import ask, membership
from ansible_collections.galilean.hub.plugins.module_utils.swarm import (
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


def take(step: str, params: dict[str, Any]) -> None:
    if step == "init":
        ask("POST", "/swarm/init", init_body(params["address"], params["address_pool"], params["subnet_size"]))
    elif step == "leave":
        ask("POST", "/swarm/leave?force=1")
    else:
        ask("POST", "/swarm/join", join_body(params["address"], params["manager_address"], params["join_token"]))


def converge(module: AnsibleModule) -> dict[str, Any]:
    is_node = bool(module.params["manager_address"])
    found = settled(lambda found: not found.is_settling)
    steps = (
        node_steps(found, module.params["members"], module.params["manager_address"])
        if is_node
        else manager_steps(found)
    )
    if not module.check_mode:
        if "join" in steps and not module.params["join_token"]:
            raise ValueError(
                "the host is in no Swarm, and this run has not asked the manager for the token to join: run this again "
                "with the host of the hub among the hosts."
            )
        for step in steps:
            take(step, module.params)
        found = settled(lambda found: found.state == "active")
        if found.state != "active":
            raise ValueError(f"the host is not in it after {SETTLE_SECONDS} s (state: {found.state}). {found.error}")
    result = {"changed": bool(steps), "steps": steps, "diff": {"before": "", "after": "".join(f"{s}\n" for s in steps)}}
    if found.is_manager:
        result["join_token"] = ask("GET", "/swarm")["JoinTokens"]["Worker"]
        result["members"] = list(found.members)
    return result


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**converge(module))
    except HTTPError as error:
        module.fail_json(msg=f"The engine refuses: {json.loads(error.read() or '{}').get('message', error)}")
    except OSError as error:
        module.fail_json(msg=f"The engine cannot be asked: {error}")
    except ValueError as error:
        module.fail_json(msg=f"Swarm: {error}")


if __name__ == "__main__":
    main()
