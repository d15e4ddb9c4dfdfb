from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import swarm
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE, Membership

HUB, STRANGER = "192.0.2.10", "198.51.100.7"
HOME, AWAY = "192.0.2.11", "192.0.2.99"
NODE = Membership("id-of-io", "active", is_manager=False, error="", managers=(HUB,), address=HOME)
MANAGER = Membership("id-of-jupiter", "active", is_manager=True, error="", managers=(HUB,), members=("id-of-jupiter",))
LOST = replace(NODE, state="error", error="node is not known")
JOINING = replace(NODE, node_id="", state="pending")
AT_WORK = replace(NODE, services=("main-ada",))
ELSEWHERE = replace(NODE, managers=(STRANGER, "198.51.100.8"))
MOVED = replace(NODE, address=AWAY)
PENDING = replace(NODE, state="pending")
OF_HIS_OWN = replace(MANAGER, node_id="id-of-io", managers=(STRANGER,), members=("id-of-io",))


def info(**told: Any) -> dict[str, Any]:
    return {
        "Swarm": {"NodeID": "id-of-io", "LocalNodeState": "active", "ControlAvailable": False, "NodeAddr": HOME, **told}
    }


def test_what_the_engine_says_is_read() -> None:
    remotes = [{"NodeID": "id-of-jupiter", "Addr": f"{HUB}:2377"}]
    containers = [{"Labels": {"com.docker.swarm.service.name": "main-ada"}}, {"Labels": {}}]
    assert Membership.from_api(info(RemoteManagers=remotes), f"{STRANGER}:2377", containers, [], []) == AT_WORK
    assert Membership.from_api(info(RemoteManagers=None), f"{HUB}:2377", [], [], []) == NODE
    assert Membership.from_api(info(RemoteManagers=None), "", [], [], []) == replace(NODE, managers=())


def test_addresses_of_ipv6_have_brackets_before_a_port_alone() -> None:
    remotes = [{"NodeID": "id-of-jupiter", "Addr": "[fd00::11]:2377"}]
    assert Membership.from_api(info(RemoteManagers=remotes), "", [], [], []).managers == ("fd00::11",)
    body = swarm.join_body("fd00::12", "fd00::11", "token")
    assert (body["RemoteAddrs"], body["ListenAddr"]) == (["[fd00::11]:2377"], "[::]:2377")
    assert (body["AdvertiseAddr"], body["DataPathAddr"]) == ("fd00::12", "fd00::12")


def test_what_a_manager_says_is_read() -> None:
    nodes = [
        {"ID": "id-of-io", "Spec": {"Labels": {"rack": "left"}}},
        {"ID": "id-of-europa", "Spec": {"Labels": {"galilean.servers": "true"}}},
    ]
    found = Membership.from_api(info(ControlAvailable=True), "", [], nodes, [{"Spec": {"Name": "main-ada"}}])
    assert (found.members, found.services, found.is_claimed) == (("id-of-io", "id-of-europa"), ("main-ada",), True)


@pytest.mark.parametrize(
    ("found", "steps"),
    [
        (NOWHERE, ["init", "claim"]),
        (MANAGER, ["claim"]),
        (replace(MANAGER, is_claimed=True), []),
        (replace(MANAGER, is_claimed=True, services=("main-ada",), members=("id-of-jupiter", "id-of-io")), []),
    ],
    ids=["new", "died before it was claimed", "a manager", "at work"],
)
def test_a_manager_makes_a_swarm_once_and_claims_it(found: Membership, steps: list[str]) -> None:
    assert swarm.manager_steps(found, may_leave=False) == steps
    assert swarm.manager_steps(found, may_leave=True) == steps


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NODE, r"that it does not manage \(managers: 192.0.2.10; state: active\)"),
        (LOST, "that it does not manage"),
        (JOINING, "that it does not manage"),
        (replace(MANAGER, services=("blog", "shop")), "manages a Swarm of others, with blog, shop"),
        (replace(MANAGER, members=("id-of-jupiter", "id-of-io")), "manages a Swarm of others, with other nodes"),
    ],
    ids=["a node", "lost", "joining", "a manager at work", "a manager of other nodes"],
)
def test_a_swarm_of_others_is_not_left_nor_taken_over_unless_it_may_be(found: Membership, words: str) -> None:
    with pytest.raises(ValueError, match=f"{words}.*write swarm_may_leave: true for this host"):
        swarm.manager_steps(found, may_leave=False)
    assert swarm.manager_steps(found, may_leave=True) == ["leave", "init", "claim"]


@pytest.mark.parametrize(
    ("found", "members", "steps"),
    [
        (NOWHERE, ["id-of-jupiter"], ["join"]),
        (NODE, ["id-of-jupiter", "id-of-io"], []),
        (AT_WORK, ["id-of-jupiter", "id-of-io"], []),
        (replace(AT_WORK, address=""), ["id-of-jupiter", "id-of-io"], []),
        (replace(AT_WORK, is_manager=True), ["id-of-jupiter", "id-of-io"], []),
        (NODE, ["id-of-jupiter"], ["leave", "join"]),
        (LOST, ["id-of-jupiter", "id-of-io"], ["leave", "join"]),
        (JOINING, ["id-of-jupiter"], ["leave", "join"]),
        (PENDING, ["id-of-jupiter"], ["leave", "join"]),
        (MOVED, ["id-of-jupiter", "id-of-io"], ["leave", "join"]),
    ],
    ids=[
        "new",
        "member",
        "member at work",
        "member that does not say where it is",
        "member that somebody has made a manager",
        "taken out",
        "lost",
        "died while it joined",
        "looks for a manager that is gone",
        "at another address",
    ],
)
def test_a_node_is_one_when_its_manager_knows_it(found: Membership, members: list[str], steps: list[str]) -> None:
    assert swarm.node_steps(found, members, HUB, HOME, may_leave=False) == steps
    assert swarm.node_refusal(found, members, HUB, HOME) is None


@pytest.mark.parametrize(
    ("found", "members", "words"),
    [
        (ELSEWHERE, ["id-of-jupiter"], r"not the cluster's \(managers: 198.51.100.7, 198.51.100.8; state: active\)"),
        (
            replace(LOST, managers=()),
            ["id-of-jupiter"],
            r"not the cluster's \(managers: unknown; state: error; node is not known\)",
        ),
        (OF_HIS_OWN, ["id-of-jupiter"], "not the cluster's"),
        (replace(OF_HIS_OWN, managers=(HUB,)), ["id-of-jupiter"], "not the cluster's"),
        (
            replace(AT_WORK, node_id="id-of-nobody"),
            ["id-of-jupiter"],
            "runs main-ada for a Swarm in which it is no more",
        ),
        (
            replace(AT_WORK, state="error"),
            ["id-of-jupiter", "id-of-io"],
            r"runs main-ada for a Swarm in which it does not work \(managers: ",
        ),
        (
            replace(AT_WORK, address=AWAY),
            ["id-of-jupiter", "id-of-io"],
            "in which it is 192.0.2.99, though it is 192.0.2.11 now",
        ),
        (PENDING, ["id-of-jupiter", "id-of-io"], "does not find the manager, which knows it"),
    ],
    ids=[
        "a node of others",
        "lost by others",
        "a manager",
        "a manager beside ours",
        "taken out, but at work",
        "lost, but at work",
        "at another address, but at work",
        "does not reach the manager",
    ],
)
def test_a_host_is_torn_neither_out_of_a_swarm_of_others_nor_from_its_work_unless_it_may_be(
    found: Membership, members: list[str], words: str
) -> None:
    with pytest.raises(ValueError, match=f"{words}.*write swarm_may_leave: true for this host"):
        swarm.node_steps(found, members, HUB, HOME, may_leave=False)
    assert swarm.node_steps(found, members, HUB, HOME, may_leave=True) == ["leave", "join"]


@pytest.mark.parametrize("may_leave", [False, True])
@pytest.mark.parametrize(
    ("found", "steps"),
    [(NOWHERE, ["join"]), (NODE, []), (MOVED, []), (ELSEWHERE, [])],
    ids=["new", "active", "at another address", "a node of others"],
)
def test_nobody_leaves_when_it_is_not_known_whom_the_manager_knows(
    found: Membership, steps: list[str], may_leave: bool
) -> None:
    assert swarm.node_steps(found, [], HUB, HOME, may_leave) == steps


@pytest.mark.parametrize("may_leave", [False, True])
@pytest.mark.parametrize("found", [LOST, JOINING], ids=["lost", "joining"])
def test_whether_a_lost_node_is_known_is_for_the_manager_to_say(found: Membership, may_leave: bool) -> None:
    with pytest.raises(ValueError, match="has not asked the manager whether it knows it"):
        swarm.node_steps(found, [], HUB, HOME, may_leave)
