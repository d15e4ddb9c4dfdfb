# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec. What the cloud has is asked by the role itself."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, shown_name, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    ADDRESS_OR_NETWORK,
    FILE_HERE,
    HOST_NAME,
    WORDS,
    Form,
    Range,
    is_port,
)


def _is_private_range(text: str) -> bool:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return network.is_private and 8 <= network.prefixlen <= 28


def _is_public_key(text: str) -> bool:
    """What a line of a public key says in its first word, its second one begins with: RFC 4253, 6.6."""
    if not re.fullmatch(r"((ssh-|ecdsa-|sk-)[\w.@-]+ [A-Za-z0-9+/]+=*( [ -~]*)?)?", text):
        return False
    kind, _space, rest = text.partition(" ")
    try:
        key = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        return False
    return not text or key.startswith(len(kind).to_bytes(4, "big") + kind.encode())


def _is_port_or_range(text: str) -> bool:
    return all(map(is_port, text.split("-", 1)))


NAME_OR_NONE = Form("a name that the cloud has, or nothing", "debian-13", re.compile(r"[!-~][ -~]{0,253}|").fullmatch)
CLUSTER = Form(
    "at most 40 of a-z, 0-9 and -, with a letter in front, or nothing",
    "crater",
    re.compile(r"([a-z]([a-z0-9-]{0,38}[a-z0-9])?)?").fullmatch,
)
ID_OR_NONE = Form("an id, or nothing", "5f0c2f0e-4a52-4d7c-9df5-5a8f3a4e7a11", re.compile(r"[\w-]{0,64}").fullmatch)
FORMS: Mapping[str, Form] = {
    "openstack_account": Form("the name of an account", "debian", re.compile(r"[a-z][a-z0-9_-]{0,31}").fullmatch),
    "openstack_asked_hosts": HOST_NAME,
    "openstack_cloud": NAME_OR_NONE,
    "openstack_cluster": CLUSTER,
    "openstack_deleted_cluster": CLUSTER,
    "openstack_deleted_too": NAME_OR_NONE,
    "openstack_dns_servers": ADDRESS,
    "openstack_external_network": NAME_OR_NONE,
    "openstack_hub_flavor": NAME_OR_NONE,
    "openstack_image": NAME_OR_NONE,
    "openstack_known_hosts": FILE_HERE,
    "openstack_network": NAME_OR_NONE,
    "openstack_network_range": Form("a private network of IPv4", "10.77.0.0/24", _is_private_range),
    "openstack_node_flavor": NAME_OR_NONE,
    "openstack_public_key": Form(
        "a public key as one line, such as a file .pub has it, or nothing",
        "ssh-ed25519 AAAA... galileo@padua",
        _is_public_key,
    ),
    "openstack_ssh_sources": ADDRESS_OR_NETWORK,
    "openstack_volume_type": NAME_OR_NONE,
    "openstack_volume_zone": NAME_OR_NONE,
    "openstack_zone": NAME_OR_NONE,
}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "flavor": NAME_OR_NONE,
    "group_id": ID_OR_NONE,
    "hosts": HOST_NAME,
    "name": WORDS,
    "ports": Form("a port, or a range such as 6000-6010", "8443", _is_port_or_range),
    "volume_id": ID_OR_NONE,
}
RANGES: Mapping[str, Range] = {
    "openstack_boot_volume_size_gib": Range(0, 65_536, example=20),
    "openstack_nodes": Range(0, 200, example=2),
    "openstack_timeout_seconds": Range(10, 7200, example=600),
    "openstack_volume_size_gib": Range(1, 65_536, example=100),
}
NOT_EMPTY = frozenset({"openstack_ssh_sources"})
# What a description of a cloud has to have, with what it may say.
DESCRIPTION = {
    "openstack_cluster": "crater",
    "openstack_external_network": "public",
    "openstack_hub_flavor": "m1.medium",
    "openstack_image": "debian-13",
    "openstack_public_key": "ssh-ed25519 AAAA... galileo@padua",
}


def description_is_whole(cluster: Cluster) -> Iterator[Finding]:
    for host, values in cluster.values.items():
        if values.get("openstack_cloud"):
            has_nodes = values.get("openstack_nodes", 0) > 0
            wanted = {**DESCRIPTION, **({"openstack_node_flavor": "m1.medium"} if has_nodes else {})}
            for name, example in wanted.items():
                if values.get(name) == "":
                    yield Finding(host, name, "a cluster in a cloud needs it", write(name, example))


def range_has_room(cluster: Cluster) -> Iterator[Finding]:
    for host, values in cluster.values.items():
        servers = values.get("openstack_nodes", 0) + 1
        written = values.get("openstack_network_range", "")
        if values.get("openstack_cloud") and written and not values.get("openstack_network"):
            # Those of the range itself, of its gateway, and of a server of DHCP.
            free = ipaddress.IPv4Network(written).num_addresses - 4
            if servers > free:
                problem = f"{written} has {free} addresses for {servers} servers"
                yield Finding(
                    host, "openstack_network_range", problem, write("openstack_network_range", "10.77.0.0/24")
                )


def inventory_finds_the_cluster(cluster: Cluster) -> Iterator[Finding]:
    """The inventory plugin cannot read variables, so the names of cloud and cluster stand in two files."""
    for host in cluster.groups.get("hub", ()):
        values = cluster.values.get(host, {})
        name = values.get("openstack_cluster", "")
        if values.get("openstack_cloud") and name and host != f"{name}-hub":
            problem = f"the inventory finds the hub {shown_name(host)}, and not {name}-hub"
            advice = (
                "Write the names of openstack_cloud and openstack_cluster into openstack.yml of the inventory as well."
            )
            yield Finding(host, "openstack_cluster", problem, advice)


RULES: tuple[Rule, ...] = (description_is_whole, range_has_room, inventory_finds_the_cluster)
