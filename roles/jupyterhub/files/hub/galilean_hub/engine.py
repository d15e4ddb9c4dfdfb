"""Calls to the engine of the Swarm manager, off the event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import requests
from docker.errors import DockerException
from docker.tls import TLSConfig
from prometheus_client import Counter

from galilean_hub.settings import EndpointSettings

# What a call raises: docker's own errors (its APIError is both) and requests' when nobody answers.
EngineError = (DockerException, requests.RequestException)
THREADS = 4
TIMEOUT_SECONDS = 30
# The oldest with the capabilities, pids and ulimits of services.
OLDEST_VERSION = "1.41"
CALLS = Counter("galilean_engine_calls", "Calls to the engine of the Swarm manager", ["method"])


class Engine:
    """The engine's API behind a thread pool of its own, one connection a thread."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._clients = threading.local()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="engine")

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """The result of a method of docker.APIClient. Raises one of `EngineError`."""
        CALLS.labels(method).inc()
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: self._call(method, *args, **kwargs))

    def close(self) -> None:
        """End the threads once their calls have been answered."""
        self._pool.shutdown()

    def _call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if not hasattr(self._clients, "client"):
            newest = self._connect(OLDEST_VERSION).version(api_version=False)["ApiVersion"]
            self._clients.client = self._connect(newest)
        return getattr(self._clients.client, method)(*args, **kwargs)

    def _connect(self, version: str) -> docker.APIClient:
        settings = self._settings
        tls = TLSConfig(client_cert=(settings.certificate, settings.private_key), ca_cert=settings.ca, verify=True)
        client = docker.APIClient(settings.url, version=version, timeout=TIMEOUT_SECONDS, tls=tls)
        # requests would trust REQUESTS_CA_BUNDLE instead of the cluster's authority, and ask the environment's proxies
        client.trust_env = False
        return client
