"""Looks whether the network of the servers carries traffic to every node that takes servers.

`python -m galilean_hub.overlay` has Swarm run a small service on each of them for some seconds, of the servers' image,
and fetches more from each than fits into one packet. It runs where the hub does, on its networks. It prints one JSON
object and exits 0 when all were reached, 1 otherwise:

    {"ok": true, "nodes": ["europa", "io"]}
    {"ok": false, "nodes": ["europa"], "error": "io is not reached over the network of the servers: ..."}

Swarm starts nothing on nodes that are down, paused or drained. They are not visited.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from docker.errors import NotFound

from galilean_hub.cluster import NANOSECONDS
from galilean_hub.engine import Engine, EngineError
from galilean_hub.reading import read_settings
from galilean_hub.settings import Configuration
from galilean_hub.tasks import Task, current

SERVERS_LABEL = "galilean.servers"
HOST_LABEL = "galilean.host"
NOBODY = "65534:65534"
PORT = 8888
# Some hundred packets. With a network whose MTU is too large the first of them already is lost.
SIZE = 200_000
MEMORY_BYTES = 128 << 20
POLL_SECONDS = 0.25
FETCH_SECONDS = 5.0
# The service ends by itself where the visit has died, a while after the longest of them.
SERVE = f"""
import http.server, os, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "{SIZE}")
        self.end_headers()
        self.wfile.write(bytes({SIZE}))
threading.Timer(float(sys.argv[1]), os._exit, [0]).start()
http.server.ThreadingHTTPServer(("", {PORT}), Handler).serve_forever()
"""


def service_spec(name: str, image: str, network: str, seconds: float) -> dict[str, Any]:
    """Arguments of docker.APIClient.create_service. `seconds` is how long it lives at most."""
    container = {
        "Image": image,
        "Command": ["python3", "-c", SERVE, str(seconds)],
        "User": NOBODY,
        "Init": True,
        "StopGracePeriod": NANOSECONDS,
        "Healthcheck": {"Test": ["NONE"]},
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Privileges": {"NoNewPrivileges": True},
    }
    return {
        "name": name,
        "task_template": {
            "ContainerSpec": container,
            "Resources": {"Limits": {"MemoryBytes": MEMORY_BYTES, "Pids": 32}},
            "RestartPolicy": {"Condition": "none"},
            "Placement": {"Constraints": [f"node.labels.{SERVERS_LABEL}==true"]},
            "Networks": [{"Target": network}],
        },
        "mode": {"Global": {}},
        "endpoint_spec": {"Mode": "dnsrr"},
    }


def expected_nodes(nodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The nodes where Swarm starts servers: their names in the inventory by their ids."""
    return {
        node["ID"]: node["Spec"]["Labels"].get(HOST_LABEL, node["Description"]["Hostname"])
        for node in nodes
        if node["Spec"]["Labels"].get(SERVERS_LABEL) == "true"
        and node["Spec"]["Availability"] == "active"
        and node["Status"]["State"] == "ready"
    }


def addresses(tasks: Iterable[Mapping[str, Any]], network: str) -> dict[str, str]:
    """Where the tasks that run are reached on the network, by the ids of their nodes."""
    return {
        task["NodeID"]: attachment["Addresses"][0].partition("/")[0]
        for task in tasks
        if task["Status"]["State"] == "running"
        for attachment in task.get("NetworksAttachments", ())
        if attachment["Network"]["Spec"]["Name"] == network
    }


def complaint(tasks: Iterable[Mapping[str, Any]], node_id: str) -> str:
    """What Swarm says of the service on a node."""
    task = current(Task.from_api(raw) for raw in tasks if raw.get("NodeID") == node_id)
    return f"{task.state} {task.words}".strip() if task else "nothing was started there"


class Visit:
    """One visit to all nodes."""

    def __init__(self, configuration: Configuration, engine: Engine, session: aiohttp.ClientSession) -> None:
        self.spawner = configuration.spawner
        self.name = f"galilean-{configuration.instance}-overlay"
        self.engine = engine
        self.session = session
        self.expected: dict[str, str] = {}
        self.reached: set[str] = set()
        self.complaints: dict[str, str] = {}

    async def run(self, timeout_seconds: float) -> dict[str, Any]:
        """What `main` prints. Raises one of `EngineError`."""
        await self.remove()
        self.expected = expected_nodes(await self.engine.call("nodes"))
        try:
            # The service of a visit that has died is there for as long.
            spec = service_spec(self.name, self.spawner.image, self.spawner.network, 2 * timeout_seconds)
            await self.engine.call("create_service", **spec)
            async with asyncio.timeout(timeout_seconds):
                while self.reached != self.expected.keys():
                    await self.look()
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return self.result() | {"ok": False, "error": self.error()}
        finally:
            await self.remove()
        return self.result()

    async def look(self) -> None:
        tasks = await self.engine.call("tasks", filters={"service": self.name})
        found = addresses(tasks, self.spawner.network)
        waiting = self.expected.keys() - self.reached
        self.complaints |= {node_id: complaint(tasks, node_id) for node_id in waiting - found.keys()}
        await asyncio.gather(*(self.fetch(node_id, found[node_id]) for node_id in waiting & found.keys()))

    async def fetch(self, node_id: str, address: str) -> None:
        try:
            async with self.session.get(f"http://{address}:{PORT}/") as response:
                if len(await response.read()) == SIZE:
                    self.reached.add(node_id)
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            self.complaints[node_id] = str(error) or type(error).__name__

    async def remove(self) -> None:
        try:
            await self.engine.call("remove_service", self.name)
        except NotFound:
            return

    def result(self) -> dict[str, Any]:
        return {"ok": True, "nodes": sorted(self.expected[node_id] for node_id in self.reached)}

    def error(self) -> str:
        """Who is not reached, why, and what to do."""
        lines = [
            f"{self.expected[node_id]} is not reached over the network of the servers: {self.complaints.get(node_id)}."
            for node_id in sorted(self.expected.keys() - self.reached)
        ]
        return " ".join([*lines, "When nobody works there, restart its engine: systemctl restart docker"])


async def visit(config: Path, timeout_seconds: float) -> dict[str, Any]:
    """What `main` prints."""
    configuration = read_settings(Configuration, config)
    engine = Engine(configuration.engine)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS)) as session:
            return await Visit(configuration, engine, session).run(timeout_seconds)
    except EngineError as error:
        return {"ok": False, "nodes": [], "error": f"The Swarm manager does not answer: {error}"}
    finally:
        engine.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Look whether the servers' network carries traffic to every node.")
    config = os.environ.get("GALILEAN_CONFIG", "/etc/galilean/hub.json")
    parser.add_argument("--config", type=Path, default=Path(config))
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    arguments = parser.parse_args()
    result = asyncio.run(visit(arguments.config, arguments.timeout))
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
