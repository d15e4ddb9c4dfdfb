from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import swarm
from ansible_collections.galilean.hub.plugins.module_utils.swarm import NOWHERE, Membership

HUB, STRANGER = "192.0.2.10", "198.51.100.7"
NODE = Membership("id-of-io", "active", is_manager=False, error="", managers=(HUB,))
MANAGER = Membership("id-of-jupiter", "active", is_manager=True, error="", managers=(HUB,), members=("id-of-jupiter",))
LOST = replace(NODE, state="error", error="node is not known")
JOINING = replace(NODE, node_id="", state="pending")
AT_WORK = replace(NODE, services=("main-ada",))
ELSEWHERE = replace(NODE, managers=(STRANGER, "198.51.100.8"))
OF_HIS_OWN = replace(MANAGER, node_id="id-of-io", managers=(STRANGER,), members=("id-of-io",))


def info(**told: Any) -> dict[str, Any]:
    return {"Swarm": {"NodeID": "id-of-io", "LocalNodeState": "active", "ControlAvailable": False, **told}}


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


def test_a_manager_makes_a_swarm_once() -> None:
    assert swarm.manager_steps(NOWHERE) == ["init"]
    assert swarm.manager_steps(MANAGER) == []
    assert swarm.manager_steps(replace(MANAGER, services=("main-ada",), is_claimed=True)) == []


@pytest.mark.parametrize("found", [NODE, LOST, JOINING], ids=["a node", "lost", "joining"])
def test_a_host_in_somebody_elses_swarm_does_not_leave_it_to_be_a_manager(found: Membership) -> None:
    with pytest.raises(ValueError, match="does not manage"):
        swarm.manager_steps(found)


def test_a_swarm_of_others_is_not_taken_over() -> None:
    with pytest.raises(ValueError, match="the host manages a Swarm of others, with blog, shop"):
        swarm.manager_steps(replace(MANAGER, services=("blog", "shop")))


@pytest.mark.parametrize(
    ("found", "members", "steps"),
    [
        (NOWHERE, ["id-of-jupiter"], ["join"]),
        (NODE, ["id-of-jupiter", "id-of-io"], []),
        (AT_WORK, ["id-of-jupiter", "id-of-io"], []),
        (NODE, ["id-of-jupiter"], ["leave", "join"]),
        (LOST, ["id-of-jupiter", "id-of-io"], ["leave", "join"]),
        (JOINING, ["id-of-jupiter"], ["leave", "join"]),
    ],
    ids=["new", "member", "member at work", "taken out", "lost", "died while it joined"],
)
def test_a_node_is_one_when_its_manager_knows_it(found: Membership, members: list[str], steps: list[str]) -> None:
    assert swarm.node_steps(found, members, HUB) == steps


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ELSEWHERE, r"not the cluster's \(managers: 198.51.100.7, 198.51.100.8; state: active\)"),
        (replace(LOST, managers=()), r"not the cluster's \(managers: unknown; state: error; node is not known\)"),
        (OF_HIS_OWN, "not the cluster's"),
        (replace(OF_HIS_OWN, managers=(HUB,)), "not the cluster's"),
        (AT_WORK, "runs main-ada for a Swarm in which it is no more"),
    ],
    ids=["a node of others", "lost by others", "a manager", "a manager beside ours", "taken out, but at work"],
)
def test_a_host_is_not_torn_out_of_a_swarm_of_others_nor_from_its_work(found: Membership, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        swarm.node_steps(found, ["id-of-jupiter"], HUB)


@pytest.mark.parametrize(
    ("found", "steps"), [(NOWHERE, ["join"]), (NODE, []), (ELSEWHERE, [])], ids=["new", "active", "a node of others"]
)
def test_nobody_leaves_when_it_is_not_known_whom_the_manager_knows(found: Membership, steps: list[str]) -> None:
    assert swarm.node_steps(found, [], HUB) == steps


@pytest.mark.parametrize("found", [LOST, JOINING], ids=["lost", "joining"])
def test_whether_a_lost_node_is_known_is_for_the_manager_to_say(found: Membership) -> None:
    with pytest.raises(ValueError, match="has not asked the manager whether it knows it"):
        swarm.node_steps(found, [], HUB)
