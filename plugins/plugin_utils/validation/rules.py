# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that inputs of several roles have in common. A role lists those of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    in_yaml,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.sizes import amount

# Names say what must not be more than what.
ORDERED_PAIRS = (
    ("_guarantee", "_limit"),
    ("_lease_seconds", "_grace_seconds"),
    ("_minimum", "_maximum"),
    ("_renew_before_days", "_validity_days"),
)


def pairs_in_order(cluster: Cluster) -> Iterator[Finding]:
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        for name in sorted(values):
            for low, high in ORDERED_PAIRS:
                other = name.removesuffix(low) + high
                if name.endswith(low) and other in values and amount(values[name]) > amount(values[other]):
                    problem = f"expected at most {other}, which is {values[other]}, found {values[name]}"
                    yield Finding(host, name, problem, write(name, values[other]))


def same_everywhere(name: str) -> Rule:
    """It is of the whole cluster, so no host has a value of its own."""

    def rule(cluster: Cluster) -> Iterator[Finding]:
        for host, value in cluster.of_each(name).items():
            if name in cluster.hub_values and value != cluster.hub_values[name]:
                problem = f"expected the value of {shown_name(cluster.hub)}, found another"
                yield Finding(host, name, problem, f"Write {name} in group_vars/all.yml only.")

    return rule


def names_a_host(name: str) -> Rule:
    def rule(cluster: Cluster) -> Iterator[Finding]:
        for host, value in cluster.of_each(name).items():
            if value not in cluster.groups.get("all", ()):
                problem = f"expected a host of the inventory, found {quoted(value)}"
                yield Finding(host, name, problem, f"Remove it, or write {name}: {shown_name(cluster.hub)} in {WHERE}.")

    return rule


def ulimits_in_order(name: str, soft: str, hard: str) -> Rule:
    """A soft limit is at most the hard one, in a list of limits or a mapping to them; -1 is none."""

    def rule(cluster: Cluster) -> Iterator[Finding]:
        for host, limits in cluster.of_each(name).items():
            for limit in limits.values() if isinstance(limits, Mapping) else limits:
                least, most = int(limit[soft]), int(limit[hard])
                if most >= 0 and not 0 <= least <= most:
                    problem = f"expected {soft} of at most {hard}, which is {most}, found {least}"
                    yield Finding(host, name, problem, f"Write {name} with {soft}: {most} in {WHERE}.")

    return rule


def needs_of_the_kernel(name: str, value: Any, feature: str, other: Any) -> Rule:
    """A value needs something of the kernels of the hosts with the network of the servers; another needs nothing."""

    def rule(cluster: Cluster) -> Iterator[Finding]:
        for host in sorted({cluster.hub, *cluster.servers_hosts} & {*cluster.kernels}):
            if cluster.values.get(host, {}).get(name) == value and feature not in cluster.kernels[host]:
                problem = f"{in_yaml(value)} needs {feature}, which the kernel of the host does not have"
                yield Finding(host, name, problem, write(name, other))

    return rule
