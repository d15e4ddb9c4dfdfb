"""Who is taken out of a list of the configuration, from one start of a hub to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import connector
from galilean_hub.config import configure
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.roles import assign_default_roles
from traitlets.config import Config

ENDPOINT = {"url": "https://10.0.0.1", "ca": "/ca.pem", "certificate": "/c.pem", "private_key": "/k.pem"}


@pytest.fixture(autouse=True)
def _resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `configure` changes of aiohttp ends with the test."""
    monkeypatch.setattr(connector, "DefaultResolver", aiohttp.AsyncResolver)


async def start(directory: Path, **lists: list[str]) -> Any:
    """A hub that keeps what it has in a directory, as far as a hub goes before it listens."""
    hub = {
        "instance": "main",
        "public_url": "http://localhost:8000",
        "authenticator": {"name": "dummy", **lists},
        "engine": ENDPOINT,
        "keeper": ENDPOINT,
        "homes": {"storage_host": "jupiter"},
        "spawner": {"image": "registry/notebook@sha256:1", "network": "galilean-main"},
        "hub": {"bind_url": "http://0.0.0.0:8081", "connect_url": "http://hub:8081"},
        "proxy": {"api_url": "http+unix://%2Frun%2Fproxy.sock"},
        "secrets_file": str(directory / "secrets.json"),
        "state_directory": str(directory),
    }
    (directory / "hub.json").write_text(json.dumps(hub))
    password = {"password": "of-everybody-who-is-allowed"}
    (directory / "secrets.json").write_text(
        json.dumps({"proxy_token": "p" * 32, "cookie_secret": "c" * 64, "authenticator": password})
    )
    c = Config()
    configure(c, directory / "hub.json")
    c.JupyterHub.log_level = "CRITICAL"
    JupyterHub.clear_instance()
    app = JupyterHub(config=c)
    await app.initialize([])
    return app


def admins(app: Any) -> set[str]:
    """Who has the role of administrators, as well as those who are only called so."""
    return {user.name for user in app.db.query(orm.User) if user.admin or orm.Role.find(app.db, "admin") in user.roles}


async def test_who_is_no_longer_named_administers_nothing(tmp_path: Path) -> None:
    app = await start(tmp_path, admin_users=["galileo", "Simon.Mayr"])
    made = orm.User(name="made-by-galileo", admin=True)
    app.db.add(made)
    assign_default_roles(app.db, made)
    app.db.commit()
    assert admins(app) == {"galileo", "simon.mayr", "made-by-galileo"}
    for _start in range(2):
        assert admins(await start(tmp_path, admin_users=["galileo"])) == {"galileo", "made-by-galileo"}
    assert admins(await start(tmp_path, admin_users=["simon.mayr"])) == {"simon.mayr", "made-by-galileo"}


async def test_who_is_no_longer_named_is_not_let_in(tmp_path: Path) -> None:
    everybody = (await start(tmp_path, allowed_users=["ada", "eve"])).authenticator
    assert everybody.check_allowed("ada")
    assert everybody.check_allowed("eve")
    fewer = (await start(tmp_path, allowed_users=["ada"])).authenticator
    assert fewer.check_allowed("ada")
    assert not fewer.check_allowed("eve")
