"""The host of the hub is lost, and another takes its place, with the secrets of the controller and the homes."""

from __future__ import annotations

from pathlib import Path

import pytest
from client import Hub, eventually
from lab import HOSTS, NODES, Lab

pytestmark = pytest.mark.seldom


def test_all_nodes_carry_traffic_after_one_run_when_the_host_of_the_hub_was_made_anew(
    lab: Lab, placement: Lab, hub: Hub, tmp_path: Path
) -> None:
    with hub.student("returning") as student:
        student.start()
        student.run("open('notes.txt', 'w').write('saved before the host was lost')")
        student.stop()
        # What is built anew from the same files takes minutes, and shows nothing here.
        lab.pack_registry(tmp_path / "registry.tar")
        lab.docker("rm", "--force", "--volumes", lab.container("jupiter"))
        lab.docker("volume", "rm", f"{lab.container('jupiter')}-docker")
        assert lab.play("tests/lab/create.yml").returncode == 0
        lab.unpack_registry(tmp_path / "registry.tar")

        # The nodes still belong to the Swarm of a manager that is gone, and run nothing.
        run = lab.play("playbooks/site.yml")
        assert run.returncode == 0, run.output
        assert lab.ready_nodes() == set(HOSTS)
        names = lab.run("jupiter", "docker", "node", "ls", "--format", "{{.Hostname}}").split()
        assert sorted(names) == sorted(HOSTS)

        eventually(hub.healthy, "the hub answers")
        hub.api("POST", "/users/returning")
        for node in NODES:
            placement.pause(*(other for other in NODES if other != node))
            student.start()
            assert student.run("import os; print(os.environ['GALILEAN_NODE'])") == node
            assert student.run("print(open('notes.txt').read())") == "saved before the host was lost"
            student.stop()
            placement.activate(*NODES)
        again = lab.play("playbooks/site.yml")
        assert again.changed == dict.fromkeys(HOSTS, 0), again.output
