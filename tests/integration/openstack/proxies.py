"""Small proxies before the services of the cloud, which count requests, and answer some that they cannot."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from projects import ADDRESS, Project

KEYSTONE = 5000
# Settings of clouds.yaml by the port of the service that they lead to.
OVERRIDES = {
    8774: ("compute_endpoint_override", "/v2.1"),
    9292: ("image_endpoint_override", ""),
    9696: ("network_endpoint_override", ""),
}


class Proxy(ThreadingHTTPServer):
    """Stands before the service of a port. The first requests of some kinds are answered with the statuses given."""

    daemon_threads = True

    def __init__(self, port: int, bad_moments: Mapping[str, Sequence[int]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = port
        self.bad_moments = bad_moments
        self.refused: Counter[str] = Counter()
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Proxy

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests += 1
        kind = f"{self.command} {self.path.partition('?')[0].rstrip('/').rpartition('/')[2]}"
        status = dict(enumerate(self.server.bad_moments.get(kind, ()))).get(self.server.refused[kind])
        if status:
            self.server.refused[kind] += 1
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        service = HTTPConnection(ADDRESS, self.server.port, timeout=300)
        service.request(self.command, self.path, body, dict(self.headers))
        answer = service.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def do_PATCH(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def through_proxies(project: Project, bad_moments: Mapping[str, Sequence[int]] | None = None) -> Iterator[list[Proxy]]:
    """While the project's clouds.yaml leads through proxies to Keystone, Nova, Glance, Neutron and Cinder."""
    with ExitStack() as stack:
        by_port: dict[int, Proxy] = {}
        for port in (KEYSTONE, 8776, *OVERRIDES):
            proxy = by_port[port] = stack.enter_context(Proxy(port, bad_moments or {}))
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            stack.callback(proxy.shutdown)
        overrides = {name: by_port[port].url + path for port, (name, path) in OVERRIDES.items()}
        volumes = f"{by_port[8776].url}/v3/{project.project.id}"
        overrides |= {"block_storage_endpoint_override": volumes, "volume_endpoint_override": volumes}
        project.write_clouds(project.name, **overrides)
        before = f"http://{ADDRESS}:{KEYSTONE}"
        project.clouds.write_text(project.clouds.read_text().replace(before, by_port[KEYSTONE].url))
        try:
            yield [*by_port.values()]
        finally:
            project.write_clouds(project.name)
