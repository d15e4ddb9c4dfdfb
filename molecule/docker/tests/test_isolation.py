"""What containers reach, and who reaches them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

import pytest
from client import eventually
from testinfra.host import Host

SSH, ENGINE_API, OTHER = 22, 2376, 9999
METADATA = "169.254.169.254"
Reaches = Callable[[Host, str, int], bool]


def container_reaches(host: Host, probe: str, address: str, port: int) -> bool:
    attempt = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
    return host.run(f"docker run --rm {probe} python3 -c {shlex.quote(attempt)}").succeeded


@pytest.fixture(scope="module")
def published(hosts: dict[str, Host], addresses: dict[str, str], probe: str) -> Iterator[Host]:
    """europa, where a container publishes a port that is open within the cluster, and one that nobody has opened.

    The first is the engine API's, so it is published at another address, which io finds by europa.
    """
    europa, io = hosts["europa"], hosts["io"]
    europa.check_output(f"ip address add {METADATA}/32 dev lo")
    io.check_output(f"ip route add {METADATA} via {addresses['europa']}")
    for port, place in {ENGINE_API: f"{METADATA}:{ENGINE_API}", OTHER: OTHER}.items():
        serve = f"--publish {place}:8000 {probe} python3 -m http.server 8000"
        europa.check_output(f"docker run --detach --init --name published-{port} {serve}")
    yield europa
    europa.check_output(f"docker rm --force published-{ENGINE_API} published-{OTHER}")
    io.check_output(f"ip route delete {METADATA}")
    europa.check_output(f"ip address delete {METADATA}/32 dev lo")


def test_published_ports_are_no_more_open_than_those_of_the_host(
    published: Host, hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    eventually(lambda: reaches(published, "127.0.0.1", OTHER), "somebody listens")
    eventually(lambda: reaches(hosts["io"], METADATA, ENGINE_API), "the cluster gets through")
    assert not reaches(hosts["io"], addresses["europa"], OTHER)


def test_a_neighbour_that_routes_to_a_container_does_not_reach_it(
    published: Host, hosts: dict[str, Host], addresses: dict[str, str], reaches: Reaches
) -> None:
    io = hosts["io"]
    address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    container = published.check_output(f"docker inspect --format '{address}' published-{OTHER}")
    eventually(lambda: reaches(published, container, 8000), "somebody listens")
    io.check_output(f"ip route add {container} via {addresses['europa']}")
    try:
        assert not reaches(io, container, 8000)
    finally:
        io.check_output(f"ip route delete {container}")


def test_containers_reach_neither_their_host_nor_another(
    published: Host, hosts: dict[str, Host], addresses: dict[str, str], probe: str, reaches: Reaches
) -> None:
    assert reaches(hosts["io"], addresses["europa"], SSH)
    for port in (SSH, ENGINE_API):
        assert not container_reaches(hosts["io"], probe, addresses["europa"], port)
        assert not container_reaches(published, probe, addresses["europa"], port)


@pytest.mark.usefixtures("published")
def test_containers_do_not_reach_the_metadata_service(hosts: dict[str, Host], probe: str, reaches: Reaches) -> None:
    eventually(lambda: reaches(hosts["io"], METADATA, ENGINE_API), "the host is answered")
    assert not container_reaches(hosts["io"], probe, METADATA, ENGINE_API)
