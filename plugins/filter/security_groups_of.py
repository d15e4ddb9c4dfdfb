# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: security_groups_of
short_description: The security groups of a cluster, of what its roles need open
version_added: 1.0.0
author:
  - The Galilean developers (@galilean)
description:
  - Makes one group for all servers, which lets them out, and in among themselves by SSH and ICMP, and one for each role
    of a server with what roles declare for hosts of it.
  - What comes from the hub's container has the address of the hub's host outside, so it comes from the cluster.
positional: cluster, servers, edge, ssh_sources
options:
  _input:
    description:
      - Rules with C(name), C(protocol), C(ports) where the protocol has any, C(hosts) on which somebody listens, and
        C(from), who connects.
    type: list
    elements: dict
    required: true
  cluster:
    description:
      - Name of the cluster, which the group of all servers has.
    type: str
    required: true
  servers:
    description:
      - Servers with C(name) and C(role).
    type: list
    elements: dict
    required: true
  edge:
    description:
      - Name of the server that people reach, and by which the others are reached.
    type: str
    required: true
  ssh_sources:
    description:
      - Networks from which the edge is reached by SSH.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
groups: "{{ declared | galilean.hub.security_groups_of('crater', servers, 'crater-hub', ['192.0.2.0/24']) }}"
vars:
  servers: [{name: crater-hub, role: hub}]
  declared:
    - {name: HTTPS, protocol: tcp, ports: [443], hosts: [crater-hub], from: [anywhere]}
"""

RETURN = r"""
_value:
  description:
    - Groups with C(name) and C(rules), as M(openstack.cloud.security_group) takes them, that of all servers first.
  type: list
  elements: dict
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

ROLES = ("hub", "nodes")
ANYWHERE = ("0.0.0.0/0", "::/0")


def _ends(port: object) -> tuple[int, int]:
    first, _dash, last = str(port).partition("-")
    return int(first), int(last or first)


def _from(source: str) -> dict[str, Any]:
    """Where a rule lets in from, as Neutron writes it down: an address as the network of it alone."""
    network = ipaddress.ip_network(source)
    return {"remote_ip_prefix": str(network), "ether_type": f"IPv{network.version}"}


def _rules(
    rule: Mapping[str, Any], origins: Iterable[Mapping[str, Any]], ports: Sequence[object] | None
) -> list[dict[str, Any]]:
    common = {"direction": "ingress", "protocol": rule["protocol"], "description": rule["name"]}
    ranges = [dict(zip(("port_range_min", "port_range_max"), _ends(port), strict=True)) for port in ports or ()] or [{}]
    return [{**common, **ends, **origin} for ends in ranges for origin in origins]


def _apart(rules: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that open what another one has opened already: Neutron refuses them."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for rule in rules:
        kept.setdefault(tuple(sorted((key, rule[key]) for key in rule if key != "description")), rule)
    return list(kept.values())


def security_groups_of(
    declared: Iterable[Mapping[str, Any]],
    cluster: str,
    servers: Iterable[Mapping[str, Any]],
    edge: str,
    ssh_sources: Iterable[str],
) -> list[dict[str, Any]]:
    """The group of all servers, and one for each role."""
    declared, role_of = list(declared), {server["name"]: server["role"] for server in servers}
    members = {"remote_group": cluster, "ether_type": "IPv4"}
    origins = {"cluster": [members], "hub": [members], "anywhere": [_from(network) for network in ANYWHERE]}
    ssh = {"name": "SSH", "protocol": "tcp"}
    common = [
        *({"direction": "egress", "ether_type": kind} for kind in ("IPv4", "IPv6")),
        *_rules({"name": "ping", "protocol": "icmp"}, [members], None),
        *_rules(ssh, [members], [22]),
    ]
    groups = [{"name": cluster, "rules": common}]
    for role in ROLES:
        hosts = {name for name, of_name in role_of.items() if of_name == role}
        rules = [
            opened
            for rule in declared
            if not hosts.isdisjoint(rule["hosts"])
            for origin in rule["from"]
            for opened in _rules(rule, origins[origin], rule.get("ports"))
        ]
        if edge in hosts:
            rules += _rules(ssh, map(_from, ssh_sources), [22])
        groups.append({"name": f"{cluster}-{role}", "rules": _apart(rules)})
    return groups


class FilterModule:
    """Filters over rules of the firewall."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"security_groups_of": security_groups_of}
