#!/usr/bin/python
# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: networks
short_description: Keep Docker networks without cutting anybody off
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes the networks that are missing.
  - A network cannot be changed, only be made anew. One that differs is made anew when nothing is connected to it.
    Otherwise it is left as it is, with a warning that says what differs and what is connected.
  - A subnet that holds the one that is wanted serves as well, and is no difference.
options:
  networks:
    description:
      - The networks.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the network.
        type: str
        required: true
      former_name:
        description:
          - Name that the network had in an earlier release. Where a network of this name is as this one is wanted, it
            makes room for it, since no two bridges have the same interface. Containers that are connected to it are
            disconnected. Restart them with the new one.
        type: str
        default: ''
      driver:
        description:
          - Driver of the network. An V(overlay) can be made on a manager of a Swarm only.
        type: str
        choices: [bridge, overlay]
        required: true
      attachable:
        description:
          - Whether containers that belong to no service can be connected to an overlay.
        type: bool
        default: false
      options:
        description:
          - Options of the driver. Options beside these are left alone.
        type: dict
        default: {}
      subnet:
        description:
          - Subnet of the network. When empty, Docker allots one.
        type: str
        default: ''
requirements:
  - the Docker command line on the host
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
- name: Overlay network of the servers
  galilean.hub.networks:
    networks:
      - name: galilean-main
        driver: overlay
        attachable: true
        subnet: 10.80.0.0/20
        options:
          com.docker.network.driver.mtu: "1450"
"""

RETURN = r"""
networks:
  description: What was found out about each network, and done.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the network.
      type: str
      sample: galilean-main
    action:
      description: What was done, or in check mode would be. V(hold) is a network that differs and is in use.
      type: str
      choices: [none, create, replace, hold]
      sample: create
    differences:
      description: What was not as it is wanted.
      type: list
      elements: str
      sample: ["subnet: 10.80.0.0/20 -> 10.80.0.0/18"]
"""

import json
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.galilean.hub.plugins.module_utils.engine import Engine
from ansible_collections.galilean.hub.plugins.module_utils.networks import create_arguments, differences

ARGUMENT_SPEC = {
    "networks": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "former_name": {"type": "str", "default": ""},
            "driver": {"type": "str", "choices": ["bridge", "overlay"], "required": True},
            "attachable": {"type": "bool", "default": False},
            "options": {"type": "dict", "default": {}},
            "subnet": {"type": "str", "default": ""},
        },
    },
}


def as_docker_tells(wanted: dict[str, Any]) -> dict[str, Any]:
    """The network with options that are texts, as Docker's are."""
    return {**wanted, "options": {name: str(value) for name, value in wanted["options"].items()}}


@dataclass
class Outcome:
    """What became of one network."""

    name: str
    action: str = "none"
    differences: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return self.action in {"create", "replace"}


class Networks(Engine):
    """The networks of this host's engine."""

    def find(self, name: str) -> dict[str, Any] | None:
        # A filter by name means other things to the engine and to Swarm.
        listed = self.docker("network", "ls", "--format", "{{.Name}}").split()
        return json.loads(self.docker("network", "inspect", name))[0] if name in listed else None

    def converge(self, wanted: dict[str, Any]) -> Outcome:
        """Make the network as it is wanted, or in check mode find out what that takes."""
        found = self.find(wanted["name"])
        differing = differences(wanted, found) if found else ["absent -> present"]
        if not differing:
            return Outcome(wanted["name"])
        if found and (connected := self.take_away(found)):
            self.warn_of_held(wanted["name"], differing, connected)
            return Outcome(wanted["name"], "hold", differing)
        if not self.module.check_mode:
            self.take_away_former(wanted)
            self.docker(*create_arguments(wanted))
        return Outcome(wanted["name"], "replace" if found else "create", differing)

    def take_away(self, network: dict[str, Any]) -> str:
        """Remove a network to which nothing is connected, which Docker itself makes sure of; else say what is."""
        connected = ", ".join(sorted(container["Name"] for container in (network["Containers"] or {}).values()))
        if connected or self.module.check_mode:
            return connected
        rc, _out, err = self.try_docker("network", "rm", network["Name"])
        return err if rc else ""

    def take_away_former(self, wanted: dict[str, Any]) -> None:
        """Remove the network that has this one's settings by its former name, from under what is connected to it."""
        former = self.find(wanted["former_name"])
        if former and not differences(wanted, former):
            for container in former["Containers"]:
                self.docker("network", "disconnect", "--force", former["Name"], container)
            self.docker("network", "rm", former["Name"])

    def warn_of_held(self, name: str, differing: list[str], connected: str) -> None:
        self.module.warn(
            f"The network {name} is not as it should be ({'; '.join(differing)}) and was left as it is, because a new "
            f"one would cut off what is connected to it: {connected}. To have it made anew, stop all of them at a time "
            "that suits everybody, the units of hub and proxy too, and run this again."
        )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    networks = Networks(module)
    outcomes = [networks.converge(as_docker_tells(wanted)) for wanted in module.params["networks"]]
    module.exit_json(
        changed=any(outcome.changed for outcome in outcomes),
        networks=[vars(outcome) for outcome in outcomes],
        diff=[
            {
                "before_header": outcome.name,
                "after_header": outcome.name,
                "before": "",
                "after": "".join(f"{difference}\n" for difference in outcome.differences),
            }
            for outcome in outcomes
        ],
    )


if __name__ == "__main__":
    main()
