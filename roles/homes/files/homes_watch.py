"""The watch over the homes on the Swarm manager: drains nodes whose homes are dead, and takes them back.

It asks the guard of each node that runs servers how long ago the node last saw the real export. A node that has not for
too long is drained and gets the label `galilean.homes=dead`, both by one update of the node. The label is the record of
who drained it: what a person has drained stays so. A node that does not answer is left to Swarm, which knows whether it
is lost. Each dead node is a failed unit on the manager, `galilean-homes-dead@<node>.service`.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

INTERVAL_SECONDS = 10.0
ANSWER_SECONDS = 5.0
ANSWER_BYTES = 4096
# A look may be under way since the last one that saw the export; after this it hangs.
SEEN_SECONDS = 15.0
ASKED_AT_ONCE = 32
SERVERS, HOMES, DEAD = "galilean.servers", "galilean.homes", "dead"
ALARM = "galilean-homes-dead@"
ERROR, NOTICE = "<3>", "<5>"


@dataclass(frozen=True)
class Config:
    port: int
    dead_after_seconds: float
    storage_host: str
    engine_socket: str
    ca_path: str
    certificate_path: str
    private_key_path: str


@dataclass(frozen=True)
class Answer:
    """What a guard says."""

    unseen_seconds: float
    why: str

    @property
    def seen(self) -> bool:
        return not self.why and self.unseen_seconds < SEEN_SECONDS


class EngineError(Exception):
    """Why the engine did not do what it was asked for."""


def log(priority: str, message: str) -> None:
    print(f"{priority}{message}", file=sys.stderr, flush=True)


def is_watched(node: Mapping[str, Any]) -> bool:
    """Whether the node runs servers and is there."""
    is_ready: bool = node["Status"]["State"] == "ready"
    return is_ready and node["Spec"].get("Labels", {}).get(SERVERS) == "true"


def name_of(node: Mapping[str, Any]) -> str:
    return str(node["Description"]["Hostname"])


def address_of(node: Mapping[str, Any]) -> str:
    """Its address on the network between the hosts; a manager does not know its own as that of a node."""
    of_manager = node.get("ManagerStatus", {}).get("Addr", "")
    return str(of_manager.rpartition(":")[0].strip("[]") or node["Status"]["Addr"])


def wanted_spec(spec: Mapping[str, Any], answer: Answer, dead_after_seconds: float) -> dict[str, Any] | None:
    """What the node should be instead, None when it is to stay as it is."""
    labels = dict(spec.get("Labels", {}))
    if answer.unseen_seconds >= dead_after_seconds and spec["Availability"] == "active":
        return {**spec, "Availability": "drain", "Labels": {**labels, HOMES: DEAD}}
    if answer.seen and labels.pop(HOMES, "") == DEAD:
        return {**spec, "Availability": "active", "Labels": labels}
    return None


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's own socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Watch:
    """One look after the other at all nodes. Remembers for which of them the alarm has been raised."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.alarmed: set[str] = set()

    def look(self) -> None:
        """Raises EngineError."""
        nodes = [node for node in self.engine("GET", "/nodes") if is_watched(node)]
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            answers = list(pool.map(self.ask, map(address_of, nodes)))
        for node, answer in zip(nodes, answers, strict=True):
            if answer:
                self.judge(node, answer)

    def judge(self, node: Mapping[str, Any], answer: Answer) -> None:
        """Do what follows from an answer. Raises EngineError."""
        name, storage = name_of(node), self.config.storage_host
        spec = wanted_spec(node["Spec"], answer, self.config.dead_after_seconds)
        if spec:
            self.engine("POST", f"/nodes/{node['ID']}/update?version={node['Version']['Index']}", spec)
        if answer.unseen_seconds >= self.config.dead_after_seconds and name not in self.alarmed:
            self.alarmed.add(name)
            drained = "it is drained" if spec else f"its availability is {node['Spec']['Availability']}"
            seconds = f"{answer.unseen_seconds:.0f} s"
            log(ERROR, f"{name} has not seen the homes of {storage} for {seconds}, {drained}: {answer.why}")
            systemctl("start", f"{ALARM}{name}.service")
        elif answer.seen and (spec or name in self.alarmed):
            self.alarmed.discard(name)
            again = ", it takes servers again" if spec else ""
            log(NOTICE, f"{name} sees the homes of {storage} again{again}")
            systemctl("reset-failed", f"{ALARM}{name}.service")

    def ask(self, address: str) -> Answer | None:
        """The answer of the guard at an address, None when there is none."""
        context = ssl.create_default_context(cafile=self.config.ca_path)
        context.load_cert_chain(self.config.certificate_path, self.config.private_key_path)
        try:
            with (
                socket.create_connection((address, self.config.port), ANSWER_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=address) as connection,
            ):
                return Answer(**json.loads(read(connection)))
        except (OSError, ValueError, TypeError):
            return None

    def engine(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the engine answers. Raises EngineError."""
        connection = EngineConnection(self.config.engine_socket)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(f"the engine does not answer: {error!r}") from error
        finally:
            connection.close()
        if response.status != HTTPStatus.OK:
            raise EngineError(f"{method} {path.partition('?')[0]}: {answer.decode(errors='replace').strip()}")
        return json.loads(answer) if answer else None


def read(connection: ssl.SSLSocket) -> bytes:
    """All that a guard sends, which is not much."""
    answer = b""
    while len(answer) < ANSWER_BYTES and (part := connection.recv(ANSWER_BYTES)):
        answer += part
    return answer


def systemctl(verb: str, unit: str) -> None:
    # An alarm is a unit that fails when it is started.
    subprocess.run(["systemctl", "--quiet", verb, unit], check=False, capture_output=True)


def main() -> None:
    watch = Watch(Config(**json.loads(Path(sys.argv[1]).read_text())))
    systemctl("reset-failed", f"{ALARM}*")
    told = ""
    while True:
        try:
            watch.look()
            state = "watches the homes of the nodes"
        except EngineError as error:
            # On a host that is no manager yet, or while the engine starts.
            state = f"cannot watch: {error}"
        if state != told:
            log(NOTICE, state)
            told = state
        time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    main()
