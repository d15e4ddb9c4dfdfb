# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This host's Docker engine, by its API."""

from __future__ import annotations

import io
import json
import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from ansible_collections.galilean.hub.plugins.module_utils.swarm import Membership

SOCKET = "/run/docker.sock"
# The oldest engine that takes an address pool.
VERSION = "/v1.39"
SECONDS_AT_MOST = 60
BAD_REQUEST = 400


class Connection(HTTPConnection):
    """A connection to the engine's socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer of the engine, None where it is empty. Raises OSError, also when the engine refuses."""
    connection = Connection("localhost", timeout=SECONDS_AT_MOST)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, VERSION + path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= BAD_REQUEST:
        raise HTTPError(path, answer.status, answer.reason, answer.headers, io.BytesIO(text))
    return json.loads(text) if text else None


def words_of(refusal: HTTPError) -> str:
    """The engine's own words for what it refuses."""
    return str(json.loads(refusal.read() or "{}").get("message", refusal))


def manages_a_swarm() -> bool:
    """Whether the host has an engine that manages a Swarm. Raises OSError."""
    return Path(SOCKET).exists() and bool(ask("GET", "/info")["Swarm"]["ControlAvailable"])


def membership() -> Membership:
    """What the engine says of its Swarm. Raises OSError."""
    info = ask("GET", "/info")
    manages = info["Swarm"]["ControlAvailable"]
    nodes, services = (ask("GET", path) if manages else [] for path in ("/nodes", "/services"))
    # What the engine keeps of `docker swarm join` (moby, daemon/cluster/noderunner.go, nodeStartConfig).
    kept = Path(info["DockerRootDir"]) / "swarm/docker-state.json"
    joined = json.loads(kept.read_text())["RemoteAddr"] if kept.exists() else ""
    return Membership.from_api(info, joined, ask("GET", "/containers/json"), nodes, services)
