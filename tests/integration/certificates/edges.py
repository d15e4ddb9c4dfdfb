"""A host that serves a hub, without the hub, and what a visitor finds there."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from cryptography import x509
from internet import ZONE, Internet
from lab import Lab, Run

HOST = "callisto"
NAME = f"hub.{ZONE}"
PAIR = "/etc/galilean/tls/main.site.pem"
UNIT = "galilean-certificate-main"
LINEAGE = "/var/lib/galilean/instances/main/certbot/config/live/main"
METRICS = "/var/lib/prometheus/node-exporter/galilean-certificate-main.prom"


@dataclass
class Edge:
    """Callisto, whose name servers are the internet's."""

    lab: Lab
    internet: Internet
    address: str
    inventory: Path
    variables: Mapping[str, Any]

    def converge(self, *options: str, playbook: str = "playbooks/edge.yml", **variables: Any) -> Run:
        """Run a playbook, or more of them, with these variables besides those of the edge."""
        given = json.dumps({**self.variables, **variables})
        return self.lab.play(playbook, *options, "--inventory", str(self.inventory), "--extra-vars", given)

    def run(self, *command: str, check: bool = True) -> str:
        return self.lab.run(HOST, *command, check=check)

    def shown(self, name: str = NAME) -> x509.Certificate:
        """The certificate that a visitor of the name is shown. Raises OSError while there is none."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection((self.address, 443), 20) as raw,
            context.wrap_socket(raw, server_hostname=name) as connection,
        ):
            shown = connection.getpeercert(binary_form=True)
        assert shown
        return x509.load_der_x509_certificate(shown)

    @contextmanager
    def websocket(self) -> Iterator[ssl.SSLSocket]:
        """A connection that nginx has passed on as a websocket."""
        context = ssl.create_default_context(cadata=self.internet.root("usual"))
        asked = f"GET /user/ada/api HTTP/1.1\r\nHost: {NAME}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        with (
            socket.create_connection((self.address, 443), 60) as raw,
            context.wrap_socket(raw, server_hostname=NAME) as connection,
        ):
            connection.send(asked.encode())
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += connection.recv(1)
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            yield connection

    def is_trusted(self, server: str, name: str = NAME) -> bool:
        """Whether a browser that knows the root of the ACME server takes what it is shown for the name."""
        context = ssl.create_default_context(cadata=self.internet.root(server))
        with socket.create_connection((self.address, 443), 20) as raw:
            try:
                with context.wrap_socket(raw, server_hostname=name):
                    return True
            except ssl.SSLCertVerificationError:
                return False

    @contextmanager
    def visited_throughout(self, *roots: str) -> Iterator[None]:
        """Raises AssertionError where a browser that knows these roots would complain at any moment of the block."""
        context = ssl.create_default_context(cadata="\n".join(roots))
        over = threading.Event()

        def visit() -> Iterator[str]:
            while not over.wait(0.05):
                try:
                    with socket.create_connection((self.address, 443), 20) as raw:
                        context.wrap_socket(raw, server_hostname=NAME).close()
                except OSError as error:
                    yield str(error)

        with ThreadPoolExecutor(1) as visitor:
            complaints = visitor.submit(lambda: list(visit()))
            try:
                yield
            finally:
                over.set()
        assert complaints.result() == []

    def plain(self, path: str) -> tuple[int, str]:
        """The status of port 80, and where it sends the visitor on to."""
        with closing(HTTPConnection(self.address, 80, timeout=20)) as connection:
            connection.request("GET", path, headers={"Host": NAME})
            answer = connection.getresponse()
            return answer.status, answer.headers["Location"] or ""

    def unit(self, name: str = f"{UNIT}.service") -> str:
        return self.run("systemctl", "is-failed", name, check=False)

    def metrics(self) -> dict[str, float]:
        lines = [line for line in self.run("cat", METRICS).splitlines() if not line.startswith("#")]
        return {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines}


MakeEdge = Callable[..., Edge]
