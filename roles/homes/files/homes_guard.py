"""The guard of the homes on a host that runs servers: says how long ago the host last saw the real export.

    TLS on <private address>:<port>, with a certificate of the cluster   ->   {"unseen_seconds": 3.2, "why": ""}

What proves the export is a file at its root, whose content names it. An export that is merely slow, because its host
restarts, makes the seconds grow and nothing else: what follows from them the manager decides.
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INTERVAL_SECONDS = 10.0
# A question to an export that does not answer is given up after this.
LOOK_SECONDS = 10.0
TLS_SECONDS = 5.0
ERROR, NOTICE = "<3>", "<5>"


@dataclass(frozen=True)
class Config:
    address: str
    port: int
    export_path: str
    export_id: str
    ca_path: str
    certificate_path: str
    private_key_path: str


class UnseenError(Exception):
    """Why the export is not seen."""


def log(priority: str, message: str) -> None:
    print(f"{priority}{message}", file=sys.stderr, flush=True)


def look(config: Config) -> None:
    """Ask the server of the export, and not this host's caches, for the file that proves it. Raises UnseenError."""
    # The state of a file system is never cached by an NFS client, while a file may be read from the cache.
    _ask("stat", "--file-system", config.export_path)
    found = _ask("cat", config.export_path).strip()
    if found != config.export_id:
        raise UnseenError(f"{config.export_path} says {found[:80]!r} and not {config.export_id!r}")


def _ask(*command: str) -> str:
    """What a command prints: a process of its own can be killed where an export hangs."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOOK_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise UnseenError(f"no answer within {LOOK_SECONDS:g} s") from error
    except subprocess.CalledProcessError as error:
        raise UnseenError(error.stderr.strip()) from error
    except UnicodeDecodeError as error:
        raise UnseenError("what it says is no text") from error
    return done.stdout


class Sight:
    """When the export was last seen, or else the guard was started, and why the last look did not see it."""

    def __init__(self) -> None:
        self._seen_at = time.monotonic()
        self.why = "not looked for yet"

    @property
    def unseen_seconds(self) -> float:
        return time.monotonic() - self._seen_at

    def take(self, config: Config) -> None:
        try:
            look(config)
        except UnseenError as error:
            if self.why != str(error):
                log(ERROR, f"the homes are out of reach: {error}")
            self.why = str(error)
        else:
            if self.why:
                log(NOTICE, f"the homes are there, after {self.unseen_seconds:.0f} s")
            self.why = ""
            self._seen_at = time.monotonic()


class Request(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        """Answer whoever has a certificate. It is read each time, so a renewed one is used at once."""
        config, sight = self.server.config, self.server.sight
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(config.ca_path)
        context.load_cert_chain(config.certificate_path, config.private_key_path)
        self.request.settimeout(TLS_SECONDS)
        with context.wrap_socket(self.request, server_side=True) as connection:
            answer = {"unseen_seconds": round(sight.unseen_seconds, 1), "why": sight.why}
            connection.sendall(json.dumps(answer).encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, config: Config, sight: Sight) -> None:
        self.address_family = socket.AF_INET6 if ":" in config.address else socket.AF_INET
        self.config, self.sight = config, sight
        super().__init__((config.address, config.port), Request)

    def handle_error(self, _request: object, client_address: Any) -> None:
        log(NOTICE, f"lost {client_address[0]}: {sys.exception()!r}")


def main() -> None:
    config = Config(**json.loads(Path(sys.argv[1]).read_text()))
    if sys.argv[2:] == ["--look"]:
        try:
            look(config)
        except UnseenError as error:
            sys.exit(f"the homes of {config.export_id} are out of reach: {error}")
        return
    sight = Sight()
    with Server(config, sight) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        log(NOTICE, f"guards {config.export_path}, answers on {config.address}:{server.server_address[1]}")
        while True:
            sight.take(config)
            time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
