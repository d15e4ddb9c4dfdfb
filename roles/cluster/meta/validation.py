# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, shown_name
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    DIRECTORY,
    DIRECTORY_HERE,
    HOST_NAME,
    INSTANCE,
    Form,
    Range,
    is_url_of_a_host,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    needs_of_the_kernel,
    same_everywhere,
)


def _is_public_url(text: str) -> bool:
    return text.startswith("https://") and is_url_of_a_host(text)


RANGES: Mapping[str, Range] = {
    "cluster_class_size": Range(1, 20_000),
    "cluster_hub_uid": Range(1, 65_533),
}
FORMS: Mapping[str, Form] = {
    "cluster_edge_host": HOST_NAME,
    "cluster_homes_directory": DIRECTORY,
    "cluster_hub_host": HOST_NAME,
    "cluster_instance": INSTANCE,
    "cluster_node_hosts": HOST_NAME,
    "cluster_private_address": ADDRESS,
    "cluster_public_url": Form(
        "https:// and a host, with a port when it is not 443", "https://hub.example.org", _is_public_url
    ),
    "cluster_secrets_directory": DIRECTORY_HERE,
    "cluster_storage_host": HOST_NAME,
}
# Each host has an address of its own.
PER_HOST = frozenset({"cluster_private_address"})


def addresses_apart(cluster: Cluster) -> Iterator[Finding]:
    name = "cluster_private_address"
    advice = f"Write {name} in {WHERE} with the address at which the other hosts reach this one."
    told = {host: cluster.values.get(host, {}).get(name) for host in cluster.hosts}
    seen: dict[object, str] = {}
    for host, address in told.items():
        # IPv6 writes one address in several ways.
        place = ipaddress.ip_address(address) if address else None
        if place in seen:
            yield Finding(host, name, f"{address} is the address of {shown_name(seen[place])} too", advice)
        elif place:
            seen[place] = host


def site_mounts_the_homes(cluster: Cluster) -> Iterator[Finding]:
    """What is written where the site's mount is missing is hidden by it when it comes back."""
    for host in (host for host in cluster.homes_hosts if host in cluster.mount_points):
        mount_points = cluster.mount_points[host]
        values, name = cluster.values.get(host, {}), "cluster_homes_directory"
        directory = values.get(name, "")
        is_mounted = any(f"{directory}/".startswith(f"{path}/") for path in mount_points if path != "/")
        if values.get("cluster_homes_provider") == "site" and directory and not is_mounted:
            problem = f"expected a directory that the site has mounted, found {directory} on the disk of the host"
            yield Finding(
                host, name, problem, f"Mount the homes there, or write cluster_homes_provider: nfs in {WHERE}."
            )


RULES: tuple[Rule, ...] = (
    same_everywhere("cluster_ca_directory"),
    same_everywhere("cluster_class_size"),
    same_everywhere("cluster_endpoint_mode"),
    same_everywhere("cluster_homes_directory"),
    same_everywhere("cluster_homes_provider"),
    same_everywhere("cluster_instance"),
    same_everywhere("cluster_public_url"),
    same_everywhere("cluster_secrets_directory"),
    addresses_apart,
    site_mounts_the_homes,
    needs_of_the_kernel("cluster_endpoint_mode", "vip", "IPVS", "dnsrr"),
)
