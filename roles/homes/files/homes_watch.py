"""The watch over the homes on the Swarm manager: drains nodes whose homes are dead, and takes them back.

It asks the guard of each node that runs servers how long ago the node last saw the real export. A node that hangs while
another one sees the homes is paused and gets the label `galilean.homes=paused`; new servers start elsewhere, and what
runs there may go on. After too long it is drained, with the label `galilean.homes=dead`. Availability and label are
one update of the node, and the label is the record of whose it is: what a person has paused or drained stays so. Where
no other node sees the homes, the node is left as it is, with the label `galilean.homes=waiting` for those whose servers
start there. Homes that no node sees are the storage
host's matter: servers would find them nowhere, so they stay where they are. Each node that has not seen the homes for
too long, or whose guard has not answered, is a failed unit on the manager, `galilean-homes-dead@<node>.service`. A node
that is lost is left to Swarm.
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
SEEN_SECONDS = 30.0
ASKED_AT_ONCE = 32
SERVERS, HOMES = "galilean.servers", "galilean.homes"
# The label's values, each worse than the one before, and the availability that goes with them.
WAITING, PAUSED, DEAD = "waiting", "paused", "dead"
AVAILABILITY = {"": "active", WAITING: "active", PAUSED: "pause", DEAD: "drain"}
WORSE = list(AVAILABILITY)
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


@dataclass
class Record:
    """What is remembered of a node, in seconds of the monotonic clock."""

    answered_at: float
    """When its guard last answered, or when the watch began."""
    unseen_by_others_at: float
    """When last no other node saw the homes, or when the watch began."""
    alarm: str = ""
    """What the alarm was raised for."""

    def dead_seconds(self, answer: Answer, now: float) -> float:
        """How long the node has not seen the homes while another one did."""
        return min(answer.unseen_seconds, now - self.unseen_by_others_at)


def sees_for_others(node: Mapping[str, Any], answer: Answer | None) -> bool:
    """Whether servers of other nodes would find the homes on this one."""
    return answer is not None and answer.seen and node["Spec"]["Availability"] == "active"


def wanted_spec(spec: Mapping[str, Any], answer: Answer, dead_seconds: float, patience: float) -> dict[str, Any] | None:
    """What the node should be instead, None when it is to stay as it is."""
    labels = dict(spec.get("Labels", {}))
    availability = spec["Availability"]
    mark = labels.pop(HOMES, "")
    is_ours = availability == AVAILABILITY.get(mark)
    if answer.seen and mark:
        return {**spec, "Availability": "active" if is_ours else availability, "Labels": labels}
    is_waiting = answer.unseen_seconds >= SEEN_SECONDS
    due = (
        DEAD if dead_seconds >= patience else PAUSED if dead_seconds >= SEEN_SECONDS else WAITING if is_waiting else ""
    )
    if is_ours and WORSE.index(due) > WORSE.index(mark):
        return {**spec, "Availability": AVAILABILITY[due], "Labels": {**labels, HOMES: due}}
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
    """One look after the other at all nodes."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.records: dict[str, Record] = {}

    def look(self) -> None:
        """Raises EngineError."""
        nodes = {name_of(node): node for node in self.engine("GET", "/nodes") if is_watched(node)}
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            answers = dict(zip(nodes, pool.map(self.ask, map(address_of, nodes.values())), strict=True))
        for name in self.records.keys() - nodes.keys():
            self.end_alarm(name)
            del self.records[name]
        now = time.monotonic()
        seeing = {name for name, node in nodes.items() if sees_for_others(node, answers[name])}
        for name, node in nodes.items():
            record = self.records.setdefault(name, Record(answered_at=now, unseen_by_others_at=now))
            if not seeing - {name}:
                record.unseen_by_others_at = now
            self.judge(node, answers[name], now)

    def judge(self, node: Mapping[str, Any], answer: Answer | None, now: float) -> None:
        """Do what follows from an answer. Raises EngineError."""
        name, patience = name_of(node), self.config.dead_after_seconds
        record = self.records[name]
        if answer is None:
            if now - record.answered_at >= patience:
                self.alarm(name, "silent", f"the guard of the homes on {name} has not answered for {patience:.0f} s")
            return
        record.answered_at = now
        spec = wanted_spec(node["Spec"], answer, record.dead_seconds(answer, now), patience)
        if spec:
            self.engine("POST", f"/nodes/{node['ID']}/update?version={node['Version']['Index']}", spec)
        availability = (spec or node["Spec"])["Availability"]
        homes = f"the homes of {self.config.storage_host}"
        state = "it is drained" if availability == "drain" else f"its availability is {availability}"
        unseen = f"{name} has not seen {homes} for {answer.unseen_seconds:.0f} s, {state}: {answer.why}"
        if answer.unseen_seconds >= patience:
            self.alarm(name, state, unseen)
        elif answer.seen and (spec or record.alarm):
            log(NOTICE, f"{name} sees {homes} again, {state}")
            self.end_alarm(name)
        elif spec:
            log(NOTICE, unseen)

    def alarm(self, name: str, cause: str, words: str) -> None:
        """Raise the alarm, and say why whenever the cause is another."""
        if self.records[name].alarm != cause:
            self.records[name].alarm = cause
            log(ERROR, words)
            systemctl("start", f"{ALARM}{name}.service")

    def end_alarm(self, name: str) -> None:
        self.records[name].alarm = ""
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
