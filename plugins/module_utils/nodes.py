# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes of a Swarm as its manager knows them: what they are to be, and whose hosts left the inventory."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

# Labels that the collection gives to nodes begin so; each has one that keeps it.
OURS = "galilean."
# Whether a node takes students' servers, true or false. Nodes without it are somebody else's.
LABEL = f"{OURS}servers"

# On a node that was paused or drained because its host left the inventory, until it is gone or its host is back.
LEAVING = f"{OURS}leaving"
STAY = ("--availability=active", f"--label-rm={LEAVING}")


@dataclass(frozen=True)
class Node:
    """A node, as `docker node inspect` tells it."""

    node_id: str
    hostname: str
    address: str
    is_worker: bool
    state: str
    availability: str
    labels: Mapping[str, str]


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
            state=node["Status"]["State"],
            availability=node["Spec"]["Availability"],
            labels=node["Spec"]["Labels"],
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


def newest(nodes: Iterable[Node], hostname: str) -> Node | None:
    """The node of a host. A machine that was made anew is another node than before, and that one stays down."""
    return max(
        (node for node in nodes if node.hostname == hostname), key=lambda node: node.state == "ready", default=None
    )


def missing(nodes: Iterable[Node], hostnames: Collection[str], addresses: Collection[str]) -> list[Node]:
    """The workers of ours that no host of the inventory is, neither by its name nor by its address.

    Both have to be gone: a host that was renamed, or that has another address today, is still there.
    """
    return [node for node in ours(nodes) if node.hostname not in hostnames and node.address not in addresses]


def left(
    nodes: Sequence[Node], hostnames: Collection[str], addresses: Collection[str], unknown_hosts: Collection[str]
) -> list[Node]:
    """The workers of ours that are nobody's any more.

    They are the missing, unless there are hosts of which nothing is known, since any may be theirs; and those that
    hosts were before they joined anew.
    """
    ready = {node.hostname for node in nodes if node.state == "ready"}
    gone = [] if unknown_hosts else missing(nodes, hostnames, addresses)
    return [node for node in ours(nodes) if node in gone or (node.state == "down" and node.hostname in ready)]


def ours(nodes: Iterable[Node]) -> Iterator[Node]:
    return (node for node in nodes if LABEL in node.labels and node.is_worker)


def wanted_services(tasks: Iterable[Task]) -> list[str]:
    """The services that a node is to run."""
    return sorted({task.service for task in tasks if task.wanted})


def runs_elsewhere(tasks: Iterable[Task], hostname: str) -> bool:
    """Whether a service has a task that runs on another node."""
    return any(task.wanted and task.runs and task.node != hostname for task in tasks)


def update_arguments(node: Node, labels: Mapping[str, str], is_busy: bool) -> list[str]:
    """Arguments of docker node update that give a node these labels and no others of the site's. Empty when it has.

    Swarm stops what runs on an active node as soon as the node's labels no longer allow it, and leaves alone what runs
    on a paused one. So a node that is to take no more servers is paused in the same update, while there are any.
    """
    arguments = [f"--label-add={name}={value}" for name, value in labels.items() if node.labels.get(name) != value]
    arguments += [f"--label-rm={name}" for name in node.labels if name not in labels and not name.startswith(OURS)]
    if arguments and is_busy and node.labels.get(LABEL) == "true" != labels[LABEL]:
        arguments.append("--availability=pause")
    if labels[LABEL] == "true" and node.labels.get(LABEL) == "false" and node.availability == "pause":
        arguments.append("--availability=active")
    # What comes later on Docker's command line counts.
    return [*STAY, *arguments] if LEAVING in node.labels else arguments
