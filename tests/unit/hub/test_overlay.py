from __future__ import annotations

from typing import Any

import pytest
from galilean_hub import overlay


def node(node_id: str, state: str = "ready", availability: str = "active", **labels: str) -> dict[str, Any]:
    spec = {"Availability": availability, "Labels": {"galilean.servers": "true", **labels}}
    return {"ID": node_id, "Description": {"Hostname": "debian"}, "Spec": spec, "Status": {"State": state}}


def task(node_id: str, state: str, *networks: tuple[str, str], error: str = "") -> dict[str, Any]:
    attached = [{"Network": {"Spec": {"Name": name}}, "Addresses": [address]} for name, address in networks]
    return {
        "ServiceID": "overlay",
        "NodeID": node_id,
        "DesiredState": "running",
        "CreatedAt": "2026-11-20T20:00:00.1Z",
        "Status": {"State": state, "Err": error},
        "NetworksAttachments": attached,
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (node("one", **{"galilean.host": "io"}), {"one": "io"}),
        (node("one"), {"one": "debian"}),
        (node("one", **{"galilean.servers": "false"}), {}),
        (node("one", state="down"), {}),
        (node("one", availability="pause"), {}),
        (node("one", availability="drain"), {}),
        ({**node("one"), "Spec": {"Availability": "active", "Labels": {}}}, {}),
    ],
    ids=["a node", "never labelled", "takes no servers", "down", "paused", "drained", "of others"],
)
def test_nodes_are_visited_where_servers_start(found: dict[str, Any], expected: dict[str, str]) -> None:
    assert overlay.expected_nodes([found]) == expected


def test_what_runs_is_reached_on_the_network_of_the_servers() -> None:
    tasks = [
        task("one", "running", ("ingress", "10.0.0.7/24"), ("galilean-main", "10.80.0.7/20")),
        task("two", "starting", ("galilean-main", "10.80.0.8/20")),
        {key: value for key, value in task("three", "running").items() if key != "NetworksAttachments"},
    ]
    assert overlay.addresses(tasks, "galilean-main") == {"one": "10.80.0.7"}


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([], "nothing was started there"),
        ([task("two", "running")], "nothing was started there"),
        ([task("one", "preparing")], "preparing"),
        ([task("one", "rejected", error="no such image")], "rejected no such image"),
    ],
    ids=["no task", "a task elsewhere", "on its way", "refused"],
)
def test_why_a_node_does_not_answer_is_told_in_swarms_words(tasks: list[dict[str, Any]], words: str) -> None:
    assert overlay.complaint(tasks, "one") == words
