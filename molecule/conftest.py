"""The hosts that the scenarios share, for testinfra."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import testinfra
from lab import IMPORT_PROBE, Lab
from testinfra.host import Host

Fetch = Callable[..., dict[str, Any] | None]
RunModule = Callable[..., dict[str, Any]]
HOSTS = ("jupiter", "io", "europa")
# Run on a host: asks a service of another one, and prints its answer, or null where the connection is refused.
FETCH = """
import http.client, json, ssl, sys
method, address, port, path, body, *pair = sys.argv[1:]
context = ssl.create_default_context(cafile="/etc/galilean/tls/ca.pem")
if pair:
    context.load_cert_chain(*pair)
connection = http.client.HTTPSConnection(address, int(port), context=context, timeout=20)
try:
    connection.connect()
    serial = connection.sock.getpeercert()["serialNumber"]
    connection.request(method, path, body or None)
    answer = connection.getresponse()
    print(json.dumps({"status": answer.status, "body": answer.read().decode(), "serial": serial}))
except (ssl.SSLError, http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
    print("null")
"""


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(os.environ["GALILEAN_LAB"])


@pytest.fixture(scope="session")
def hosts(lab: Lab) -> dict[str, Host]:
    """Every host of the lab by name."""
    return {name: testinfra.get_host(f"docker://{lab.container(name)}") for name in HOSTS}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    """Each host of the lab in turn."""
    return hosts[request.param]


@pytest.fixture(scope="session")
def addresses(lab: Lab) -> dict[str, str]:
    """The private address of every host."""
    own = f'{{{{(index .NetworkSettings.Networks "{lab.name}").IPAddress}}}}'
    return {name: lab.docker("inspect", "--format", own, lab.container(name)).strip() for name in HOSTS}


@pytest.fixture
def fetch(hosts: dict[str, Host], addresses: dict[str, str]) -> Fetch:
    """Ask a service of jupiter's, or of whose address is given, from io, with a certificate and its key in PEM.

    Gives the status, the body and the serial number of the certificate that was shown, or None where it is refused.
    """

    def fetched(
        method: str, port: int, path: str, *pair: str, body: str = "", address: str = addresses["jupiter"]
    ) -> dict[str, Any] | None:
        io = hosts["io"]
        files = [f"/run/probe-{part}.pem" for part in range(len(pair))]
        for file, content in zip(files, pair, strict=True):
            io.check_output(f"printf %s {shlex.quote(content)} >{file}")
        command = ["python3", "-c", FETCH, method, address, str(port), path, body, *files]
        answer: dict[str, Any] | None = json.loads(io.check_output(shlex.join(command)))
        return answer

    return fetched


@pytest.fixture
def ask(fetch: Fetch) -> Callable[..., str]:
    """The status of the answer, or "refused"."""

    def asked(port: int, path: str, *pair: str) -> str:
        answer = fetch("GET", port, path, *pair)
        return str(answer["status"]) if answer else "refused"

    return asked


@pytest.fixture(scope="session")
def probe(hosts: dict[str, Host]) -> str:
    """An image with a shell and Python, on every host."""
    for host in hosts.values():
        host.check_output(IMPORT_PROBE)
    return "probe"


@pytest.fixture(scope="session")
def reaches() -> Callable[..., bool]:
    """Whether `source` opens a TCP connection to an address and port within three seconds."""

    def connects(source: Host, address: str, port: int) -> bool:
        attempt = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
        return source.run(shlex.join(["python3", "-c", attempt])).succeeded

    return connects


@pytest.fixture
def run_module(lab: Lab) -> RunModule:
    """Run a module of the collection on a host of the lab, and give its result and what it warns of back."""
    return lab.module
