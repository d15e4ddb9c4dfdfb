# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a host that may not have answered in this run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import quoted
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS

PRIVATE_ADDRESS = "cluster_private_address"


# What the role cluster registers where it gathers facts: those of a cache may be of another day.
GATHERED = "cluster_facts"


def is_reached(host: str, hostvars: Mapping[str, Any]) -> bool:
    """Whether the facts of a host were gathered in this run, as those of the hub are in every run that goes on."""
    variables = hostvars[host]
    is_fresh = GATHERED in variables or host in variables["groups"]["hub"]
    return is_fresh and "default_ipv4" in variables["ansible_facts"]


def known_host(host: str, hostvars: Mapping[str, Any]) -> dict[str, str]:
    """`address` and `hostname` of a host, as far as they are known.

    Of a host that was not reached in this run it is what the hub remembers: `hosts` among its local facts, in a file
    that the role base writes. Raises AnsibleFilterError where a host was reached and neither variable nor fact tells
    its address, and where what they tell is no address of one host: ports and exports are open to whoever has it, and
    a host says of itself what it likes.
    """
    variables = hostvars[host]
    if is_reached(host, hostvars):
        known, source = _found(variables["ansible_facts"]), "the fact default_ipv4"
    else:
        known, source = _remembered(host, hostvars), "what the hub remembers"
    if PRIVATE_ADDRESS in variables:
        known["address"], source = str(variables[PRIVATE_ADDRESS]), PRIVATE_ADDRESS
    elif is_reached(host, hostvars) and "address" not in known:
        raise AnsibleFilterError(f"{host} has no default route, whose address would be its own; set {PRIVATE_ADDRESS}")
    if "address" in known and not ADDRESS.fits(known["address"]):
        raise AnsibleFilterError(
            f"{host}: expected {ADDRESS.words} in {source}, found {quoted(known['address'])}; set {PRIVATE_ADDRESS}"
        )
    return known


def _found(facts: Mapping[str, Any]) -> dict[str, str]:
    addresses = {"address": str(facts["default_ipv4"]["address"])} if "address" in facts["default_ipv4"] else {}
    return {"hostname": str(facts["hostname"]), **addresses}


def _remembered(host: str, hostvars: Mapping[str, Any]) -> dict[str, str]:
    (hub,) = hostvars[host]["groups"]["hub"]
    hosts: Mapping[str, Mapping[str, str]] = hostvars[hub]["ansible_facts"].get("ansible_local", {}).get("hosts", {})
    return dict(hosts.get(host, {}))
