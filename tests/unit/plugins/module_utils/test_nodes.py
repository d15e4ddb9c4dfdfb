from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import nodes


def described(hostname: str, address: str, role: str = "worker", **labels: str) -> dict[str, Any]:
    return {
        "ID": f"id-of-{hostname}",
        "Description": {"Hostname": hostname},
        "Status": {"State": "ready", "Addr": address},
        "Spec": {"Role": role, "Availability": "active", "Labels": labels},
    }


SWARM = [
    described("jupiter", "192.0.2.10", "manager", **{nodes.LABEL: "false"}),
    described("io", "192.0.2.11", **{nodes.LABEL: "true"}),
    described("europa", "192.0.2.12", **{nodes.LABEL: "true"}),
    described("stranger", "192.0.2.99"),
]


@pytest.mark.parametrize(
    ("hostnames", "addresses", "gone"),
    [
        (["jupiter", "io", "europa"], ["192.0.2.10", "192.0.2.11", "192.0.2.12"], []),
        (["jupiter", "io"], ["192.0.2.10", "192.0.2.11"], ["europa"]),
        (["jupiter", "io", "callisto"], ["192.0.2.10", "192.0.2.11", "192.0.2.12"], []),
        (["jupiter", "io", "europa"], ["192.0.2.10", "192.0.2.11", "192.0.2.55"], []),
        (["ganymede"], ["192.0.2.77"], ["io", "europa"]),
    ],
    ids=["all there", "one gone", "renamed", "another address", "another cluster"],
)
def test_a_node_has_left_when_neither_name_nor_address_is_there_and_all_hosts_are_known(
    hostnames: list[str], addresses: list[str], gone: list[str]
) -> None:
    swarm = nodes.parse_nodes(json.dumps(SWARM))
    assert [node.hostname for node in nodes.left(swarm, hostnames, addresses, [])] == gone
    assert [node.hostname for node in nodes.missing(swarm, hostnames, addresses)] == gone
    assert nodes.left(swarm, hostnames, addresses, ["callisto"]) == []


def test_of_a_host_that_joined_anew_the_node_it_was_before_has_left() -> None:
    before = described("io", "192.0.2.11", **{nodes.LABEL: "true"}) | {"ID": "before", "Status": {"State": "down"}}
    found = nodes.parse_nodes(json.dumps([before, *SWARM[:2]]))
    for unknown_hosts in ([], ["europa"]):
        assert [node.node_id for node in nodes.left(found, ["jupiter", "io"], [], unknown_hosts)] == ["before"]
    assert nodes.newest(found, "io") == found[2]


def task(service: str, node: str, desired: str, current: str) -> str:
    return json.dumps({"Name": f"{service}.1", "Node": node, "DesiredState": desired, "CurrentState": current})


TASKS = "\n".join(
    [
        task("main-ada", "europa", "Shutdown", "Running 3 seconds ago"),
        task("main-ada", "io", "Running", "Preparing 2 seconds ago"),
        task("main-emil", "europa", "Shutdown", "Shutdown 1 second ago"),
        task("main-emil", "io", "Running", "Running 1 second ago"),
        task("main-emmy", "europa", "Running", "Running about an hour ago"),
    ]
)


def test_what_a_node_is_to_run_is_what_swarm_wants_there() -> None:
    assert nodes.wanted_services(task for task in nodes.parse_tasks(TASKS) if task.node == "europa") == ["main-emmy"]


@pytest.mark.parametrize(("service", "elsewhere"), [("main-ada", False), ("main-emil", True), ("main-emmy", False)])
def test_a_service_runs_elsewhere_when_its_new_task_runs(service: str, elsewhere: bool) -> None:
    tasks = [task for task in nodes.parse_tasks(TASKS) if task.service == service]
    assert nodes.runs_elsewhere(tasks, "europa") is elsewhere


def node(availability: str = "active", **labels: str) -> nodes.Node:
    found = described("io", "192.0.2.11", **labels)
    found["Spec"]["Availability"] = availability
    return nodes.parse_nodes(json.dumps([found]))[0]


@pytest.mark.parametrize(
    ("found", "wanted", "is_busy", "arguments"),
    [
        (node(), {nodes.LABEL: "true"}, False, [f"--label-add={nodes.LABEL}=true"]),
        (node(**{nodes.LABEL: "true"}), {nodes.LABEL: "true"}, True, []),
        (node("drain", **{nodes.LABEL: "true"}), {nodes.LABEL: "true"}, False, []),
        (node(**{nodes.LABEL: "true", "old": "x"}), {nodes.LABEL: "true"}, True, ["--label-rm=old"]),
        (node("drain", **{nodes.LABEL: "true", "galilean.homes": "dead"}), {nodes.LABEL: "true"}, False, []),
        (node(**{nodes.LABEL: "true"}), {nodes.LABEL: "false"}, False, [f"--label-add={nodes.LABEL}=false"]),
        (
            node(**{nodes.LABEL: "true"}),
            {nodes.LABEL: "false"},
            True,
            [f"--label-add={nodes.LABEL}=false", "--availability=pause"],
        ),
        (
            node("pause", **{nodes.LABEL: "false"}),
            {nodes.LABEL: "true"},
            True,
            [f"--label-add={nodes.LABEL}=true", "--availability=active"],
        ),
        (
            node("drain", **{nodes.LABEL: "true", nodes.LEAVING: "true"}),
            {nodes.LABEL: "true"},
            True,
            ["--availability=active", f"--label-rm={nodes.LEAVING}"],
        ),
        (
            node(**{nodes.LABEL: "true", nodes.LEAVING: "true"}),
            {nodes.LABEL: "false"},
            True,
            [
                "--availability=active",
                f"--label-rm={nodes.LEAVING}",
                f"--label-add={nodes.LABEL}=false",
                "--availability=pause",
            ],
        ),
    ],
    ids=[
        "new",
        "same",
        "drained by hand",
        "label gone",
        "homes gone",
        "no more servers",
        "no more servers, busy",
        "servers again",
        "back in the inventory",
        "back in the inventory, but for no more servers",
    ],
)
def test_a_node_gets_its_labels_and_nobody_on_it_is_stopped(
    found: nodes.Node, wanted: dict[str, str], is_busy: bool, arguments: list[str]
) -> None:
    assert nodes.update_arguments(found, wanted, is_busy) == arguments
