# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules over hosts and their groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import GROUPS, Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, shown_name
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import is_host

GROUP_LIKENESS = 0.75
# Who asks a cloud for the servers, which may not exist yet.
CLOUD = "cloud"


def one_hub(cluster: Cluster) -> Iterator[Finding]:
    members = cluster.groups.get("hub", ())
    is_to_be_made = not members and bool(cluster.groups.get(CLOUD))
    if len(members) != 1 and not is_to_be_made:
        problem = f"expected exactly one host, found {_listed(members) or 'none'}"
        yield Finding("", "group hub", problem, "Put the one host that runs the hub into the group hub.")


def one_host_each(cluster: Cluster) -> Iterator[Finding]:
    for group in ("storage", "edge"):
        members = cluster.groups.get(group, ())
        if len(members) > 1:
            problem = f"expected at most one host, found {_listed(members)}"
            yield Finding("", f"group {group}", problem, f"Leave one host in the group {group}.")


def hub_is_no_node(cluster: Cluster) -> Iterator[Finding]:
    for host in sorted({*cluster.groups.get("hub", ())} & {*cluster.groups.get("nodes", ())}):
        advice = "Take it out of nodes; with no nodes at all the hub runs the servers itself."
        yield Finding(host, "group nodes", "the host of the hub is one of its nodes", advice)


def groups_are_spelt(cluster: Cluster) -> Iterator[Finding]:
    for group in cluster.groups:
        nearest = get_close_matches(group, GROUPS, n=1, cutoff=GROUP_LIKENESS)
        if nearest and group not in GROUPS:
            problem = "no playbook uses a group of this name"
            yield Finding("", f"group {shown_name(group)}", problem, f"Did you mean {nearest[0]}?")


def hosts_are_named(cluster: Cluster) -> Iterator[Finding]:
    """Hosts of others may be called as they like. One that is called like a group was to be that group."""
    ours = {*cluster.hosts, *cluster.groups.get(CLOUD, ())}
    for host in cluster.groups.get("all", ()):
        if host in GROUPS or (host in ours and not is_host(host)):
            problem = "expected a host name, which is no name of a group"
            advice = "Name it with letters, digits, - and . in the inventory; ansible_host says where it is."
            yield Finding(host, "name of the host", problem, advice)


def _listed(hosts: Iterable[str]) -> str:
    return ", ".join(shown_name(host) for host in sorted(hosts))


RULES: tuple[Rule, ...] = (one_hub, one_host_each, hub_is_no_node, groups_are_spelt, hosts_are_named)
