# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: firewall_rules_of
short_description: What a host has to open, of what the roles of the cluster need open
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes rules for the firewall of one host of those that roles declare for all hosts.
  - A host opens the ports on which somebody listens there. What the hub's container sends passes the firewall of the
    hub's host, whichever host it is for, so only that one has rules for it.
positional: host, hub, origins
options:
  _input:
    description:
      - Rules with C(name), C(protocol), C(ports) where the protocol has any, C(hosts) on which somebody listens, and
        C(from), who connects.
    type: list
    elements: dict
    required: true
  host:
    description:
      - Inventory name of the host.
    type: str
    required: true
  hub:
    description:
      - Inventory name of the hub's host.
    type: str
    required: true
  origins:
    description:
      - Keys of a rule of the firewall by those who connect, C(cluster), C(hub) and C(anywhere).
    type: dict
    required: true
"""

EXAMPLES = r"""
opened: "{{ declared | galilean.hub.firewall_rules_of(inventory_hostname, cluster_hub_host, origins) }}"
vars:
  declared:
    - {name: keeper, protocol: tcp, ports: [8444], hosts: [jupiter], from: [cluster, hub]}
  origins:
    cluster: {sources: [192.0.2.10, 192.0.2.11]}
    hub: {interfaces: ["gal-*"]}
    anywhere: {}
# [{'name': 'keeper', 'protocol': 'tcp', 'ports': [8444], 'sources': ['192.0.2.10', '192.0.2.11']},
#  {'name': 'keeper', 'protocol': 'tcp', 'ports': [8444], 'interfaces': ['gal-*']}]
"""

RETURN = r"""
_value:
  description:
    - The rules, each without C(hosts) and C(from), and with the keys of its origin.
  type: list
  elements: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

OF_A_DECLARATION = ("hosts", "from")


def firewall_rules_of(
    declared: Iterable[Mapping[str, Any]], host: str, hub: str, origins: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rules of a host, one for each origin of each declared rule that concerns it."""
    return [
        {key: value for key, value in rule.items() if key not in OF_A_DECLARATION} | dict(origins[origin])
        for rule in declared
        for origin in rule["from"]
        if (host == hub if origin == "hub" else host in rule["hosts"])
    ]


class FilterModule:
    """Filters over rules of the firewall."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"firewall_rules_of": firewall_rules_of}
