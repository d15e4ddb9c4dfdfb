"""One look at the cluster for all spawners.

dockerspawner asks the engine two or three questions for each user and each poll. Here everybody reads the same list
of tasks, which is fetched again only when somebody needs a newer one, and by one call however many wait for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError, NotFound

from galilean_hub.engine import Engine
from galilean_hub.tasks import Task

INSTANCE_LABEL = "galilean.instance"
# Label of a node that does not see the homes, and its value where no other node sees them either.
HOMES_LABEL = "galilean.homes"
HOMES_WAITING = "waiting"
NAME_TAKEN = 409
NANOSECONDS = 1_000_000_000
# How old (in seconds) the look may be for a server that is being started or stopped.
BUSY_MAX_AGE = 0.25
# Seconds beyond the grace period after which tasks that are not gone are those of a lost node.
STOP_MARGIN = 10.0

log = logging.getLogger("jupyterhub.galilean")


@dataclass(frozen=True)
class Snapshot:
    """The tasks of all servers by service, as they were at `taken_at` or later (seconds of the monotonic clock)."""

    taken_at: float
    tasks: Mapping[str, Sequence[Task]] = field(default_factory=dict)


@dataclass(frozen=True)
class WithoutHomes:
    """A node that does not see the homes: its host name, and whether other nodes see them."""

    hostname: str
    others_see_them: bool

    @classmethod
    def of(cls, node: Mapping[str, Any]) -> WithoutHomes:
        """A node as the engine's API lists it."""
        return cls(node["Description"]["Hostname"], node["Spec"]["Labels"][HOMES_LABEL] != HOMES_WAITING)


class ClusterView:
    """The services of one instance: all their tasks, their making and their removal."""

    def __init__(self, engine: Engine, instance: str) -> None:
        self.engine = engine
        self.instance = instance
        self._snapshot = Snapshot(taken_at=float("-inf"))
        self._look: asyncio.Task[None] | None = None
        self._node_names: dict[str, str] = {}
        self._without_homes: tuple[float, dict[str, WithoutHomes]] = (float("-inf"), {})

    async def tasks(self, service_id: str, max_age: float) -> Sequence[Task]:
        """The tasks of a service, as they were at most `max_age` seconds ago. Raises one of `EngineError`."""
        wanted = time.monotonic() - max_age
        while self._snapshot.taken_at < wanted:
            # a look that began too early is waited for all the same: at most one is under way
            if self._look is None:
                self._look = asyncio.create_task(self._refresh())
            await asyncio.shield(self._look)
        return self._snapshot.tasks.get(service_id, ())

    async def create(self, spec: Mapping[str, Any]) -> str:
        """Make the service `spec` (arguments of docker.APIClient.create_service) and return its id.

        A service that already has the name was left behind, by a hub that died or a connection that broke while the
        server was being started: it is replaced. Raises one of `EngineError`.
        """
        try:
            created = await self.engine.call("create_service", **spec)
        except APIError as error:
            if error.status_code != NAME_TAKEN:
                raise
            log.warning("Replacing the service %s, which was left behind", spec["name"])
            await self.remove(spec["name"])
            created = await self.engine.call("create_service", **spec)
        return str(created["ID"])

    async def update(self, service_id: str, spec: Mapping[str, Any]) -> None:
        """Change the service to `spec`. Swarm starts its server anew unless only constraints differ, and it meets them.

        The exception is SwarmKit's (manager/orchestrator, IsTaskDirty). Raises one of `EngineError`.
        """
        version = (await self.engine.call("inspect_service", service_id))["Version"]["Index"]
        await self.engine.call("update_service", service_id, version, **spec)

    async def remove(self, name: str) -> None:
        """Remove the service, which may be gone already, and wait until its containers are gone too.

        Docker's DNS names them until then, and a server started again would be mixed up with them. They are waited
        for no longer than their grace period and a margin: those of a lost node stay. Raises one of `EngineError`.
        """
        try:
            service = await self.engine.call("inspect_service", name)
            await self.engine.call("remove_service", service["ID"])
        except NotFound:
            log.info("The service %s was gone already", name)
            return
        seconds = service["Spec"]["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"] / NANOSECONDS + STOP_MARGIN
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if not await self.tasks(service["ID"], BUSY_MAX_AGE):
                        return
                    await asyncio.sleep(BUSY_MAX_AGE)
        except TimeoutError:
            log.warning("Tasks of %s are there %g s after its removal: a lost node?", name, seconds)

    async def node_name(self, node_id: str) -> str:
        """The host name of a node, or its id where the node is not known."""
        if node_id not in self._node_names:
            nodes = await self.engine.call("nodes")
            self._node_names = {node["ID"]: node["Description"]["Hostname"] for node in nodes}
        return self._node_names.get(node_id, node_id)

    async def nodes_without_homes(self, max_age: float) -> Mapping[str, WithoutHomes]:
        """The nodes by id that do not see the homes, as it was at most `max_age` seconds ago. Raises `EngineError`."""
        taken_at, _found = self._without_homes
        if taken_at < time.monotonic() - max_age:
            # Others go on with what was known meanwhile.
            self._without_homes = (time.monotonic(), self._without_homes[1])
            nodes = await self.engine.call("nodes")
            marked = {
                node["ID"]: WithoutHomes.of(node) for node in nodes if HOMES_LABEL in node["Spec"].get("Labels", {})
            }
            self._without_homes = (time.monotonic(), marked)
        return self._without_homes[1]

    async def _refresh(self) -> None:
        taken_at = time.monotonic()
        try:
            found = await self.engine.call("tasks", filters={"label": f"{INSTANCE_LABEL}={self.instance}"})
            tasks = defaultdict(list)
            for raw in found:
                tasks[raw["ServiceID"]].append(Task.from_api(raw))
            self._snapshot = Snapshot(taken_at, tasks)
        finally:
            self._look = None
