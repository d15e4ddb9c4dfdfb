"""What a look at a host tells that has nothing of ours yet, and only Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from client import eventually
from testinfra.host import Host

RunModule = Callable[..., dict[str, Any]]
IN_NO_SWARM = {"node_id": "", "state": "inactive", "is_manager": False, "error": "", "is_claimed": False}
# The name of a process is that of its program. It takes connections at the engine's socket, and answers nothing.
HANG = (
    "import socket, time; server = socket.socket(socket.AF_UNIX); server.bind('/run/docker.sock'); server.listen(); "
    "time.sleep(3600)"
)
OF_OTHERS = {
    "/etc/docker/daemon.json": '{"log-driver": "syslog"}',
    "/etc/nginx/sites-enabled/default": "server {}",
    "/etc/ufw/ufw.conf": "# of its package\nENABLED=yes\n",
}


@pytest.fixture
def hanging_engine(hosts: dict[str, Host]) -> Iterator[Host]:
    """io, with an engine that takes connections and answers nothing."""
    io = hosts["io"]
    io.check_output("cp /usr/bin/python3 /usr/local/bin/dockerd")
    io.check_output(f'systemd-run --unit=hanging --collect /usr/local/bin/dockerd -c "{HANG}"')
    eventually(lambda: io.file("/run/docker.sock").exists, "it listens")
    yield io
    io.check_output("systemctl stop hanging; rm -f /usr/local/bin/dockerd /run/docker.sock")


@pytest.fixture
def host_of_others(hosts: dict[str, Host]) -> Iterator[Host]:
    """io, with what others have set up there."""
    io = hosts["io"]
    for path, content in OF_OTHERS.items():
        io.check_output(f"mkdir --parents $(dirname {path}) && printf %s '{content}' >{path}")
    yield io
    io.check_output(f"rm {' '.join(OF_OTHERS)}")


@pytest.mark.parametrize("name", ["jupiter", "io"])
def test_a_bare_host_is_known(hosts: dict[str, Host], run_module: RunModule, name: str) -> None:
    look, host = run_module(name, "host_info", {}), hosts[name]
    assert look["unknown"] == {}
    assert not look["changed"]
    assert look["processors"] == int(host.check_output("nproc --all"))
    assert look["memory_mib"] == int(host.check_output("grep MemTotal /proc/meminfo").split()[1]) // 1024
    assert look["engine"] == {"installed": False, "runs": False, "version": "", "root_directory": ""}
    assert look["swarm"].items() >= IN_NO_SWARM.items()
    assert look["of_others"] == {"files": [], "firewalls": [], "time_services": []}
    assert {"first": 0, "length": 1, "owner": "the account root"} in look["ids"]
    assert look["homes_in_use"] == ""
    assert look["reached_at"] == []
    assert look["volume"] == {}
    assert "/" in [mount["path"] for mount in look["mounts"]]


@pytest.mark.usefixtures("host_of_others")
def test_what_others_have_set_up_is_told(run_module: RunModule) -> None:
    found = run_module("io", "host_info", {})["of_others"]
    assert found["files"] == ["/etc/docker/daemon.json", "/etc/nginx/sites-enabled/default"]
    assert found["firewalls"] == ["ufw"]


def test_who_listens_is_told(hosts: dict[str, Host], run_module: RunModule) -> None:
    io = hosts["io"]
    io.check_output("systemd-run --unit=listener --collect python3 -m http.server --bind 127.0.0.1 8099")
    try:
        eventually(lambda: "8099" in io.check_output("ss -Hlnt"), "it listens")
        found = run_module("io", "host_info", {})["listening"]
    finally:
        io.check_output("systemctl stop listener")
    assert {"protocol": "tcp", "address": "127.0.0.1", "port": 8099, "processes": ["python3"]} in found


def test_without_root_all_is_told_that_needs_none(run_module: RunModule) -> None:
    look = run_module("io", "host_info", {}, "--extra-vars", json.dumps({"ansible_user": "nobody"}))
    assert look["unknown"] == {"kernel": "[Errno 1] Operation not permitted"}
    assert look["processors"] > 0
    assert look["swarm"].items() >= IN_NO_SWARM.items()


@pytest.mark.usefixtures("hanging_engine")
def test_an_engine_that_hangs_keeps_nobody_from_the_rest(run_module: RunModule) -> None:
    look = run_module("io", "host_info", {})
    assert look["unknown"] == dict.fromkeys(("homes_in_use", "engine", "swarm"), "no answer within 30 s")
    assert (look["engine"], look["swarm"], look["homes_in_use"]) == ({}, {}, "")
    assert look["memory_mib"] > 0


def test_a_volume_is_looked_at_where_there_is_one(run_module: RunModule) -> None:
    volume = run_module("io", "host_info", {"device": "/dev/none", "directory": "/srv/volume"})["volume"]
    assert volume["kind"] == "nothing there"
    assert volume["disks"]
    refused = run_module("io", "host_info", {"device": "/dev/none"})
    assert "directory" in refused["msg"]
