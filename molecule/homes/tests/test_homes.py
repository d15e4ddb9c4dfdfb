"""A node that loses the homes: it gets no server, is drained and named, and is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from client import eventually
from lab import ROOT, Lab
from testinfra.host import Host

# Of a node that takes servers, by its name in the inventory.
LABELS = {"galilean.host": "europa", "galilean.servers": "true"}
HOMES = "/srv/galilean/homes"
# Longer than a guard takes from one look at the homes to the next.
QUICKLY = ("--extra-vars", "homes_dead_after_seconds=20")
NODES = ("io", "europa")
LOOK = "python3 -I /usr/local/lib/galilean-homes-guard.py /etc/galilean/homes-guard.json --look"


@pytest.fixture
def europa(hosts: dict[str, Host]) -> Iterator[Host]:
    """A node that can lose the homes: another mount takes their place."""
    yield hosts["europa"]
    hosts["europa"].run(f"findmnt --types tmpfs {HOMES} && umount {HOMES}")


def lose_homes(node: Host) -> None:
    node.check_output(f"mount -t tmpfs -o size=1m none {HOMES}")


def find_homes(node: Host) -> None:
    node.check_output(f"umount {HOMES}")


def spec(jupiter: Host, node: str = "europa") -> dict[str, Any]:
    """What the Swarm wants of a node."""
    (found,) = json.loads(jupiter.check_output(f"docker node inspect {node}"))
    wanted: dict[str, Any] = found["Spec"]
    return wanted


def alarm(node: str) -> str:
    return f"galilean-homes-dead@{node}.service"


def failed_units(jupiter: Host) -> str:
    return jupiter.check_output("systemctl list-units --failed --plain --no-legend")


@pytest.fixture(scope="module")
def impatient(lab: Lab) -> Iterator[None]:
    """A watch that takes homes for dead after seconds."""
    run = lab.play("playbooks/storage.yml", *QUICKLY)
    assert run.returncode == 0, run.output
    yield
    run = lab.play("playbooks/storage.yml")
    assert run.returncode == 0, run.output


def test_a_node_that_waits_for_the_homes_is_paused_and_taken_back(hosts: dict[str, Host], europa: Host) -> None:
    jupiter = hosts["jupiter"]
    lose_homes(europa)
    eventually(lambda: spec(jupiter)["Availability"] == "pause", "europa is paused")
    assert spec(jupiter)["Labels"] == {**LABELS, "galilean.homes": "paused"}
    journal = "journalctl --unit galilean-homes-watch --output cat --lines 5"
    told = "its availability is pause: stat: cannot read file system information"
    eventually(lambda: told in jupiter.check_output(journal), "the journal says why")
    assert alarm("europa") not in failed_units(jupiter)

    find_homes(europa)
    eventually(lambda: spec(jupiter)["Availability"] == "active", "europa takes servers again")
    assert spec(jupiter)["Labels"] == LABELS


@pytest.mark.usefixtures("impatient")
@pytest.mark.seldom
def test_a_node_whose_homes_are_dead_is_drained_and_named_and_taken_back(hosts: dict[str, Host], europa: Host) -> None:
    jupiter = hosts["jupiter"]
    lose_homes(europa)
    eventually(lambda: spec(jupiter)["Availability"] == "drain", "europa is drained")
    assert spec(jupiter)["Labels"] == {**LABELS, "galilean.homes": "dead"}
    eventually(lambda: alarm("europa") in failed_units(jupiter), "the alarm is raised")
    journal = jupiter.check_output("journalctl --unit galilean-homes-watch --priority err --output cat --lines 1")
    assert journal.startswith("europa has not seen the homes of jupiter for ")
    assert f"it is drained: stat: cannot read file system information for '{HOMES}/.galilean-export'" in journal

    find_homes(europa)
    eventually(lambda: spec(jupiter)["Availability"] == "active", "europa takes servers again")
    assert spec(jupiter)["Labels"] == LABELS
    eventually(lambda: alarm("europa") not in failed_units(jupiter), "the alarm is over")


@pytest.mark.usefixtures("impatient")
@pytest.mark.seldom
def test_homes_that_no_node_sees_drain_nobody_and_are_told(hosts: dict[str, Host]) -> None:
    jupiter = hosts["jupiter"]
    for node in NODES:
        lose_homes(hosts[node])
    try:
        for node in NODES:
            eventually(lambda node=node: alarm(node) in failed_units(jupiter), f"the alarm of {node} is raised")
        assert {spec(jupiter, node)["Availability"] for node in NODES} == {"active"}
    finally:
        for node in NODES:
            find_homes(hosts[node])
    for node in NODES:
        eventually(lambda node=node: alarm(node) not in failed_units(jupiter), f"the alarm of {node} is over")
    assert {spec(jupiter, node)["Availability"] for node in NODES} == {"active"}


@pytest.mark.usefixtures("impatient")
@pytest.mark.seldom
def test_a_guard_that_does_not_answer_is_told_and_its_node_left_alone(hosts: dict[str, Host], europa: Host) -> None:
    jupiter = hosts["jupiter"]
    europa.check_output("systemctl stop galilean-homes-guard")
    try:
        eventually(lambda: alarm("europa") in failed_units(jupiter), "the alarm is raised")
        assert spec(jupiter)["Availability"] == "active"
    finally:
        europa.check_output("systemctl start galilean-homes-guard")
    eventually(lambda: alarm("europa") not in failed_units(jupiter), "the alarm is over")


def test_a_run_stops_at_a_node_without_the_homes_and_says_so(lab: Lab, europa: Host) -> None:
    lose_homes(europa)
    run = lab.play("playbooks/storage.yml")
    assert run.returncode != 0
    assert {host for host, counters in run.recap.items() if counters["failed"]} == {"europa"}
    assert "the homes of jupiter:/srv/galilean/homes are out of reach: " in run.output


@pytest.mark.seldom
def test_a_storage_host_that_is_a_node_sees_the_homes_for_others(lab: Lab, hosts: dict[str, Host]) -> None:
    inventory = ROOT / ".lab" / lab.name / "storage-on-a-node.yml"
    inventory.write_text("storage:\n  hosts:\n    io:\n")
    try:
        run = lab.play("playbooks/storage.yml", "--inventory", "inventories/lab", "--inventory", str(inventory))
        assert run.returncode == 0, run.output
        for node in NODES:
            assert "io:/srv/galilean/homes" in hosts[node].file("/etc/galilean/homes-guard.json").content_string
            assert hosts[node].run(LOOK).succeeded
    finally:
        inventory.unlink()
        run = lab.play("playbooks/storage.yml")
    assert run.returncode == 0, run.output
    assert hosts["io"].run(LOOK).succeeded


@pytest.mark.parametrize(("left_over", "missing"), [(False, "main/ada-0123abcd"), (True, ".galilean-export")])
def test_no_server_starts_where_the_homes_are_not(
    hosts: dict[str, Host], europa: Host, probe: str, left_over: bool, missing: str
) -> None:
    jupiter = hosts["jupiter"]
    eventually(lambda: spec(jupiter)["Availability"] == "active", "europa takes servers")
    # From a guard that is silent the watch learns nothing for now, and does not pause the node.
    europa.check_output("systemctl stop galilean-homes-guard")
    lose_homes(europa)
    if left_over:
        europa.check_output(f"mkdir --parents {HOMES}/main/ada-0123abcd")
    home = f"--mount type=bind,source={HOMES}/main/ada-0123abcd,target=/home/ada"
    export = f"--mount type=bind,source={HOMES}/.galilean-export,target=/run/galilean-export,readonly"
    jupiter.check_output(
        "docker service create --detach --name homeless --no-resolve-image --restart-condition none "
        f"--constraint node.hostname==europa {home} {export} {probe}"
    )
    try:
        tasks = "docker service ps --no-trunc --format '{{.CurrentState}} {{.Error}}' homeless"
        eventually(lambda: "Rejected" in jupiter.check_output(tasks), "Swarm rejects the server")
        assert f"bind source path does not exist: {HOMES}/{missing}" in jupiter.check_output(tasks)
    finally:
        jupiter.check_output("docker service rm homeless")
        find_homes(europa)
        europa.check_output("systemctl start galilean-homes-guard")


def test_a_guard_tells_strangers_nothing(lab: Lab, addresses: dict[str, str]) -> None:
    """Without a certificate there is no answer."""
    ask = (
        "import socket, ssl; context = ssl._create_unverified_context(); "
        f"print(context.wrap_socket(socket.create_connection(({addresses['io']!r}, 8445), 5)).recv(99))"
    )
    assert "unseen" not in lab.run("jupiter", "python3", "-c", ask, check=False)


@pytest.mark.parametrize(("host", "unit"), [("io", "guard"), ("jupiter", "watch")])
def test_the_services_are_confined(hosts: dict[str, Host], host: str, unit: str) -> None:
    analysis = f"systemd-analyze security --no-pager galilean-homes-{unit}.service | tail --lines 1"
    exposure = hosts[host].check_output(analysis)
    assert float(exposure.split(":")[1].split()[0]) <= 2.5
