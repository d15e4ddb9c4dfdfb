# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's engine says of the Swarm it is in, and what has to be done about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.addresses import host_and_port, in_url
from ansible_collections.galilean.hub.plugins.module_utils.nodes import LABEL

PORT = 2377
# Where the agents of the overlay networks talk to each other (moby, libnetwork/networkdb).
AGENT_PORT = 7946
MAY_LEAVE = "write swarm_may_leave: true for this host, run this again, and take it away"
SERVICE_LABEL = "com.docker.swarm.service.name"


@dataclass(frozen=True)
class Membership:
    """A host and its Swarm.

    managers holds the addresses, without ports, of the managers of that Swarm as the host knows them. services holds
    the names of services: on a manager those of the Swarm, elsewhere those of which something runs on the host.
    members, the ids of nodes, and is_claimed, whether one has our label, are known on a manager only. address is the
    one under which the others have the host in that Swarm.
    """

    node_id: str
    state: str
    is_manager: bool
    error: str
    managers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    is_claimed: bool = False
    address: str = ""

    @classmethod
    def from_api(
        cls,
        info: Mapping[str, Any],
        joined: str,
        containers: Iterable[Mapping[str, Any]],
        nodes: Iterable[Mapping[str, Any]],
        services: Iterable[Mapping[str, Any]],
    ) -> Membership:
        """From the engine's `GET /info` and `/containers/json`, and on a manager from `/nodes` and `/services`.

        An engine that does not get into its Swarm tells of no managers (moby, daemon/cluster/noderunner.go). joined is
        the address with which it was told to join, empty for none.
        """
        swarm = info["Swarm"]
        peers = [manager["Addr"] for manager in swarm.get("RemoteManagers") or ()] or ([joined] if joined else [])
        nodes = list(nodes)
        names = {service["Spec"]["Name"] for service in services} | {
            container["Labels"][SERVICE_LABEL] for container in containers if SERVICE_LABEL in container["Labels"]
        }
        return cls(
            swarm["NodeID"],
            swarm["LocalNodeState"],
            swarm["ControlAvailable"],
            swarm.get("Error", ""),
            managers=tuple(host_and_port(peer)[0] for peer in peers),
            services=tuple(sorted(names)),
            members=tuple(node["ID"] for node in nodes),
            is_claimed=any(LABEL in node["Spec"]["Labels"] for node in nodes),
            address=swarm.get("NodeAddr", ""),
        )

    @property
    def is_settling(self) -> bool:
        """Whether the engine is still finding out: it has just been started, or is about to join."""
        return self.state == "pending"


NOWHERE = Membership("", "inactive", is_manager=False, error="")


def manager_refusal(found: Membership) -> tuple[str, str] | None:
    """Why a host does not become the manager, and what to do about it; None when it may.

    Of a run that died the Swarm may be ours without a label. It has neither services nor other nodes then.
    """
    if found.state == "inactive" or found.is_claimed:
        return None
    if not found.is_manager:
        problem = f"the host is in a Swarm that it does not manage ({_described(found)})"
        return problem, f"If it is to leave that, with all that it runs there, and to begin a Swarm: {MAY_LEAVE}"
    if found.services or len(found.members) > 1:
        problem = f"the host manages a Swarm of others, with {', '.join(found.services) or 'other nodes'}"
        return problem, (
            f"Take another host for the hub. If the cluster is to be part of that Swarm: "
            f"docker node update --label-add {LABEL}=false {found.node_id}. If that Swarm is to end: {MAY_LEAVE}"
        )
    return None


def node_refusal(found: Membership, members: Collection[str], manager: str, address: str) -> tuple[str, str] | None:
    """Why a host at this address does not become a node of the manager, and what to do about it; None when it may.

    Who is in a Swarm leaves it only where that is proven to be none any more: its own manager, which is this one, was
    asked and does not know the node, or the node does not work there, or nobody reaches what would run on it; and
    nothing of that Swarm runs on it.
    """
    if found.state == "inactive" or _is_in_its_place(found, members, address):
        return None
    if found.is_manager or manager not in found.managers:
        problem = f"the host is in a Swarm that is not the cluster's ({_described(found)})"
        return problem, f"Leave the host out. If that Swarm may lose it, and all that it runs: {MAY_LEAVE}"
    if found.is_settling and found.node_id in members:
        problem = f"the host does not find the manager, which knows it ({_described(found)})"
        return problem, f"See why it does not reach port {PORT} of {manager}. If it is to join anew: {MAY_LEAVE}"
    if found.services:
        place = "in which it is no more"
        if found.node_id in members:
            place = f"in which it does not work ({_described(found)})"
        if _works(found, members):
            place = f"in which it is {found.address}, though it is {address} now, so that nobody reaches them"
        return f"the host runs {', '.join(found.services)} for a Swarm {place}", f"If these may end: {MAY_LEAVE}"
    return None


def _works(found: Membership, members: Collection[str]) -> bool:
    return found.state == "active" and found.node_id in members


def _is_in_its_place(found: Membership, members: Collection[str], address: str) -> bool:
    """Whether the node works where the others look for it, as far as that is known."""
    return _works(found, members) and found.address in ("", address)


def _described(found: Membership) -> str:
    managers = f"managers: {', '.join(found.managers) or 'unknown'}"
    return "; ".join([managers, f"state: {found.state}", *([found.error] if found.error else [])])


def manager_steps(found: Membership, may_leave: bool) -> list[str]:
    """What makes a host the manager. Raises ValueError where only a person can tell."""
    if refusal := manager_refusal(found):
        if not may_leave:
            raise ValueError(". ".join(refusal))
        return ["leave", "init", "claim"]
    if found.is_manager:
        return [] if found.is_claimed else ["claim"]
    return ["init", "claim"]


def node_steps(found: Membership, members: Collection[str], manager: str, address: str, may_leave: bool) -> list[str]:
    """What makes a host at this address a node of the manager, which knows these members.

    A node that its manager does not know was taken out, or is one of a manager that is gone: it does not come back by
    itself. A manager knows at least itself: without members it was not asked, and nobody leaves, whoever allows it.
    Raises ValueError where only the manager or a person can tell.
    """
    if found.state == "inactive":
        return ["join"]
    if not members:
        if found.state == "active":
            return []
        raise ValueError(
            f"the host is in a Swarm where it does not work ({_described(found)}), and this run has not asked the "
            "manager whether it knows it: run this again with the host of the hub among the hosts."
        )
    if _is_in_its_place(found, members, address):
        return []
    if not may_leave and (refusal := node_refusal(found, members, manager, address)):
        raise ValueError(". ".join(refusal))
    return ["leave", "join"]


def _everywhere(address: str) -> str:
    """Where an engine with this address listens: on all addresses of the host, of its kind at least."""
    return f"{'[::]' if ':' in address else '0.0.0.0'}:{PORT}"


def init_body(address: str, address_pool: str, subnet_size: int) -> dict[str, Any]:
    """Body of `POST /swarm/init`."""
    return {
        "ListenAddr": _everywhere(address),
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "DefaultAddrPool": [address_pool],
        "SubnetSize": subnet_size,
        "Spec": {},
    }


def join_body(address: str, manager_address: str, token: str) -> dict[str, Any]:
    """Body of `POST /swarm/join`."""
    return {
        "ListenAddr": _everywhere(address),
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "RemoteAddrs": [f"{in_url(manager_address)}:{PORT}"],
        "JoinToken": token,
    }
