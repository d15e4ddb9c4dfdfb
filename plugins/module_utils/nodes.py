# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of a Swarm as its manager knows them: whose they are, what they are to be, and which of them have to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

# Labels that the collection gives to nodes begin so; each has one that keeps it.
OURS = "galilean."
# Whether a node takes students' servers, true or false. Nodes without it are somebody else's.
LABEL = f"{OURS}servers"
# Inventory name of the host whose own engine has said that it is the node.
HOST = f"{OURS}host"
# On a node that was paused or drained because its host left the inventory, until it is gone or its host is back.
LEAVING = f"{OURS}leaving"
# Desired states of tasks that Swarm does not end (SwarmKit, api/types.proto).
WANTED = frozenset({"new", "ready", "running"})


@dataclass(frozen=True)
class Node:
    """A node, as the engine's API describes it. version is the one of its spec, which is name to labels."""

    node_id: str
    hostname: str
    address: str
    state: str
    version: int
    name: str
    role: str
    availability: str
    labels: Mapping[str, str]

    @classmethod
    def from_api(cls, raw: Mapping[str, Any]) -> Node:
        spec = raw["Spec"]
        return cls(
            node_id=raw["ID"],
            hostname=raw["Description"].get("Hostname", ""),
            address=raw["Status"].get("Addr", ""),
            state=raw["Status"]["State"],
            version=raw["Version"]["Index"],
            name=spec.get("Name", ""),
            role=spec["Role"],
            availability=spec["Availability"],
            labels=spec["Labels"],
        )

    @property
    def spec(self) -> dict[str, Any]:
        """Body of `POST /nodes/{id}/update`."""
        return {"Name": self.name, "Role": self.role, "Availability": self.availability, "Labels": dict(self.labels)}

    @property
    def is_ours(self) -> bool:
        return LABEL in self.labels and self.role == "worker"

    def __str__(self) -> str:
        return f"{self.labels.get(HOST, self.hostname)} ({self.address or self.node_id})"


@dataclass(frozen=True)
class Task:
    """A try at running a service, as the engine's API tells it."""

    service: str
    node_id: str
    wanted: bool
    runs: bool

    @classmethod
    def from_api(cls, raw: Mapping[str, Any], names: Mapping[str, str]) -> Task:
        """names are those of services by their ids."""
        service_id = raw.get("ServiceID", "")
        return cls(
            names.get(service_id, service_id),
            raw.get("NodeID", ""),
            raw["DesiredState"] in WANTED,
            raw["Status"]["State"] == "running",
        )


@dataclass(frozen=True)
class Departure:
    """Nodes of ours that no host is any more.

    replaced are down, and their hosts are other nodes now. left have to be moved away from. doubtful may be hosts of
    which nothing is known.
    """

    replaced: Sequence[Node] = ()
    left: Sequence[Node] = ()
    doubtful: Sequence[Node] = ()


def check_ids(node_ids: Mapping[str, str]) -> None:
    """Raise ValueError where hosts say that they are one node: one is a copy of the other's disk."""
    times = Counter(node_id for node_id in node_ids.values() if node_id)
    copies = sorted(host for host, node_id in node_ids.items() if times[node_id] > 1)
    if copies:
        raise ValueError(
            f"{' and '.join(copies)} are one node: the disk of one was copied from another. On the copies: "
            "docker swarm leave --force"
        )


def twins(nodes: Iterable[Node], node_ids: Mapping[str, str]) -> list[Node]:
    """The nodes that hosts were before: they have the names of hosts whose engines say that they are others.

    node_ids are those that the hosts' own engines tell, empty for a host in no Swarm. Hosts that were not asked are not
    among them.
    """
    claimed = set(node_ids.values())
    return [
        node for node in nodes if node.is_ours and node.node_id not in claimed and node.labels.get(HOST) in node_ids
    ]


def unknown_hosts(nodes: Iterable[Node], hosts: Iterable[str], node_ids: Collection[str]) -> list[str]:
    """The hosts of which it is not known which nodes they are: neither their engines nor the Swarm tell."""
    labelled = {node.labels.get(HOST) for node in nodes}
    return [host for host in hosts if host not in node_ids and host not in labelled]


def departure(nodes: Sequence[Node], hosts: Sequence[str], node_ids: Mapping[str, str]) -> Departure:
    """Which nodes of ours no host of the inventory is any more."""
    before = twins(nodes, node_ids)
    replaced = [node for node in before if node.state == "down"]
    claimed = set(node_ids.values())
    left = [
        node
        for node in nodes
        if node.is_ours and node.node_id not in claimed and (node in before or node.labels.get(HOST) not in hosts)
    ]
    left = [node for node in left if node not in replaced]
    if unknown_hosts(nodes, hosts, node_ids):
        return Departure(replaced, doubtful=left)
    return Departure(replaced, left)


def wanted_services(tasks: Iterable[Task], node: Node) -> list[str]:
    """The services that a node is to run."""
    return sorted({task.service for task in tasks if task.wanted and task.node_id == node.node_id})


def waiting(tasks: Sequence[Task], node: Node, services: Iterable[str]) -> list[str]:
    """Of the services that a node is to lose, those that still run there, or that do not yet run elsewhere.

    One that was ended meanwhile has no tasks, and needs to run nowhere. What a lost node runs is not known.
    """
    there = {task.service for task in tasks if task.runs and task.node_id == node.node_id and node.state == "ready"}
    elsewhere = {task.service for task in tasks if task.wanted and task.runs and task.node_id != node.node_id}
    alive = {task.service for task in tasks}
    return sorted(there | (set(services) & alive) - elsewhere)


def held(node: Node, availability: str) -> Node:
    """The node when it is to leave: paused when nothing is to begin there, drained when what runs there is to move."""
    return replace(node, availability=availability, labels={**node.labels, LEAVING: "true"})


def released(node: Node) -> Node:
    """The node when it stays after all."""
    return replace(
        node, availability="active", labels={name: value for name, value in node.labels.items() if name != LEAVING}
    )


def wanted(node: Node, host: str, labels: Mapping[str, str], is_busy: bool) -> Node:
    """What the node is to be that is this host: it has these labels, and no others of the site's.

    Swarm stops what runs on an active node as soon as the node's labels no longer allow it, and leaves alone what runs
    on a paused one. So a node that is to take no more servers is paused in the same update, while there are any, and
    active when it is to take servers again. One that somebody has paused or drained stays so.
    """
    found = released(node) if LEAVING in node.labels else node
    kept = {name: value for name, value in found.labels.items() if name.startswith(OURS)}
    took, takes = found.labels.get(LABEL), labels[LABEL]
    availability = found.availability
    if availability == "active" and is_busy and (took, takes) == ("true", "false"):
        availability = "pause"
    if availability == "pause" and (took, takes) == ("false", "true"):
        availability = "active"
    return replace(found, availability=availability, labels={**kept, **labels, HOST: host})
