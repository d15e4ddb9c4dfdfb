"""What a look at a host of the cluster tells, and that it starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testinfra.host import Host

RunModule = Callable[..., dict[str, Any]]
HOMES = "jupiter:/srv/galilean/homes"
GUARD = "/etc/galilean/homes-guard.json"


@pytest.fixture
def stopped_engine(hosts: dict[str, Host]) -> Iterator[Host]:
    """europa, where systemd listens at the engine's socket while the engine is stopped."""
    europa = hosts["europa"]
    europa.check_output("systemctl stop docker.service")
    yield europa
    europa.check_output("systemctl start docker.service")


@pytest.fixture
def server(hosts: dict[str, Host], probe: str) -> Iterator[Host]:
    """io, with a student's server, and a guard of the homes that the role homes has not written yet."""
    io = hosts["io"]
    is_guarded = io.file(GUARD).exists
    if not is_guarded:
        io.check_output(f"""printf '{{"export_id": "{HOMES}"}}' >{GUARD}""")
    io.check_output(f"docker run --detach --name looked-at --label galilean.user=ada {probe}")
    yield io
    io.check_output("docker rm --force looked-at")
    if not is_guarded:
        io.check_output(f"rm {GUARD}")


def test_the_manager_knows_its_nodes(hosts: dict[str, Host], run_module: RunModule) -> None:
    look, jupiter = run_module("jupiter", "host_info", {}), hosts["jupiter"]
    assert look["unknown"] == {}
    assert look["engine"] == {
        "installed": True,
        "runs": True,
        "version": jupiter.check_output("docker version --format '{{.Server.Version}}'"),
        "root_directory": "/var/lib/docker",
        "is_ours": True,
    }
    swarm = look["swarm"]
    assert (swarm["state"], swarm["is_manager"], swarm["is_claimed"]) == ("active", True, True)
    assert set(swarm["members"]) == set(jupiter.check_output("docker node ls --quiet").split())
    assert ["dockerd"] in [each["processes"] for each in look["listening"] if each["port"] == 2377]
    # What the role docker has written is ours.
    assert look["of_others"]["files"] == []


def test_a_node_knows_itself_and_its_manager(
    hosts: dict[str, Host], addresses: dict[str, str], run_module: RunModule
) -> None:
    swarm = run_module("io", "host_info", {})["swarm"]
    assert swarm["node_id"] == hosts["jupiter"].check_output("docker node inspect --format '{{.ID}}' io")
    assert (swarm["managers"], swarm["is_manager"]) == ([addresses["jupiter"]], False)


def test_an_engine_that_was_stopped_stays_so(stopped_engine: Host, run_module: RunModule) -> None:
    look = run_module("europa", "host_info", {})
    assert look["engine"] == {"installed": True, "runs": False, "is_ours": True, "version": "", "root_directory": ""}
    assert look["swarm"] == {}
    assert look["unknown"]["swarm"] == "the engine does not run"
    assert not stopped_engine.service("docker").is_running


@pytest.mark.usefixtures("server")
def test_homes_are_in_use_while_a_server_runs(run_module: RunModule) -> None:
    assert run_module("io", "host_info", {})["homes_in_use"] == HOMES
    assert run_module("jupiter", "host_info", {})["homes_in_use"] == ""
