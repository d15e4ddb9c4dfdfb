from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import swarm
from ansible_collections.galilean.hub.plugins.module_utils.swarm import Membership

NOWHERE = Membership("", "inactive", is_manager=False, error="")
NODE = Membership("id-of-io", "active", is_manager=False, error="")
MANAGER = Membership("id-of-jupiter", "active", is_manager=True, error="")
LOST = Membership("id-of-io", "error", is_manager=False, error="node is not known")
JOINING = Membership("", "pending", is_manager=False, error="")


def test_what_the_engine_says_is_read() -> None:
    info = {
        "Swarm": {"NodeID": "id-of-io", "LocalNodeState": "active", "ControlAvailable": False, "NodeAddr": "192.0.2.11"}
    }
    assert Membership.from_api(info) == NODE


def test_a_manager_makes_a_swarm_once() -> None:
    assert swarm.manager_steps(NOWHERE) == ["init"]
    assert swarm.manager_steps(MANAGER) == []


@pytest.mark.parametrize("found", [NODE, LOST, JOINING], ids=["a node", "lost", "joining"])
def test_a_host_in_somebody_elses_swarm_does_not_leave_it_to_be_a_manager(found: Membership) -> None:
    with pytest.raises(ValueError, match="does not manage"):
        swarm.manager_steps(found)


@pytest.mark.parametrize(
    ("found", "members", "steps"),
    [
        (NOWHERE, ["id-of-jupiter"], ["join"]),
        (NODE, ["id-of-jupiter", "id-of-io"], []),
        (NODE, ["id-of-jupiter"], ["leave", "join"]),
        (LOST, ["id-of-jupiter", "id-of-io"], ["leave", "join"]),
        (JOINING, ["id-of-jupiter"], ["leave", "join"]),
    ],
    ids=["new", "member", "taken out", "lost", "died while it joined"],
)
def test_a_node_is_one_when_its_manager_knows_it(found: Membership, members: list[str], steps: list[str]) -> None:
    assert swarm.node_steps(found, members) == steps


@pytest.mark.parametrize(("found", "steps"), [(NOWHERE, ["join"]), (NODE, [])], ids=["new", "active"])
def test_nobody_leaves_when_it_is_not_known_whom_the_manager_knows(found: Membership, steps: list[str]) -> None:
    assert swarm.node_steps(found, []) == steps


@pytest.mark.parametrize("found", [LOST, JOINING], ids=["lost", "joining"])
def test_whether_a_lost_node_is_known_is_for_the_manager_to_say(found: Membership) -> None:
    with pytest.raises(ValueError, match="has not asked the manager whether it knows it"):
        swarm.node_steps(found, [])
