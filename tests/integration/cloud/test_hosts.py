"""From an empty project to hosts that are prepared: servers, cloud-init, inventory, SSH through the hub."""

from __future__ import annotations

import subprocess
from typing import Any

from client import eventually
from lab import Lab
from projects import CLUSTER, Project

HUB, NODE = f"{CLUSTER}-hub", f"{CLUSTER}-node-1"
PHASES = ("--tags", "openstack,hosts")


def inside(server: Any, *command: str) -> str:
    """What a command prints in the container of a server."""
    container = ["docker", "exec", f"cloud-{server.id}"]
    return subprocess.run([*container, *command], check=True, capture_output=True, text=True).stdout.strip()


def test_one_command_prepares_the_hosts_of_an_empty_project(project: Project, variables: dict[str, Any]) -> None:
    run = project.play("playbooks/site.yml", *PHASES, **variables)
    assert run.returncode == 0, run.output
    assert {HUB, NODE} <= {*run.recap}
    for name, server in project.servers().items():
        assert inside(server, "hostname") == name
        assert "debian" in inside(server, "getent", "passwd", "debian")
        assert inside(server, "systemctl", "is-active", "nftables") == "active"


def test_a_host_is_known_by_the_key_that_its_cloud_init_made(project: Project) -> None:
    known = {tuple(line.split()[:3]) for line in project.known_hosts.read_text().splitlines()}
    assert known == {
        (server.id, *inside(server, "cat", f"/etc/ssh/ssh_host_{kind}_key.pub").split()[:2])
        for server in project.servers().values()
        for kind in ("ecdsa", "ed25519")
    }


def test_a_second_run_changes_nothing(project: Project, variables: dict[str, Any]) -> None:
    run = project.play("playbooks/site.yml", *PHASES, **variables)
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}, run.output


def test_a_server_that_is_deleted_ends(project: Project, variables: dict[str, Any]) -> None:
    run = project.tear_down(**{**variables, "openstack_deleted_cluster": CLUSTER})
    assert run.returncode == 0, run.output
    assert project.servers() == {}
    listing = ["ps", "--all", "--quiet", "--filter", "label=galilean.server"]
    eventually(lambda: not Lab("nobody").docker(*listing), "the containers of the servers are removed")
