# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of a Swarm as its manager knows them, and which of them belong to hosts that left the inventory."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# Every host that the role swarm has joined carries it. Nodes without it are somebody else's.
LABEL = "galilean.servers"


@dataclass(frozen=True)
class Node:
    """A node, as `docker node inspect` tells it."""

    node_id: str
    hostname: str
    address: str
    is_worker: bool
    is_ours: bool
    state: str
    availability: str


@dataclass(frozen=True)
class Task:
    """A try at running a service, as `docker node ps` and `docker service ps` tell it."""

    service: str
    node: str
    wanted: bool
    runs: bool


def parse_nodes(text: str) -> list[Node]:
    """Read the output of docker node inspect."""
    return [
        Node(
            node_id=node["ID"],
            hostname=node["Description"]["Hostname"],
            address=node["Status"].get("Addr", ""),
            is_worker=node["Spec"]["Role"] == "worker",
            is_ours=LABEL in node["Spec"]["Labels"],
            state=node["Status"]["State"],
            availability=node["Spec"]["Availability"],
        )
        for node in json.loads(text)
    ]


def parse_tasks(lines: str) -> list[Task]:
    """Read the output of docker node ps or docker service ps, one JSON object a line."""
    return [
        Task(
            service=task["Name"].rpartition(".")[0],
            node=task["Node"],
            wanted=task["DesiredState"] == "Running",
            runs=task["CurrentState"].startswith("Running"),
        )
        for task in map(json.loads, lines.splitlines())
    ]


def left(nodes: Iterable[Node], hostnames: Collection[str], addresses: Collection[str]) -> list[Node]:
    """The workers of ours that no host of the inventory is, neither by its name nor by its address.

    Both have to be gone: a host that was renamed, or that has another address today, is still there.
    """
    return [
        node
        for node in nodes
        if node.is_ours and node.is_worker and node.hostname not in hostnames and node.address not in addresses
    ]


def wanted_services(tasks: Iterable[Task]) -> list[str]:
    """The services that a node is to run."""
    return sorted({task.service for task in tasks if task.wanted})


def runs_elsewhere(tasks: Iterable[Task], hostname: str) -> bool:
    """Whether a service has a task that runs on another node."""
    return any(task.wanted and task.runs and task.node != hostname for task in tasks)
