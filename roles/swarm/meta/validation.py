# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    HOST_NAME,
    MTU,
    WORD,
    Entries,
    Form,
    Range,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    names_a_host,
    needs_of_the_kernel,
)

DOCKER_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
NETWORKS_OF_DOCKER = ("bridge", "docker_gwbridge", "host", "ingress", "none")


def _is_network(text: str) -> bool:
    try:
        return isinstance(ipaddress.ip_network(text), ipaddress.IPv4Network) and "/" in text
    except ValueError:
        return False


def _is_swarm_network(text: str) -> bool:
    return bool(DOCKER_NAME.fullmatch(text)) and text not in NETWORKS_OF_DOCKER


SUBNET = Form("an IPv4 network such as 10.80.0.0/20", "10.80.0.0/20", _is_network)

RANGES: Mapping[str, Range] = {
    "swarm_underlay_mtu": MTU,
}
FORMS: Mapping[str, Form] = {
    "swarm_address": ADDRESS,
    "swarm_address_pool": SUBNET,
    "swarm_hosts": HOST_NAME,
    "swarm_join_token": Form("the token of a Swarm", "", re.compile(r"(SWMTKN-[\w-]{1,200})?", re.ASCII).fullmatch),
    "swarm_manager_host": HOST_NAME,
    "swarm_members": Form("the id of a node", "dxn1zf6l61qsb1josjja83ngz", re.compile(r"[a-z0-9]{25}").fullmatch),
    "swarm_network": Form("1 to 63 letters, digits, _ and -, none of Docker's own", "galilean-main", _is_swarm_network),
    "swarm_overlay_subnet": SUBNET,
}
ENTRIES: Mapping[str, Entries] = {
    "swarm_node_labels": Entries(
        WORD, {"type": "raw", "form": Form("a word", "true", re.compile(r"[\w.:/-]{1,200}", re.ASCII).fullmatch)}
    ),
}
# An empty list here throws nodes out.
NOT_EMPTY = frozenset({"swarm_hosts"})

RULES: tuple[Rule, ...] = (
    names_a_host("swarm_manager_host"),
    needs_of_the_kernel("swarm_network_encrypted", True, "ESP", False),
)
