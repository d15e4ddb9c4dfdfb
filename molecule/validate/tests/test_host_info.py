"""What a look at a host tells that has nothing of ours yet, and only Python."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml
from client import eventually
from lab import Lab
from testinfra.host import Host

# Hosts of this file, on which nobody has installed anything, and their releases.
BARE = {"elara": "bookworm", "carme": "trixie"}
Look = Callable[..., dict[str, Any]]
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


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Iterator[Path]:
    """Of bare hosts that are up."""
    subnet = ipaddress.ip_network(
        lab.docker("network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", lab.name).strip()
    )
    hosts = {
        name: {
            "ansible_connection": "community.docker.docker",
            "ansible_host": lab.container(name),
            "lab_name": lab.name,
            "lab_image": f"galilean-host:{release}",
            "lab_address": str(subnet[number]),
            "lab_published_ports": [],
        }
        for number, (name, release) in enumerate(BARE.items(), start=17)
    }
    path = tmp_path_factory.mktemp("bare") / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    run = lab.play("tests/lab/create.yml", "--inventory", str(path))
    assert run.returncode == 0, run.output
    yield path
    lab.play("tests/lab/destroy.yml", "--inventory", str(path))


@pytest.fixture
def look(lab: Lab, inventory: Path) -> Look:
    """What the module tells of a bare host, called with these arguments and options."""

    def tell(name: str = "elara", options: Sequence[str] = (), **arguments: Any) -> dict[str, Any]:
        return lab.module(name, "host_info", arguments, "--inventory", str(inventory), *options)

    return tell


@pytest.fixture
def bare(lab: Lab, inventory: Path) -> dict[str, Host]:
    names = yaml.safe_load(inventory.read_text())["all"]["hosts"]
    return {name: testinfra.get_host(f"docker://{lab.container(name)}") for name in names}


@pytest.fixture
def hanging_engine(bare: dict[str, Host]) -> Iterator[Host]:
    """elara, with an engine that takes connections and answers nothing."""
    elara = bare["elara"]
    elara.check_output("cp /usr/bin/python3 /usr/local/bin/dockerd")
    elara.check_output(f'systemd-run --unit=hanging --collect /usr/local/bin/dockerd -c "{HANG}"')
    eventually(lambda: elara.file("/run/docker.sock").exists, "it listens")
    yield elara
    elara.check_output("systemctl stop hanging; rm -f /usr/local/bin/dockerd /run/docker.sock")


@pytest.fixture
def host_of_others(bare: dict[str, Host]) -> Iterator[Host]:
    """elara, with what others have set up there."""
    elara = bare["elara"]
    for path, content in OF_OTHERS.items():
        elara.check_output(f"mkdir --parents $(dirname {path}) && printf %s '{content}' >{path}")
    yield elara
    elara.check_output(f"rm {' '.join(OF_OTHERS)}")


@pytest.mark.parametrize("name", BARE)
def test_a_bare_host_is_known(bare: dict[str, Host], look: Look, name: str) -> None:
    found, host = look(name), bare[name]
    assert found["unknown"] == {}
    assert not found["changed"]
    assert found["processors"] == int(host.check_output("nproc"))
    assert found["memory_mib"] == int(host.check_output("grep MemTotal /proc/meminfo").split()[1]) // 1024
    assert found["engine"] == {"installed": False, "runs": False, "is_ours": False, "version": "", "root_directory": ""}
    assert found["swarm"].items() >= IN_NO_SWARM.items()
    assert {name for name, value in found["of_others"].items() if value} <= {"fstab"}
    assert (found["containers"], found["taken"]) == ([], [])
    assert {"first": 0, "length": 1, "owner": "the account root"} in found["ids"]
    assert found["homes_in_use"] == ""
    assert found["reached_at"] == []
    assert found["volume"] == {}
    assert "/" in [mount["path"] for mount in found["mounts"]]


@pytest.mark.usefixtures("host_of_others")
def test_what_others_have_set_up_is_told(look: Look) -> None:
    found = look()["of_others"]
    assert found["files"] == ["/etc/docker/daemon.json", "/etc/nginx/sites-enabled/default"]
    assert found["firewalls"] == ["ufw"]


def test_who_listens_is_told(bare: dict[str, Host], look: Look) -> None:
    elara = bare["elara"]
    elara.check_output("systemd-run --unit=listener --collect python3 -m http.server --bind 127.0.0.1 8099")
    try:
        eventually(lambda: "8099" in elara.check_output("ss -Hlnt"), "it listens")
        wanted = {"name": "site", "protocol": "tcp", "port": 8099, "service": "site.service"}
        listening = look()["listening"]
        taken = look(listeners=[wanted])["taken"]
        ours = look(listeners=[{**wanted, "service": "listener.service"}])["taken"]
    finally:
        elara.check_output("systemctl stop listener")
    told = {"processes": ["python3"], "units": ["listener.service"]}
    assert {"protocol": "tcp", "address": "127.0.0.1", "port": 8099, **told} in listening
    assert taken == [{"name": "site", "protocol": "tcp", "port": 8099, "holders": ["python3"]}]
    assert ours == []


def test_without_root_all_is_told_that_needs_none(look: Look) -> None:
    found = look(options=["--extra-vars", json.dumps({"ansible_user": "nobody"})])
    assert found["unknown"] == {"kernel": "[Errno 1] Operation not permitted"}
    assert found["processors"] > 0
    assert found["swarm"].items() >= IN_NO_SWARM.items()


@pytest.mark.usefixtures("hanging_engine")
def test_an_engine_that_hangs_keeps_nobody_from_the_rest(look: Look) -> None:
    found = look()
    assert found["unknown"] == dict.fromkeys(("homes_in_use", "engine", "swarm", "containers"), "no answer within 30 s")
    assert (found["engine"], found["swarm"], found["homes_in_use"]) == ({}, {}, "")
    assert found["memory_mib"] > 0


def test_a_volume_is_looked_at_where_there_is_one(look: Look) -> None:
    volume = look(device="/dev/none", directory="/srv/volume")["volume"]
    assert volume["kind"] == "nothing there"
    assert volume["disks"]
    refused = look(device="/dev/none")
    assert "directory" in refused["msg"]
