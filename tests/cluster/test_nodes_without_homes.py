"""A node that does not see the homes: its servers go elsewhere, or their owners learn what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client import Hub, Student, eventually
from galilean_hub.slug import slug
from homes import HOMES
from lab import NODES, Lab


def spec(lab: Lab, node: str) -> str:
    """What the Swarm wants of a node."""
    return lab.run("jupiter", "docker", "node", "inspect", "--format", "{{json .Spec}}", node)


def refused(student: Student) -> str:
    """What the page of a server says that cannot be started."""
    student.request_start()
    eventually(lambda: not student.server().get("pending"), "the start has failed")
    return student.hub.request("GET", f"/hub/api/users/{student.name}/server/progress").text


@pytest.fixture
def blind(lab: Lab) -> Iterator[str]:
    """A node that does not see the homes."""
    lab.run("io", "mount", "-t", "tmpfs", "tmpfs", HOMES)
    yield "io"
    lab.run("io", "umount", "--lazy", HOMES)
    # A guard that starts looks at once.
    lab.run("io", "systemctl", "restart", "galilean-homes-guard")
    eventually(lambda: "galilean.homes" not in spec(lab, "io"), "nothing is left of what the watch has done")


def test_a_node_that_does_not_see_the_homes_is_avoided(placement: Lab, hub: Hub, blind: str) -> None:
    with hub.student("anchor") as anchor, hub.student("mover") as mover:
        placement.pause(blind)
        anchor.start()
        placement.activate(blind)
        # Swarm would take the node on which nothing runs.
        mover.start()
        assert mover.run("import os; print(os.environ['GALILEAN_NODE'])") == "europa"
        service = f"main-{slug(mover.name)}"
        described = placement.run("jupiter", "docker", "service", "inspect", service)
        assert "node.id" not in described.partition('"PreviousSpec"')[0]
        tasks = placement.run("jupiter", "docker", "service", "ps", "--format", "{{.Node}} {{.DesiredState}}", service)
        assert tasks == "europa Running"


@pytest.mark.seldom
def test_what_was_left_below_the_mount_starts_no_server(placement: Lab, hub: Hub, blind: str) -> None:
    # From a guard that is silent the watch learns nothing for now, and does not pause the node.
    placement.run(blind, "systemctl", "stop", "galilean-homes-guard")
    with hub.student("survivor") as student:
        student.start()
        home = f"{HOMES}/main/{slug(student.name)}"
        owner = placement.run("jupiter", "stat", "--format", "%u:%g", home)
        student.stop()
        placement.run(blind, "mkdir", "--parents", home)
        placement.run(blind, "chown", owner, home)
        placement.pause(*(node for node in NODES if node != blind))
        told = refused(student)
        assert f"Node {blind} waits for the homes of jupiter." in told
        assert f"bind source path does not exist: {HOMES}/.galilean-export" in told
        assert placement.run(blind, "ls", "-A", home) == ""


@pytest.mark.seldom
def test_who_finds_no_node_with_homes_is_told_which_waits_for_whom(placement: Lab, hub: Hub, blind: str) -> None:
    placement.pause(*(node for node in NODES if node != blind))
    with hub.student("waiter") as student:
        told = refused(student)
        assert "Node io waits for the homes of jupiter." in told
        assert "bind source path does not exist" in told


@pytest.mark.seldom
def test_a_node_that_waits_for_the_homes_takes_no_server_and_is_named(placement: Lab, hub: Hub, blind: str) -> None:
    eventually(lambda: '"Availability":"pause"' in spec(placement, blind), "io is paused")
    placement.pause(*(node for node in NODES if node != blind))
    with hub.student("latecomer") as student:
        told = refused(student)
        assert "Node io waits for the homes of jupiter. There is no place for the server now." in told
