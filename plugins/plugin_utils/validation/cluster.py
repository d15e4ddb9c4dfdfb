# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory as plain data, for rules over hosts, groups and variables together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.galilean.hub.plugins.module_utils.swarm import Membership
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, shown_name
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.ports import Port

# Hosts that see the homes.
HOMES_GROUPS = ("hub", "nodes", "storage")
GROUPS = (*HOMES_GROUPS, "edge")


class Ids(NamedTuple):
    """Uids or gids in a row, and whose they are on a host."""

    first: int
    length: int
    owner: str

    @property
    def last(self) -> int:
        return self.first + self.length - 1

    def __str__(self) -> str:
        numbers = f"{self.first} to {self.last}" if self.length > 1 else f"{self.first}"
        return f"{shown_name(self.owner)} ({numbers})"


class Taken(NamedTuple):
    """A port of ours on which others listen."""

    name: str
    protocol: str
    port: int
    holders: Sequence[str]


@dataclass(frozen=True)
class OfOthers:
    """What is on a host that roles would take over or work against, as galilean.hub.host_info tells it."""

    files: Sequence[str] = ()
    engine_options: str = ""
    exports: Sequence[str] = ()
    fstab: Sequence[Mapping[str, str]] = ()
    firewalls: Sequence[str] = ()
    time_services: Sequence[str] = ()


@dataclass(frozen=True)
class Cluster:
    """The inventory as plain data.

    values holds, per host, the variables that passed their own checks, with the roles' defaults; a rule that misses one
    says nothing. What follows holds what the hosts that were asked have. Homes are in use where students' servers run,
    and empty elsewhere.
    """

    groups: Mapping[str, Sequence[str]]
    values: Mapping[str, Mapping[str, Any]]
    memory_mib: Mapping[str, int]
    processors: Mapping[str, int]
    kernels: Mapping[str, Sequence[str]]
    swarms: Mapping[str, Membership]
    volumes: Mapping[str, Volume]
    mount_points: Mapping[str, Sequence[str]]
    homes_in_use: Mapping[str, str]
    ids: Mapping[str, Sequence[Ids]] = field(default_factory=dict)
    of_others: Mapping[str, OfOthers] = field(default_factory=dict)
    # Containers that run on engines that are not ours, and ports of ours on which others listen.
    containers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    taken: Mapping[str, Sequence[Taken]] = field(default_factory=dict)
    # What could not be found out of a host, and why, by what it is called above.
    unknown: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # What roles declare: their ports, and by the inputs that say where others listen the inputs that say those ports.
    ports: Sequence[Port] = ()
    ports_met: Mapping[str, str] = field(default_factory=dict)

    @property
    def hosts(self) -> list[str]:
        return sorted({host for group in GROUPS for host in self.groups.get(group, ())})

    @property
    def homes_hosts(self) -> list[str]:
        return sorted({host for group in HOMES_GROUPS for host in self.groups.get(group, ())})

    @property
    def hub(self) -> str:
        """Host of the hub, empty when it cannot be told."""
        members = self.groups.get("hub", ())
        return members[0] if len(members) == 1 else ""

    @property
    def hub_values(self) -> Mapping[str, Any]:
        return self.values.get(self.hub, {})

    @property
    def edge(self) -> str:
        """Host that serves the hub, empty when it cannot be told."""
        members = self.groups.get("edge") or self.groups.get("hub") or ()
        return members[0] if len(members) == 1 else ""

    @property
    def edge_values(self) -> Mapping[str, Any]:
        return self.values.get(self.edge, {})

    @property
    def storage(self) -> str:
        """Host that keeps the homes, empty when it cannot be told."""
        members = self.groups.get("storage") or [self.hub]
        return members[0] if len(members) == 1 else ""

    @property
    def storage_values(self) -> Mapping[str, Any]:
        return self.values.get(self.storage, {})

    @property
    def servers_hosts(self) -> Sequence[str]:
        """Hosts on which students' servers run."""
        return self.groups.get("nodes") or [self.hub]

    def of_each(self, name: str) -> dict[str, Any]:
        """The values of a variable by host, where it may be used."""
        return {host: self.values[host][name] for host in self.hosts if name in self.values.get(host, {})}


Rule = Callable[[Cluster], Iterator[Finding]]
