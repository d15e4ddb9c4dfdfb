# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no variable shows by itself: rules over the hosts, their groups and variables together."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.galilean.hub.plugins.module_utils.validation.findings import WHERE, Finding, quoted, write

GROUPS = ("hub", "nodes", "storage", "edge")
GROUP_LIKENESS = 0.75
OF_THE_WHOLE_CLUSTER = (
    "cluster_class_size",
    "cluster_homes_directory",
    "cluster_instance",
    "cluster_public_url",
    "cluster_secrets_directory",
)
ORDERED_PAIRS = (("_guarantee", "_limit"), ("_minimum", "_maximum"), ("_renew_before_days", "_validity_days"))
# Hub, proxy, network, broadcast and gateway, and some to spare while a service is replaced.
ADDRESSES_OF_THE_CLUSTER = 16
ADDRESSES_OF_A_NODE = 2
SUCCESSOR_SHARE = 4
MIB = 2**20
UNITS = {"": 1, "K": 2**10, "M": MIB, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Cluster:
    """The inventory as plain data.

    values holds, per host, the variables that passed their own checks, with the roles' defaults; a rule that misses one
    says nothing. memory_mib holds the memory of those hosts that were asked.
    """

    groups: Mapping[str, Sequence[str]]
    values: Mapping[str, Mapping[str, Any]]
    memory_mib: Mapping[str, int]

    @property
    def hosts(self) -> list[str]:
        return sorted({host for group in GROUPS for host in self.groups.get(group, ())})

    @property
    def hub(self) -> str:
        """Host of the hub, empty when it cannot be told."""
        members = self.groups.get("hub", ())
        return members[0] if len(members) == 1 else ""

    @property
    def hub_values(self) -> Mapping[str, Any]:
        return self.values.get(self.hub, {})

    @property
    def servers_hosts(self) -> Sequence[str]:
        """Hosts on which students' servers run."""
        return self.groups.get("nodes") or [self.hub]


def check(cluster: Cluster) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(cluster)]


def one_hub(cluster: Cluster) -> Iterator[Finding]:
    members = cluster.groups.get("hub", ())
    if len(members) != 1:
        problem = f"expected exactly one host, found {', '.join(sorted(members)) or 'none'}"
        yield Finding("", "group hub", problem, "Put the one host that runs the hub into the group hub.")


def one_host_each(cluster: Cluster) -> Iterator[Finding]:
    for group in ("storage", "edge"):
        members = cluster.groups.get(group, ())
        if len(members) > 1:
            problem = f"expected at most one host, found {', '.join(sorted(members))}"
            yield Finding("", f"group {group}", problem, f"Leave one host in the group {group}.")


def hub_is_no_node(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({*cluster.groups.get("hub", ())} & {*cluster.groups.get("nodes", ())}):
        advice = "Take it out of nodes; with no nodes at all the hub runs the servers itself."
        yield Finding(host, "group nodes", "the host of the hub is one of its nodes", advice)


def groups_are_spelt(cluster: Cluster) -> Iterator[Finding]:
    for group in cluster.groups:
        nearest = get_close_matches(group, GROUPS, n=1, cutoff=GROUP_LIKENESS)
        if nearest and group not in GROUPS:
            yield Finding("", f"group {group}", "no playbook uses a group of this name", f"Did you mean {nearest[0]}?")


def same_everywhere(cluster: Cluster) -> Iterator[Finding]:
    for name in OF_THE_WHOLE_CLUSTER:
        for host in cluster.hosts:
            values = cluster.values.get(host, {})
            if name in values and name in cluster.hub_values and values[name] != cluster.hub_values[name]:
                problem = f"expected the value of {cluster.hub}, found another"
                yield Finding(host, name, problem, f"Write {name} in group_vars/all.yml only.")


def somebody_may_log_in(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    names = ("jupyterhub_allow_all", "jupyterhub_allowed_users", "jupyterhub_admin_users")
    if not all(name in values for name in (*names, "jupyterhub_authenticator_options")):
        return
    options = values["jupyterhub_authenticator_options"]
    by_options = any(value for key, value in options.items() if str(key).startswith(("allow", "admin")))
    if not by_options and not any(values[name] for name in names):
        problem = "nobody is allowed to log in: jupyterhub_allow_all is false and no user is named"
        yield Finding(cluster.hub, "jupyterhub_allowed_users", problem, write("jupyterhub_allowed_users", ["a-name"]))


def dummy_stays_at_home(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if values.get("jupyterhub_authenticator") == "dummy" and "cluster_public_url" in values:
        url = values["cluster_public_url"]
        if not is_loopback(urlsplit(url).hostname or ""):
            problem = f"the dummy authenticator is for this machine only, and cluster_public_url is {quoted(url)}"
            yield Finding(cluster.hub, "jupyterhub_authenticator", problem, write("jupyterhub_authenticator", "native"))


def pairs_in_order(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        for name in sorted(values):
            for low, high in ORDERED_PAIRS:
                other = name.removesuffix(low) + high
                if name.endswith(low) and other in values and amount(values[name]) > amount(values[other]):
                    problem = f"expected at most {other}, which is {values[other]}, found {values[name]}"
                    yield Finding(host, name, problem, write(name, values[other]))


def overlay_fits_class(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if "swarm_overlay_subnet" not in values or "cluster_class_size" not in values:
        return
    subnet, class_size = ipaddress.IPv4Network(values["swarm_overlay_subnet"]), values["cluster_class_size"]
    needed = addresses_needed(class_size, len(cluster.servers_hosts))
    if subnet.num_addresses < needed:
        problem = f"{subnet} has {subnet.num_addresses} addresses, and a class of {class_size} needs {needed}"
        larger = ipaddress.IPv4Network((subnet.network_address, 32 - (needed - 1).bit_length()), strict=False)
        yield Finding(cluster.hub, "swarm_overlay_subnet", problem, write("swarm_overlay_subnet", str(larger)))


def networks_apart(cluster: Cluster) -> Iterator[Finding]:
    names = ("swarm_overlay_subnet", "swarm_address_pool")
    if all(name in cluster.hub_values for name in names):
        subnet, pool = (ipaddress.IPv4Network(cluster.hub_values[name]) for name in names)
        if subnet.overlaps(pool):
            advice = f"Write in {WHERE} a network that does not touch {pool}."
            yield Finding(cluster.hub, names[0], f"{subnet} overlaps with {names[1]}, which is {pool}", advice)


def memory_suffices(cluster: Cluster) -> Iterator[Finding]:
    values, hosts = cluster.hub_values, cluster.servers_hosts
    names = ("jupyterhub_memory_guarantee", "cluster_class_size")
    if not all(name in values for name in names) or not all(host in cluster.memory_mib for host in hosts):
        return
    guarantee, class_size = amount(values[names[0]]), values[names[1]]
    # A server runs on one node: what is left over on each of two does not make room for one more.
    places = sum(int(cluster.memory_mib[host] * MIB // guarantee) for host in hosts) if guarantee else class_size
    if places < class_size:
        memory = " and ".join(f"{host} {cluster.memory_mib[host]} MiB" for host in sorted(hosts))
        problem = f"{values[names[0]]} for each of {class_size} is promised, room is for {places} ({memory})"
        yield Finding(cluster.hub, names[0], problem, f"Lower it or cluster_class_size in {WHERE}, or add nodes.")


def certificate_has_key(cluster: Cluster) -> Iterator[Finding]:
    pair = ("proxy_certificate", "proxy_private_key")
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        if all(name in values for name in pair) and bool(values[pair[0]]) != bool(values[pair[1]]):
            missing, given = sorted(pair, key=lambda name: bool(values[name]))
            advice = f"Write both in {WHERE}, or leave out {given}."
            yield Finding(host, missing, f"{given} is given without it", advice)


def amount(size: str | float) -> float:
    """A number, or the bytes of a size such as 512M in the units of JupyterHub, which are powers of 1024."""
    if not isinstance(size, str):
        return size
    number = size.rstrip("KMGT")
    return float(number) * UNITS[size[len(number) :]]


def memory_mib(meminfo: str) -> int:
    """Memory of a host from the base64 content of its /proc/meminfo."""
    kib = re.search(rb"^MemTotal:\s+(\d+) kB$", base64.b64decode(meminfo), re.MULTILINE)
    return int(kib[1]) // 1024 if kib else 0


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def addresses_needed(class_size: int, nodes: int) -> int:
    """Addresses an overlay network needs: with dnsrr one a server, and some for the successors of those that stop."""
    return class_size + class_size // SUCCESSOR_SHARE + ADDRESSES_OF_A_NODE * nodes + ADDRESSES_OF_THE_CLUSTER


RULES: Sequence[Callable[[Cluster], Iterator[Finding]]] = (
    one_hub,
    one_host_each,
    hub_is_no_node,
    groups_are_spelt,
    same_everywhere,
    somebody_may_log_in,
    dummy_stays_at_home,
    pairs_in_order,
    overlay_fits_class,
    networks_apart,
    memory_suffices,
    certificate_has_key,
)
