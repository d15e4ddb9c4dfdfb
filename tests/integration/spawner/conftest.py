"""Real spawners of a real hub's configuration, for users that exist in a database of the test only."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
from galilean_hub.config import configure, load
from galilean_hub.spawner import GalileanSpawner
from jupyterhub import orm
from jupyterhub.httpclient import JupyterHubHTTPClient
from jupyterhub.objects import Hub, Server
from jupyterhub.user import User
from traitlets.config import Config

# A server that is ready in no time: it says what the kernel thinks of the process that asks.
QUICK = """
import http.server, os, pathlib, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("/api")[2]
        if path.startswith("/exit/"):
            threading.Timer(0.5, os._exit, [int(path.removeprefix("/exit/"))]).start()
        body = "".join(f"{k}={v}\\n" for k, v in os.environ.items()) if path == "/env" else ""
        if os.path.isfile(path):
            body = pathlib.Path(path).read_text()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())
http.server.ThreadingHTTPServer(("", 8888), Handler).serve_forever()
"""

NewSpawner = Callable[..., GalileanSpawner]


@pytest.fixture(scope="session")
def config() -> Config:
    c = Config()
    configure(c)
    return c


@pytest.fixture
def database() -> Iterator[Any]:
    session = orm.new_session_factory("sqlite:///:memory:")()
    yield session
    session.close()


@pytest.fixture
async def new_spawner(config: Config, database: Any) -> AsyncIterator[NewSpawner]:
    """Makes the spawner of a user, with other settings than the hub's where given, and removes its service."""
    made: list[GalileanSpawner] = []

    def new(
        name: str = "test-ada", command: Sequence[str] = ("python3", "-c", QUICK), **settings: Any
    ) -> GalileanSpawner:
        configuration, _secrets = load()
        settings = {"memory_guarantee": None, "cpu_guarantee": None} | settings
        configuration = dataclasses.replace(
            configuration, spawner=dataclasses.replace(configuration.spawner, **settings)
        )
        user_config = config.copy()
        user_config.GalileanSpawner.configuration = configuration
        user_config.GalileanSpawner.image = configuration.spawner.image
        user_config.GalileanSpawner.cmd = list(command)
        orm_user = orm.User.find(database, name) or orm.User(name=name)
        database.add(orm_user)
        database.commit()
        connect = urlsplit(configuration.hub.connect_url)
        hub = Hub(proto="http", ip="0.0.0.0", connect_ip=connect.hostname, port=connect.port, base_url="/hub/")
        user = User(orm_user, {"config": user_config, "spawner_class": GalileanSpawner, "hub": hub}, db=database)
        spawner: GalileanSpawner = user.get_or_create_spawner("", "")
        orm_server = orm.Server(base_url=user.base_url)
        database.add(orm_server)
        database.commit()
        spawner.server = Server(orm_server=orm_server)
        spawner.api_token = "test"
        made.append(spawner)
        return spawner

    yield new
    for spawner in made:
        if spawner.object_id:
            await spawner.stop()


@pytest.fixture(scope="session", autouse=True)
async def http_client(config: Config) -> AsyncIterator[None]:
    """The hub's own client, with the hub's settings for it."""
    client = JupyterHubHTTPClient.instance(config=config)
    yield
    await client.close()
