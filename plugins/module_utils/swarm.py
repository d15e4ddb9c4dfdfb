# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's engine says of the Swarm it is in, and what has to be done about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

PORT = 2377


@dataclass(frozen=True)
class Membership:
    """The part of the engine's `GET /info` that is about Swarm."""

    node_id: str
    state: str
    is_manager: bool
    error: str

    @classmethod
    def from_api(cls, info: Mapping[str, Any]) -> Membership:
        swarm = info["Swarm"]
        return cls(swarm["NodeID"], swarm["LocalNodeState"], swarm["ControlAvailable"], swarm.get("Error", ""))

    @property
    def is_settling(self) -> bool:
        """Whether the engine is still finding out: it has just been started, or is about to join."""
        return self.state == "pending"


def manager_steps(found: Membership) -> list[str]:
    """What makes a host the manager. Raises ValueError where only a person can tell."""
    if found.is_manager:
        return []
    if found.state == "inactive":
        return ["init"]
    raise ValueError(
        f"is in a Swarm that it does not manage (state: {found.state}). {found.error} If it is to begin a Swarm of its "
        "own: docker swarm leave --force"
    )


def node_steps(found: Membership, members: Collection[str]) -> list[str]:
    """What makes a host a node of the manager that knows these members.

    A node that its manager does not know was taken out, or is one of a manager that is gone: it does not come back by
    itself. A manager knows at least itself: without members it was not asked, and nobody leaves. Raises ValueError
    where only the manager can tell.
    """
    if found.state == "inactive":
        return ["join"]
    if found.state == "active" and (not members or found.node_id in members):
        return []
    if not members:
        raise ValueError(
            f"is in a Swarm where it does not work (state: {found.state}), and this run has not asked the manager "
            f"whether it knows it: run this again with the host of the hub among the hosts. {found.error}"
        )
    return ["leave", "join"]


def init_body(address: str, address_pool: str, subnet_size: int) -> dict[str, Any]:
    """Body of `POST /swarm/init`."""
    return {
        "ListenAddr": f"0.0.0.0:{PORT}",
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "DefaultAddrPool": [address_pool],
        "SubnetSize": subnet_size,
        "Spec": {},
    }


def join_body(address: str, manager_address: str, token: str) -> dict[str, Any]:
    """Body of `POST /swarm/join`."""
    return {
        "ListenAddr": f"0.0.0.0:{PORT}",
        "AdvertiseAddr": address,
        "DataPathAddr": address,
        "RemoteAddrs": [f"{manager_address}:{PORT}"],
        "JoinToken": token,
    }
