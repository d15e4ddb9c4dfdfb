"""What Swarm does with kernels that have IPVS and ESP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from client import Hub, eventually
from lab import NODES, Machines

WANTED = {"cluster_endpoint_mode": "vip"}
ENCRYPTED = {
    "cluster_instance": "secret",
    "swarm_network_encrypted": True,
    "swarm_overlay_subnet": "10.81.0.0/24",
}

# Packets of overlay networks that did not come through IPsec.
COUNT_CLEAR = """
table inet clear {
    chain in {
        type filter hook input priority -10
        udp dport 4789 meta secpath missing counter
    }
}
"""


@contextmanager
def service(machines: Machines, name: str, *options: str) -> Iterator[str]:
    """A service of the notebooks' image that serves what it knows of itself over HTTP on port 8000."""
    hub = json.loads(machines.run("jupiter", "cat", "/etc/galilean/instances/main/hub.json"))
    serve = "cd /tmp && hostname >name && head -c 10M /dev/zero >zeros && exec python3 -m http.server"
    machines.run(
        "jupiter", "docker", "service", "create", "--quiet", "--detach", "--name", name,
        "--no-resolve-image", "--hostname", "{{.Node.Hostname}}", *options, hub["spawner"]["image"], "sh", "-c", serve,
    )  # fmt: skip
    try:
        yield name
    finally:
        machines.run("jupiter", "docker", "service", "rm", name)


def fetch(machines: Machines, host: str, *command: str) -> str:
    return machines.run(host, *command, check=False)


def play(machines: Machines, tags: str, **variables: object) -> None:
    run = machines.play("playbooks/site.yml", "--tags", tags, "--extra-vars", json.dumps(variables))
    assert run.returncode == 0, run.output


@pytest.fixture(scope="module")
def virtual_addresses(machines: Machines) -> Iterator[None]:
    """A cluster that has them for servers."""
    play(machines, "swarm,hub", **WANTED)
    yield
    play(machines, "swarm,hub")


@pytest.mark.usefixtures("virtual_addresses")
def test_servers_have_virtual_addresses_where_that_is_wanted(machines: Machines, hub: Hub) -> None:
    with hub.student("virtual") as student:
        student.start()
        assert student.run("print(6 * 7)") == "42"
        listing = ["docker", "service", "ls", "--quiet", "--filter", "label=galilean.user=virtual"]
        endpoint = machines.run(
            "jupiter", "docker", "service", "inspect", "--format", "{{json .Endpoint}}",
            machines.run("jupiter", *listing),
        )  # fmt: skip
        assert json.loads(endpoint)["VirtualIPs"]


@pytest.fixture
def encrypted_network(machines: Machines) -> Iterator[str]:
    play(machines, "swarm", **ENCRYPTED)
    for host in NODES:
        machines.pipe(host, COUNT_CLEAR, "nft", "--file", "-")
    yield "galilean-secret"
    for host in NODES:
        machines.run(host, "nft", "delete", "table", "inet", "clear")
    machines.run("jupiter", "docker", "network", "rm", "galilean-secret")


def test_an_encrypted_network_sends_nothing_between_hosts_in_the_clear(
    machines: Machines, encrypted_network: str
) -> None:
    def clear_bytes(host: str) -> int:
        return int(re.findall(r"bytes (\d+)", machines.run(host, "nft", "list", "table", "inet", "clear"))[0])

    def encrypted_bytes(host: str) -> int:
        states = machines.run(host, "ip", "-s", "xfrm", "state")
        return sum(map(int, re.findall(r"^\s+(\d+)\(bytes\)", states, re.MULTILINE)))

    with (
        service(machines, "sender", "--network", encrypted_network, "--constraint", "node.hostname==io"),
        service(machines, "reader", "--network", encrypted_network, "--constraint", "node.hostname==europa"),
    ):

        def reader() -> str:
            return machines.run(
                "europa", "docker", "ps", "--quiet", "--filter", "label=com.docker.swarm.service.name=reader"
            )

        container = eventually(reader, "the reader runs", 120)
        count = ["docker", "exec", container, "sh", "-c", "curl -s -m 30 http://sender:8000/zeros | wc -c"]
        before = {host: encrypted_bytes(host) for host in NODES}
        eventually(lambda: fetch(machines, "europa", *count) == str(10 * 2**20), "10 MiB cross the network", 120)
        for host in NODES:
            assert encrypted_bytes(host) - before[host] > 10 * 2**20, host
            assert clear_bytes(host) < 2**20, host
