"""Turns hub.json and secrets.json into JupyterHub's configuration."""

from __future__ import annotations

import os
import sqlite3
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import connector
from traitlets.config import Config

from galilean_hub.admins import revoke_admins
from galilean_hub.authenticators import configure_authenticator
from galilean_hub.reading import read_settings
from galilean_hub.service import HOME_DIRECTORY
from galilean_hub.settings import Configuration, Secrets
from galilean_hub.spawner import GalileanSpawner
from galilean_hub.tokens import revoke_service_tokens

DEFAULT_PATH = "/etc/galilean/hub.json"
# How long a start may wait for its turn.
QUEUE_TIMEOUT_SECONDS = 3600

CULLER_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
# Not access:servers: to a server goes a token that opens no other.
VERIFY_SCOPES = ["admin:users", "servers", "tokens"]


class DurableConnection(sqlite3.Connection):
    """A connection whose commits outlive a power cut.

    By default SQLite does not wait until the removal of its journal is on the disk, and takes the last commit back when
    the power fails then (https://www.sqlite.org/pragma.html#pragma_synchronous). The hub would know nothing of a server
    that has just been started, and remove it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA synchronous = EXTRA")


def load(path: Path | None = None) -> tuple[Configuration, Secrets]:
    """hub.json (at `path`, else where GALILEAN_CONFIG says, else at its usual place) and the secrets file it names.

    Raises ConfigError naming file and key.
    """
    configuration = read_settings(Configuration, path or Path(os.environ.get("GALILEAN_CONFIG", DEFAULT_PATH)))
    return configuration, read_settings(Secrets, Path(configuration.secrets_file))


def configure(c: Config, path: Path | None = None) -> None:
    """Set everything on JupyterHub's configuration `c`, from where `load` finds it, and revoke what it no longer names.

    Raises ConfigError.
    """
    configuration, secrets = load(path)
    tokens = {name: token for name, token in asdict(secrets.service_tokens).items() if token}
    revoke_service_tokens(_database(configuration), tokens)
    record = Path(configuration.state_directory) / "admins.json"
    revoke_admins(_database(configuration), record, configuration.authenticator.admin_users)
    _configure_hub(c, configuration, secrets)
    _configure_resolver(c)
    configure_authenticator(c, configuration, secrets)
    _configure_spawner(c, configuration)
    _configure_services(c, configuration, secrets)


def _database(configuration: Configuration) -> Path:
    return Path(configuration.state_directory) / "jupyterhub.sqlite"


def activity_interval_seconds(configuration: Configuration) -> int:
    """How often servers and proxy tell the hub who is active."""
    return min(300, configuration.culler.every_seconds)


def _configure_hub(c: Config, configuration: Configuration, secrets: Secrets) -> None:
    c.JupyterHub.hub_bind_url = configuration.hub.bind_url
    c.JupyterHub.hub_connect_url = configuration.hub.connect_url
    c.JupyterHub.public_url = configuration.public_url
    # Browsers keep the pages of one origin from those of another, and a subdomain is one.
    # Of JupyterHub's own pages those are shown that have no other here.
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.template_vars = {"help": [asdict(topic) for topic in configuration.help]}
    c.JupyterHub.subdomain_host = configuration.public_url.rstrip("/") if configuration.user_subdomains else ""
    c.JupyterHub.allow_named_servers = configuration.hub.named_servers_per_user > 0
    c.JupyterHub.named_server_limit_per_user = configuration.hub.named_servers_per_user
    c.JupyterHub.log_level = configuration.hub.log_level
    c.JupyterHub.db_url = f"sqlite:///{_database(configuration)}"
    # JupyterHub itself gives check_same_thread.
    c.JupyterHub.db_kwargs = {"connect_args": {"factory": DurableConnection, "check_same_thread": False}}
    c.JupyterHub.upgrade_db = True
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets.cookie_secret)
    # The culler knows no more than the hub: activity is told at least as often as it looks.
    c.JupyterHub.last_activity_interval = activity_interval_seconds(configuration)
    # A restart of the hub must leave proxy and servers alone.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = configuration.proxy.api_url
    c.ConfigurableHTTPProxy.auth_token = secrets.proxy_token
    # The spawner queues starts itself; the hub's own limit makes people try again.
    c.JupyterHub.concurrent_spawn_limit = 0


def _configure_resolver(c: Config) -> None:
    """Ask Docker's DNS anew for each connection, or a server that was started again is not found for minutes.

    JupyterHub 6 resolves through aiodns, whose c-ares keeps Docker's answers for their TTL of 600 s, and aiohttp keeps
    answers too; the name of a service that was made again has another address. A resolver object inside
    `connector_options` crashes the hub, because traitlets copies it, hence the default resolver of the module.
    """
    vars(connector)["DefaultResolver"] = aiohttp.ThreadedResolver
    c.JupyterHubHTTPClient.connector_options = {"use_dns_cache": False}


def _configure_spawner(c: Config, configuration: Configuration) -> None:
    spawner = configuration.spawner
    c.JupyterHub.spawner_class = GalileanSpawner
    c.GalileanSpawner.configuration = configuration
    c.GalileanSpawner.image = spawner.image
    c.GalileanSpawner.default_url = spawner.default_url
    c.GalileanSpawner.notebook_dir = HOME_DIRECTORY
    interval = {"JUPYTERHUB_ACTIVITY_INTERVAL": str(activity_interval_seconds(configuration))}
    c.GalileanSpawner.environment = interval | dict(spawner.environment)
    c.GalileanSpawner.network_name = spawner.network
    c.GalileanSpawner.mem_limit = spawner.memory_limit
    c.GalileanSpawner.mem_guarantee = spawner.memory_guarantee
    c.GalileanSpawner.cpu_limit = spawner.cpu_limit
    c.GalileanSpawner.cpu_guarantee = spawner.cpu_guarantee
    # The spawner counts a start's seconds itself, from its turn on; this is the bound of both together.
    c.GalileanSpawner.start_timeout = int(QUEUE_TIMEOUT_SECONDS + spawner.start_timeout_seconds)
    c.GalileanSpawner.http_timeout = int(spawner.start_timeout_seconds)


def _configure_services(c: Config, configuration: Configuration, secrets: Secrets) -> None:
    services: list[dict[str, Any]] = []
    roles: list[dict[str, Any]] = []
    tokens = secrets.service_tokens
    if tokens.verify:
        services.append({"name": "verify", "api_token": tokens.verify})
        roles.append({"name": "verify", "services": ["verify"], "scopes": VERIFY_SCOPES})
    if tokens.admin:
        # not by load_roles: an admin role there takes away, at each start, what the database or a log-in gave (app.py)
        services.append({"name": "admin", "api_token": tokens.admin, "admin": True})
    culler = configuration.culler
    if culler.idle_timeout_seconds or culler.maximum_age_seconds:
        command = [
            sys.executable, "-m", "jupyterhub_idle_culler",
            f"--timeout={culler.idle_timeout_seconds or sys.maxsize}",
            f"--cull-every={culler.every_seconds}",
            f"--max-age={culler.maximum_age_seconds}",
        ]  # fmt: skip
        services.append({"name": "culler", "command": command})
        roles.append({"name": "culler", "services": ["culler"], "scopes": CULLER_SCOPES})
    c.JupyterHub.services = services
    c.JupyterHub.load_roles = roles
