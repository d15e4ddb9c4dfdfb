"""The keeper: makes the home directories of a hub's users, each with an owner of its own, when the hub asks.

    PUT /v1/homes/<slug>   {}   ->   {"uid": 200001, "gid": 200001, "path": "/srv/...", "created": true}

Callers prove who they are by a certificate of the cluster's authority: the hub of an instance is `hub.<instance>`, and
reaches the homes of that instance only. The file system is the record of who has which uid: a home that exists keeps
its owner, and a new one gets the next uid after the highest that owns a home.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import socketserver
import ssl
import stat
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,48}")
HUB = re.compile(r"hub\.([a-z0-9][a-z0-9-]{0,11})")
LENGTH = re.compile(r"[0-9]{1,4}")
PREFIX = "/v1/homes/"
UNFINISHED = ".new-"
BODY_BYTES = 1024
TIMEOUT_SECONDS = 10.0
# Below are the accounts of the system: a container must never run as one of them.
LOWEST_OWNER = 1000
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Config:
    address: str
    port: int
    homes_directory: str
    skeleton_directory: str
    uid_minimum: int
    uid_maximum: int
    ca_path: str
    certificate_path: str
    private_key_path: str


class RefusedError(Exception):
    """A request that is not served; `status` is the HTTP status of the answer."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def hub_instance(certificate: dict[str, Any]) -> str:
    """The instance whose hub holds a certificate, in the form of `ssl.SSLSocket.getpeercert`."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    matches = [HUB.fullmatch(name) for name in names]
    if len(matches) != 1 or not matches[0]:
        raise RefusedError(HTTPStatus.FORBIDDEN, "only a hub may ask for homes")
    return matches[0].group(1)


def requested_slug(path: str) -> str:
    """The slug in the path of a request, which has to be one as it stands: nothing is decoded or normalised."""
    if not path.startswith(PREFIX):
        raise RefusedError(HTTPStatus.NOT_FOUND, "no such resource")
    slug = path.removeprefix(PREFIX)
    if not SLUG.fullmatch(slug):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "the name of a home has to be a slug: 1 to 49 of a-z, 0-9 and -")
    return slug


class Homes:
    """The homes of every instance, in `<homes directory>/<instance>/<slug>`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._making = threading.Lock()

    def ensure(self, instance: str, slug: str) -> dict[str, Any]:
        """The home of a user, made when there is none. Raises RefusedError."""
        try:
            parent = self._open_instance(instance)
            try:
                (uid, gid), created = self._find_or_make(parent, slug)
            finally:
                os.close(parent)
        except OSError as error:
            reason = f"the home {slug} of {instance} cannot be had: {error}"
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, reason) from error
        if created:
            log(f"made the home {slug} of {instance}, owner {uid}")
        return {"uid": uid, "gid": gid, "path": f"{self.config.homes_directory}/{instance}/{slug}", "created": created}

    def _find_or_make(self, parent: int, slug: str) -> tuple[tuple[int, int], bool]:
        if owner := self._owner(parent, slug):
            return owner, False
        with self._making:
            # Another caller may have made it meanwhile.
            if owner := self._owner(parent, slug):
                return owner, False
            return self._make(parent, slug), True

    def _open_instance(self, instance: str) -> int:
        root = os.open(self.config.homes_directory, DIRECTORY)
        try:
            return os.open(instance, DIRECTORY, dir_fd=root)
        finally:
            os.close(root)

    @staticmethod
    def _owner(parent: int, slug: str) -> tuple[int, int] | None:
        try:
            found = os.stat(slug, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(found.st_mode):
            raise RefusedError(HTTPStatus.CONFLICT, f"{slug} is not a directory")
        if found.st_uid < LOWEST_OWNER or found.st_gid < LOWEST_OWNER:
            raise RefusedError(
                HTTPStatus.CONFLICT, f"{slug} belongs to a system account, {found.st_uid}:{found.st_gid}"
            )
        return found.st_uid, found.st_gid

    def _next_uid(self) -> int:
        """The uid after the highest that owns a home of any instance."""
        lowest, highest = self.config.uid_minimum, self.config.uid_maximum
        uids = [
            home.stat(follow_symlinks=False).st_uid
            for instance in os.scandir(self.config.homes_directory)
            if instance.is_dir(follow_symlinks=False)
            for home in os.scandir(instance.path)
        ]
        uid = max((uid for uid in uids if lowest <= uid <= highest), default=lowest - 1) + 1
        if uid > highest:
            raise RefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, f"no uid is left between {lowest} and {highest}")
        return uid

    def _make(self, parent: int, slug: str) -> tuple[int, int]:
        """Make a home under another name, whole and on disk, and then rename it: before that there is no home."""
        for name in os.listdir(parent):
            if name.startswith(UNFINISHED):
                shutil.rmtree(name, dir_fd=parent)
        uid = self._next_uid()
        unfinished = f"{UNFINISHED}{slug}"
        os.mkdir(unfinished, mode=0o700, dir_fd=parent)
        home = os.open(unfinished, DIRECTORY, dir_fd=parent)
        try:
            shutil.copytree(self.config.skeleton_directory, f"/proc/self/fd/{home}", symlinks=True, dirs_exist_ok=True)
            os.fchmod(home, 0o700)
            self._hand_over(home, uid)
        finally:
            os.close(home)
        os.rename(unfinished, slug, src_dir_fd=parent, dst_dir_fd=parent)
        os.fsync(parent)
        return uid, uid

    @staticmethod
    def _hand_over(home: int, uid: int) -> None:
        """Give all of a directory to its owner and see it on disk, the deepest first and the directory itself last."""
        for _path, _directories, names, directory in os.fwalk(".", topdown=False, dir_fd=home):
            for name in names:
                os.chown(name, uid, uid, dir_fd=directory, follow_symlinks=False)
                if stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
                    os.fsync(file)
                    os.close(file)
            os.fchown(directory, uid, uid)
            os.fsync(directory)


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "galilean-keeper"
    sys_version = ""
    timeout = TIMEOUT_SECONDS
    server: Server
    request: ssl.SSLSocket

    def setup(self) -> None:
        # Here, in the thread of this client, a slow handshake keeps nobody else waiting.
        self.request.settimeout(TIMEOUT_SECONDS)
        self.request.do_handshake()
        super().setup()

    def do_PUT(self) -> None:
        try:
            instance = hub_instance(self.request.getpeercert() or {})
            slug = requested_slug(self.path)
            self._read_body()
            self._answer(HTTPStatus.OK, self.server.homes.ensure(instance, slug))
        except RefusedError as refused:
            self.send_error(refused.status, str(refused))

    def _read_body(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not LENGTH.fullmatch(length) or int(length) > BODY_BYTES or "Transfer-Encoding" in self.headers:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"a body of known length, up to {BODY_BYTES} bytes, is needed")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body is not JSON") from error
        if body != {}:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body has to be {}")

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.close_connection = True
        reason = message or explain or HTTPStatus(code).phrase
        log(f"refused {self.client_address[0]}: {reason!r}")
        self._answer(code, {"error": reason})

    def log_message(self, *_message: object) -> None:
        """Say nothing of requests that changed nothing."""


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, config: Config) -> None:
        self.address_family = socket.AF_INET6 if ":" in config.address else socket.AF_INET
        self.config = config
        self.homes = Homes(config)
        self.context = self._load_context()
        super().__init__((config.address, config.port), Request)

    def _load_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.config.ca_path)
        context.load_cert_chain(self.config.certificate_path, self.config.private_key_path)
        return context

    def reload(self) -> None:
        """Take up renewed certificates for connections to come."""
        try:
            self.context = self._load_context()
        except OSError as error:
            log(f"the certificates in use are kept, the new ones cannot be read: {error}")
        else:
            log("read the certificates again")

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = super().get_request()
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, _request: object, client_address: Any) -> None:
        log(f"lost {client_address[0]}: {sys.exception()!r}")


def main() -> None:
    config = Config(**json.loads(Path(sys.argv[1]).read_text()))
    with Server(config) as server:
        signal.signal(signal.SIGHUP, lambda _number, _frame: server.reload())
        log(f"listening on {config.address}:{server.server_address[1]} for the homes in {config.homes_directory}")
        server.serve_forever()


if __name__ == "__main__":
    main()
