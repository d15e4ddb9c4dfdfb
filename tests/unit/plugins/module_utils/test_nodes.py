from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import nodes
from ansible_collections.galilean.hub.plugins.module_utils.nodes import HOST, LABEL, LEAVING, Node, Task

TAKES, TAKES_NOT = {LABEL: "true"}, {LABEL: "false"}


def node(node_id: str, host: str = "", **told: Any) -> Node:
    """A worker of ours, by default one that is ready, with the label of this host."""
    labels = told.pop("labels", TAKES | ({HOST: host} if host else {}))
    usual = {"hostname": host, "address": "", "state": "ready", "version": 1, "name": ""}
    return Node(node_id, **{**usual, "role": "worker", "availability": "active", "labels": labels, **told})


HUB = node("hub", "jupiter", role="manager")
IO, EUROPA = node("one", "io"), node("two", "europa")
IO_BEFORE = node("zero", "io", state="down")
UNLABELLED = node("old", hostname="europa.example.org")
STRANGER = node("stranger", labels={"rack": "left"})
SWARM = [HUB, IO, EUROPA, STRANGER]
HOSTS = ["jupiter", "io", "europa"]
IDS = {"jupiter": "hub", "io": "one", "europa": "two"}


def test_a_node_is_read_and_written_as_the_engine_has_it() -> None:
    spec = {"Name": "", "Role": "worker", "Availability": "active", "Labels": TAKES | {HOST: "io"}}
    description = {"Hostname": "io.example.org", "Platform": {"OS": "linux"}}
    status = {"State": "ready", "Addr": "192.0.2.11"}
    raw = {"ID": "one", "Version": {"Index": 1}, "Spec": spec, "Description": description, "Status": status}
    found = Node.from_api(raw)
    assert found == replace(IO, hostname="io.example.org", address="192.0.2.11")
    assert found.spec == spec
    assert str(found) == "io (192.0.2.11)"
    # One that has never reported.
    unheard = Node.from_api({**raw, "Description": {}, "Status": {"State": "unknown"}})
    assert (unheard.hostname, unheard.address) == ("", "")


def outcome(found: nodes.Departure) -> tuple[list[str], list[str], list[str]]:
    replaced, left, doubtful = ([node.node_id for node in part] for part in vars(found).values())
    return replaced, left, doubtful


@pytest.mark.parametrize(
    ("swarm", "hosts", "ids", "expected"),
    [
        (SWARM, HOSTS, IDS, ([], [], [])),
        (SWARM, ["jupiter", "io"], {"jupiter": "hub", "io": "one"}, ([], ["two"], [])),
        (SWARM, HOSTS, {"jupiter": "hub"}, ([], [], [])),
        (SWARM, ["jupiter", "io"], {"jupiter": "hub"}, ([], ["two"], [])),
        (SWARM, ["jupiter", "ganymede", "europa"], {**IDS, "ganymede": "one"}, ([], [], [])),
        (SWARM, ["jupiter", "ganymede", "europa"], {"jupiter": "hub", "europa": "two"}, ([], [], ["one"])),
        (SWARM, [*HOSTS, "callisto"], {**IDS, "callisto": ""}, ([], [], [])),
        ([*SWARM, IO_BEFORE], HOSTS, IDS, (["zero"], [], [])),
        ([HUB, IO_BEFORE, EUROPA], HOSTS, {**IDS, "io": ""}, (["zero"], [], [])),
        ([HUB, IO_BEFORE, EUROPA], HOSTS, {"jupiter": "hub", "europa": "two"}, ([], [], [])),
        ([*SWARM, IO_BEFORE], [*HOSTS, "callisto"], IDS, (["zero"], [], [])),
        ([*SWARM, replace(IO_BEFORE, state="ready")], HOSTS, IDS, ([], ["zero"], [])),
        ([*SWARM, replace(IO_BEFORE, state="unknown")], HOSTS, IDS, ([], ["zero"], [])),
        ([*SWARM, replace(IO_BEFORE, role="manager")], HOSTS, IDS, ([], [], [])),
        ([HUB, IO, UNLABELLED], HOSTS, {**IDS, "europa": "old"}, ([], [], [])),
        ([HUB, IO, UNLABELLED], HOSTS, {"jupiter": "hub", "io": "one"}, ([], [], ["old"])),
        ([HUB, IO, replace(UNLABELLED, state="down")], HOSTS[:2], IDS, ([], ["old"], [])),
        ([HUB, IO, EUROPA], HOSTS, {"jupiter": "hub", "io": "two", "europa": "one"}, ([], [], [])),
    ],
    ids=[
        "all there",
        "one gone",
        "two that do not answer",
        "one gone, one that does not answer",
        "renamed",
        "one gone, or renamed and does not answer",
        "one more",
        "made anew, and joined",
        "made anew",
        "down",
        "made anew, while another was never reached",
        "another machine in its place, the old one still up",
        "another machine in its place, the manager has just been started",
        "a manager",
        "never labelled",
        "never labelled, and does not answer",
        "never labelled, down and gone",
        "names exchanged",
    ],
)
def test_a_node_goes_when_its_host_is_gone_or_another_node_for_certain(
    swarm: list[Node], hosts: list[str], ids: dict[str, str], expected: tuple[list[str], list[str], list[str]]
) -> None:
    assert outcome(nodes.departure(swarm, hosts, ids)) == expected


def test_two_hosts_that_are_one_node_are_named() -> None:
    nodes.check_ids({**IDS, "callisto": "", "ganymede": ""})
    with pytest.raises(ValueError, match="europa and io are one node"):
        nodes.check_ids({**IDS, "europa": "one"})


def task(service: str, node_id: str, desired: str, state: str) -> Task:
    raw = {"ServiceID": f"id-of-{service}", "NodeID": node_id, "DesiredState": desired, "Status": {"State": state}}
    return Task.from_api(raw, {f"id-of-{service}": service})


TASKS = [
    task("main-ada", "two", "shutdown", "running"),
    task("main-ada", "one", "running", "preparing"),
    task("main-emil", "two", "shutdown", "shutdown"),
    task("main-emil", "one", "running", "running"),
    task("main-emmy", "two", "running", "running"),
    task("main-new", "", "running", "pending"),
]


def test_what_a_node_is_to_run_is_what_swarm_wants_there() -> None:
    assert nodes.wanted_services(TASKS, EUROPA) == ["main-emmy"]
    assert nodes.wanted_services(TASKS, IO) == ["main-ada", "main-emil"]
    # Somebody has removed the service meanwhile.
    assert Task.from_api({"DesiredState": "remove", "Status": {"State": "running"}}, {}).wanted is False


@pytest.mark.parametrize(
    ("left", "services", "expected"),
    [
        (EUROPA, ["main-emil"], ["main-ada", "main-emmy"]),
        (EUROPA, ["main-ada", "main-emil", "main-emmy", "main-ended"], ["main-ada", "main-emmy"]),
        (replace(EUROPA, state="down"), ["main-emil"], []),
        (replace(EUROPA, state="down"), ["main-ada", "main-emmy"], ["main-ada", "main-emmy"]),
    ],
    ids=["still there", "not yet elsewhere, or ended", "lost", "lost, not yet elsewhere"],
)
def test_a_node_is_left_once_what_ran_there_runs_elsewhere(
    left: Node, services: list[str], expected: list[str]
) -> None:
    assert nodes.waiting(TASKS, left, services) == expected


def io(availability: str = "active", **labels: str) -> Node:
    return replace(IO, availability=availability, labels={HOST: "io", **labels})


@pytest.mark.parametrize(
    ("found", "labels", "is_busy", "expected"),
    [
        (node("one", labels={}), TAKES, False, io(**TAKES)),
        (io(**TAKES), TAKES, True, io(**TAKES)),
        (io("drain", **TAKES), TAKES, False, io("drain", **TAKES)),
        (io("pause", **TAKES), TAKES, True, io("pause", **TAKES)),
        (io(**TAKES, old="x"), TAKES | {"rack": "left"}, True, io(**TAKES, rack="left")),
        (
            io("drain", **TAKES, **{"galilean.homes": "dead"}),
            TAKES,
            False,
            io("drain", **TAKES, **{"galilean.homes": "dead"}),
        ),
        (replace(io(**TAKES), labels=TAKES | {HOST: "callisto"}), TAKES, True, io(**TAKES)),
        (io(**TAKES), TAKES_NOT, False, io(**TAKES_NOT)),
        (io(**TAKES), TAKES_NOT, True, io("pause", **TAKES_NOT)),
        (io("drain", **TAKES), TAKES_NOT, True, io("drain", **TAKES_NOT)),
        (io("pause", **TAKES_NOT), TAKES, True, io(**TAKES)),
        (io("drain", **TAKES_NOT), TAKES, True, io("drain", **TAKES)),
        (io("drain", **TAKES, **{LEAVING: "true"}), TAKES, True, io(**TAKES)),
        (io(**TAKES, **{LEAVING: "true"}), TAKES_NOT, True, io("pause", **TAKES_NOT)),
    ],
    ids=[
        "new",
        "same",
        "drained by hand",
        "paused by hand",
        "labels of the site changed",
        "homes gone",
        "renamed",
        "no more servers",
        "no more servers, busy",
        "no more servers, drained but not empty yet",
        "servers again",
        "servers again, drained by hand",
        "back in the inventory",
        "back in the inventory, but for no more servers",
    ],
)
def test_a_node_gets_its_labels_and_nobody_on_it_is_stopped(
    found: Node, labels: dict[str, str], is_busy: bool, expected: Node
) -> None:
    wanted = nodes.wanted(found, "io", labels, is_busy)
    assert (wanted.availability, wanted.labels) == (expected.availability, expected.labels)
    assert nodes.wanted(wanted, "io", labels, is_busy) == wanted


def test_two_hosts_of_one_host_name_get_each_its_own_labels() -> None:
    clones = [node(node_id, labels={}, hostname="debian") for node_id in ("one", "two")]
    labelled = [nodes.wanted(clone, host, TAKES, False) for clone, host in zip(clones, ("io", "europa"), strict=True)]
    assert [clone.labels[HOST] for clone in labelled] == ["io", "europa"]
    assert outcome(nodes.departure([HUB, *labelled], HOSTS, IDS)) == ([], [], [])


@pytest.mark.parametrize("availability", ["pause", "drain"])
def test_a_node_that_is_to_leave_and_stays_is_as_it_was(availability: str) -> None:
    held = nodes.held(IO, availability)
    assert (held.availability, held.labels[LEAVING]) == (availability, "true")
    assert nodes.released(held) == IO
