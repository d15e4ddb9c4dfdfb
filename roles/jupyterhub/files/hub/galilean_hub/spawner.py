"""Runs each user's server as a Swarm service: dockerspawner's SwarmSpawner with its known faults mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

import aiohttp
import requests
from docker.errors import APIError
from dockerspawner import SwarmSpawner
from jupyterhub.httpclient import fetch
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import url_path_join
from tornado import web
from traitlets import Instance, default

from galilean_hub.cluster import BUSY_MAX_AGE, ClusterView
from galilean_hub.engine import Engine, EngineError
from galilean_hub.keeper import Home, HomeOfAnotherError, Keeper, KeeperAwayError, KeeperError
from galilean_hub.reserved import home_owner
from galilean_hub.service import HOME_DIRECTORY, avoiding, server_labels, service_spec
from galilean_hub.settings import Configuration, EndpointSettings, SpawnerSettings
from galilean_hub.slug import readable, service_name, slug
from galilean_hub.tasks import Task, current, exit_status, failures, without_home
from galilean_hub.turns import Turns

# How old (in seconds) the shared look at the cluster may be for a server that should just go on running.
IDLE_MAX_AGE = 15.0
# The same for the nodes, of which one may lose the homes while a server starts there.
NODES_MAX_AGE = 5.0
# Seconds between two questions to a server whose container runs, and for one question.
PROBE_INTERVAL = 0.1
PROBE_TIMEOUT = 5.0
# Less than so many seconds that a server fits on no node, or gets no address, is a node that is just coming back.
UNSCHEDULABLE_GRACE_SECONDS = 20.0
# A task may fail once for a passing reason, as a network that the node does not yet know: Swarm tries again.
FAILED_TASKS = 2
# Seconds between two tries at an engine or a keeper that is being restarted.
RETRY_INTERVAL = 1.0

STEPS = {
    "assigned": (40, "accepting the server"),
    "accepted": (40, "accepting the server"),
    "preparing": (50, "preparing the image and the network"),
    "ready": (60, "ready to start the container"),
    "starting": (70, "starting the container"),
    "running": (80, "waiting for the server to answer"),
}


class StartFailed(web.HTTPError):
    """Why a server did not start, in words that JupyterHub shows on the user's page and in its API."""

    def __init__(self, message: str) -> None:
        super().__init__(503, message, reason="Server did not start")
        self.jupyterhub_message = message


class HomeRefused(SpawnException):
    """Why a user gets no home until an administrator has looked, in the same words. It is no failure of the hub."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="home", status_code=HTTPStatus.CONFLICT)
        self.jupyterhub_message = message


class NodeWithoutHomesError(Exception):
    """The server cannot start on a node for want of its home. Swarm would choose it again: nothing else runs there."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.words)
        self.node_id = task.node_id


@dataclass(frozen=True)
class Step:
    """What a start is doing, and how far it is in percent."""

    progress: int
    message: str


@dataclass(frozen=True)
class Shared:
    """What all spawners of the hub have in common."""

    cluster: ClusterView
    keeper: Keeper
    turns: Turns


@cache
def shared(instance: str, engine: EndpointSettings, keeper: EndpointSettings, concurrent_starts: int) -> Shared:
    """The one `Shared` of these settings: JupyterHub makes a spawner for each server, and traitlets copies settings."""
    return Shared(ClusterView(Engine(engine), instance), Keeper(keeper), Turns(concurrent_starts))


class GalileanSpawner(SwarmSpawner):
    """One student's server. Its state in the hub's database is the id and the name of the service."""

    configuration = Instance(Configuration).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._step = Step(0, "")
        self._service_may_exist = True

    @default("cmd")
    def _default_cmd(self) -> list[str]:
        # without one dockerspawner inspects the image, which the manager need not have
        return ["jupyterhub-singleuser"]

    @default("object_name")
    def _object_name_default(self) -> str:
        return service_name(self.configuration.instance, self.user.name, self.name)

    @property
    def settings(self) -> SpawnerSettings:
        return self.configuration.spawner

    @property
    def shared(self) -> Shared:
        configuration = self.configuration
        return shared(
            configuration.instance, configuration.engine, configuration.keeper, self.settings.concurrent_starts
        )

    def get_env(self) -> dict[str, str]:
        """The environment of the server: JupyterHub's, with a home that is at the same place for everybody.

        One mount point for all lets absolute paths in notebooks, virtual environments and course material work for
        whoever gets a copy of them.
        """
        inherited: dict[str, str] = super().get_env()
        return {"HOME": HOME_DIRECTORY, "USER": readable(self.user.name), **inherited}

    async def start(self) -> str:
        """Start the server and return its URL once it answers.

        Raises StartFailed or HomeRefused with the cause in plain words.
        """
        self._service_may_exist = True
        try:
            async with self.shared.turns.turn(self.object_name):
                return await self._start()
        except Exception:
            # JupyterHub calls stop() only for a server that runs, and for one whose start it has cancelled. It waits a
            # second for the end of that start (apihandlers/users.py, delete) and says 500 if it is not over.
            await self._clean_up()
            raise

    async def stop(self, now: bool = False) -> None:  # noqa: ARG002  # the grace period is part of the service
        """Remove the service and wait until its container is gone."""
        await self._remove_service()
        self.clear_state()

    async def poll(self) -> int | None:
        """None while the server runs or Swarm is about to run it (again), else how it ended.

        An engine that does not answer says nothing about the server: JupyterHub would stop a server whose poll fails
        while the hub starts (app.py, check_spawner), so it counts as running.
        """
        if not self.object_id:
            return 0
        try:
            status = exit_status(await self.shared.cluster.tasks(self.object_id, IDLE_MAX_AGE))
            if status is not None:
                # seen on a look that may be older than the server: look again
                status = exit_status(await self.shared.cluster.tasks(self.object_id, 0.0))
        except EngineError as error:
            self.log.warning("Cannot ask for the state of %s: %s", self.object_name, error)
            return None
        return status

    async def run_post_stop_hook(self) -> None:
        """Remove the service of a server that ended by itself, or whose start was cut off by the end of the hub."""
        if self._service_may_exist:
            await self._clean_up()
        super().run_post_stop_hook()

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What Swarm is doing, for the page that people see meanwhile. JupyterHub ends it with the start."""
        told = Step(0, "")
        while True:
            ahead = self.shared.turns.ahead(self.object_name)
            step = self._step if ahead is None else Step(5, f"Waiting for a turn, with {ahead} starts ahead")
            if step not in (told, Step(0, "")):
                yield {"progress": step.progress, "message": step.message}
                told = step
            await asyncio.sleep(BUSY_MAX_AGE)

    async def _start(self) -> str:
        seconds = self.settings.start_timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await self._try_to_start()
        except TimeoutError as error:
            words = f"The server did not start within {seconds:g} s. Last step: {self._step.message}"
            raise StartFailed(words) from error
        except HomeOfAnotherError as error:
            raise HomeRefused(f"You have no home directory: {error}. Please ask the hub's administrator.") from error
        except KeeperError as error:
            raise StartFailed(f"Your home directory is not available: {error}") from error
        except APIError as error:
            raise StartFailed(f"Swarm refuses the server: {error.explanation}") from error
        except EngineError as error:
            raise StartFailed(f"The Swarm manager does not answer: {error}") from error

    async def _try_to_start(self) -> str:
        """Start the server, from the beginning again while engine or keeper are away for no longer than the grace.

        A node that does not see the homes is avoided, until the server runs on another: then it may move to any again.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + UNSCHEDULABLE_GRACE_SECONDS
        avoided: dict[str, str] = {}
        while True:
            try:
                self._step = Step(10, "Preparing the home directory")
                owner = home_owner(self.user.name)
                home = await self.shared.keeper.home(slug(owner), owner, self._quota_bytes())
                self._step = Step(20, "Asking Swarm for a place")
                spec = await self._spec(home)
                self.object_id = await self.shared.cluster.create(avoiding(spec, avoided))
                url = await self._until_it_answers(home, avoided)
                if avoided:
                    await self._place_anywhere(spec)
                return url
            except NodeWithoutHomesError as error:
                waits = self._waits_for_homes(await self.shared.cluster.node_name(error.node_id))
                avoided[error.node_id] = f"{waits} Swarm says: {error}." if str(error) else waits
                self._step = Step(20, f"{waits} Asking Swarm for another place")
                await self._remove_service()
            except (requests.ConnectionError, KeeperAwayError):
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(RETRY_INTERVAL)

    def _quota_bytes(self) -> int:
        return self.configuration.homes.quota_bytes(self.user.name, [group.name for group in self.user.groups])

    def _waits_for_homes(self, node_name: str) -> str:
        return f"Node {node_name} waits for the homes of {self.configuration.homes.storage_host}."

    async def _place_anywhere(self, spec: dict[str, Any]) -> None:
        try:
            await self.shared.cluster.update(self.object_id, spec)
        except EngineError as error:
            self.log.warning("%s goes on avoiding a node: %s", self.object_name, error)

    async def _spec(self, home: Home) -> dict[str, Any]:
        return service_spec(
            self.settings,
            name=self.object_name,
            labels=server_labels(self.configuration.instance, self.user.name, self.name),
            image=self.image,
            command=await self.get_command(),
            environment=self.get_env(),
            home=home,
        )

    async def _until_it_answers(self, home: Home, avoided: Mapping[str, str]) -> str:
        """Wait for the container to run and for the first answer, watching the task all the while.

        Why nodes are avoided, by their ids, is told before Swarm's words when there is no place for the server. The hub
        asks the server too when this returns, at random intervals that grow to 5 s; it then gets its answer at the
        first try.
        """
        url = f"http://{self.object_name}:{self.port}"
        loop = asyncio.get_running_loop()
        placed_at = loop.time()
        while True:
            tasks = await self.shared.cluster.tasks(self.object_id, BUSY_MAX_AGE)
            task = current(tasks)
            self._raise_if_failed(tasks, home)
            if task is None or not task.node_id:
                why = f": {task.words}" if task and task.words else ""
                self._step = Step(30, f"Waiting for a node{why}")
                if loop.time() - placed_at > UNSCHEDULABLE_GRACE_SECONDS:
                    without = await self.shared.cluster.nodes_without_homes(0.0)
                    causes = {node_id: self._waits_for_homes(each.hostname) for node_id, each in without.items()}
                    raise StartFailed(" ".join([*{**causes, **avoided}.values(), self._no_place(task)]))
            else:
                placed_at = loop.time()
                await self._tell(task)
                if task.state == "running" and await self._answers(url):
                    return url
                node = (await self.shared.cluster.nodes_without_homes(NODES_MAX_AGE)).get(task.node_id)
                if node and node.others_see_them:
                    raise NodeWithoutHomesError(task)
            await asyncio.sleep(PROBE_INTERVAL)

    async def _tell(self, task: Task) -> None:
        progress, doing = STEPS.get(task.state, (30, task.state))
        name = await self.shared.cluster.node_name(task.node_id)
        is_waiting = task.node_id in await self.shared.cluster.nodes_without_homes(NODES_MAX_AGE)
        self._step = Step(progress, self._waits_for_homes(name) if is_waiting else f"Node {name}: {doing}")

    def _raise_if_failed(self, tasks: Sequence[Task], home: Home) -> None:
        if task := without_home(tasks, (home.path, home.export_path)):
            raise NodeWithoutHomesError(task)
        failed = failures(tasks)
        if len(failed) >= FAILED_TASKS:
            raise StartFailed(f"The server does not start. Swarm says: {failed[-1].words}")
        task = current(tasks)
        if task is not None and not task.alive:
            raise StartFailed(f"The server ended while it started. Swarm says: {task.words or task.state}")

    def _no_place(self, task: Task | None) -> str:
        if task is None or not task.words:
            return f"Swarm has not placed the server: the network {self.settings.network} may have no address left"
        asked = [
            f"{amount} {thing}"
            for amount, thing in (
                (self.settings.memory_guarantee, "of memory"),
                (self.settings.cpu_guarantee, "CPUs"),
            )
            if amount
        ]
        needs = f" It asks for {' and '.join(asked)}." if asked else ""
        return f"There is no place for the server now. Swarm says: {task.words}.{needs}"

    async def _answers(self, url: str) -> bool:
        """Whether the server answers at all: the condition of JupyterHub's own wait_for_http_server."""
        timeout = aiohttp.ClientTimeout(total=PROBE_TIMEOUT)
        try:
            response = await fetch(
                url_path_join(url, self.server.base_url, "api"), raise_for_status=False, timeout=timeout
            )
        except (aiohttp.ClientError, OSError):
            return False
        response.release()
        return bool(response.status < 500)

    async def _clean_up(self) -> None:
        try:
            await self._remove_service()
        except EngineError as error:
            self.log.warning("The service %s could not be removed: %s", self.object_name, error)

    async def _remove_service(self) -> None:
        await self.shared.cluster.remove(self.object_name)
        self._service_may_exist = False
        self.object_id = ""
