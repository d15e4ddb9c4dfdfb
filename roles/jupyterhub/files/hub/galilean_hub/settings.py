"""What hub.json and secrets.json may say. Keys are field names; those with a default may be left out.

Paths are paths inside the hub's container. Durations are seconds. Sizes are written as Docker does: `512M`, `2G`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from galilean_hub.reading import ConfigError
from galilean_hub.reserved import REFUSAL, is_reserved

AUTHENTICATORS = ("dummy", "native", "github", "google", "oidc", "lti13", "pam")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[KMGT]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_in_bytes(size: str | None) -> int | None:
    """`2G` in bytes, None for None. Raises ConfigError for anything else than a number and one of K, M, G, T."""
    if size is None:
        return None
    match = _SIZE.fullmatch(size)
    if match is None:
        raise ConfigError(f"{size!r} is not a size such as 512M or 2G")
    return int(float(match["number"]) * _UNITS[match["unit"]])


def _check_size(name: str, size: str | None) -> None:
    try:
        size_in_bytes(size)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from error


@dataclass(frozen=True)
class HubSettings:
    """Where the hub listens, and the address of it that servers and proxy know: its alias on the overlay network.

    `named_servers_per_user` is how many servers somebody may have beside the first.
    """

    bind_url: str
    connect_url: str
    named_servers_per_user: int = 0
    log_level: str = "INFO"


@dataclass(frozen=True)
class ProxySettings:
    """configurable-http-proxy, which runs on its own. Its API is a socket in a directory shared with the hub."""

    api_url: str


@dataclass(frozen=True)
class AuthenticatorSettings:
    """How people log in. `options` are traits of the authenticator's class."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    allow_all: bool = False
    allowed_users: tuple[str, ...] = ()
    admin_users: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in AUTHENTICATORS:
            raise ConfigError(f"name {self.name!r} is none of {', '.join(AUTHENTICATORS)}")
        for key, usernames in (("allowed_users", self.allowed_users), ("admin_users", self.admin_users)):
            for username in filter(is_reserved, usernames):
                raise ConfigError(f"{key} may not have {username!r}. {REFUSAL}")


@dataclass(frozen=True)
class EndpointSettings:
    """A server of the cluster that is spoken to over mutual TLS: the engine of the Swarm manager, or the keeper."""

    url: str
    ca: str
    certificate: str
    private_key: str


@dataclass(frozen=True)
class HomesSettings:
    """The host that stores the homes, by the name that people know, and what a home may hold: a size, `0` for no end.

    A user's own quota goes before those of the groups, of which the largest counts, and these go before `quota`.
    """

    storage_host: str
    quota: str = "0"
    quotas_by_user: Mapping[str, str] = field(default_factory=dict)
    quotas_by_group: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {f"quotas_by_user.{name}": size for name, size in self.quotas_by_user.items()}
        named |= {f"quotas_by_group.{name}": size for name, size in self.quotas_by_group.items()}
        for name, size in {"quota": self.quota, **named}.items():
            _check_size(name, size)

    def quota_bytes(self, username: str, groups: Iterable[str]) -> int:
        """What the home of a user may hold, in bytes, 0 for no end."""
        of_groups = [self.quotas_by_group[group] for group in groups if group in self.quotas_by_group]
        of_user = self.quotas_by_user.get(username)
        quotas = [size_in_bytes(size) or 0 for size in ([of_user] if of_user else of_groups or [self.quota])]
        return max(quotas) if all(quotas) else 0


@dataclass(frozen=True)
class Ulimit:
    """One of setrlimit's limits, named as Docker names it: `nofile`, `nproc`, `core`."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True)
class SpawnerSettings:
    """The students' servers.

    `memory_guarantee` and `cpu_guarantee` are what Swarm sets aside on a node: they decide how many servers fit.
    `endpoint_mode` is `dnsrr` or `vip`. A virtual address takes a second one of the subnet for each server, and IPVS
    cuts a connection that was idle for 900 s (moby #43052, #31208).
    `constraints` are Swarm's expressions (`node.labels.galilean.role==node`). `start_timeout_seconds` counts from the
    moment a start gets its turn; `concurrent_starts` have it at a time, and the others wait.
    """

    image: str
    network: str
    endpoint_mode: str = "dnsrr"
    default_url: str = "/lab"
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_limit: str | None = None
    memory_guarantee: str | None = None
    cpu_limit: float | None = None
    cpu_guarantee: float | None = None
    pids_limit: int = 1024
    ulimits: tuple[Ulimit, ...] = ()
    constraints: tuple[str, ...] = ()
    concurrent_starts: int = 10
    start_timeout_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name in ("memory_limit", "memory_guarantee"):
            _check_size(name, getattr(self, name))
        if self.concurrent_starts < 1:
            raise ConfigError("concurrent_starts must be at least 1")


@dataclass(frozen=True)
class CullerSettings:
    """When a server is stopped: unused, or whatever it does, for as long. Zero seconds mean never."""

    idle_timeout_seconds: int = 3600
    every_seconds: int = 300
    maximum_age_seconds: int = 0


@dataclass(frozen=True)
class Help:
    """What people are told on their home page, below a title."""

    title: str
    text: str


@dataclass(frozen=True)
class Configuration:
    """hub.json."""

    instance: str
    public_url: str
    authenticator: AuthenticatorSettings
    engine: EndpointSettings
    keeper: EndpointSettings
    homes: HomesSettings
    spawner: SpawnerSettings
    hub: HubSettings
    proxy: ProxySettings
    secrets_file: str
    state_directory: str
    culler: CullerSettings = CullerSettings()
    user_subdomains: bool = False
    help: tuple[Help, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?", self.instance):
            raise ConfigError(f"instance {self.instance!r} must be 1 to 11 of a-z, 0-9 and inner hyphens")
        address = urlsplit(self.public_url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(f"public_url {self.public_url!r} must be an address such as https://hub.example.org")
        if self.authenticator.name == "dummy" and not is_loopback(address.hostname):
            raise ConfigError(
                f"authenticator.name dummy lets everybody in and is refused on {address.hostname}, "
                "which others can reach; choose another authenticator"
            )


@dataclass(frozen=True)
class ServiceTokens:
    """Tokens of scripts. A service whose token is absent does not exist."""

    verify: str | None = None
    admin: str | None = None


@dataclass(frozen=True)
class Secrets:
    """secrets.json. `authenticator` holds secret traits of its class, the cookie secret hexadecimal digits."""

    proxy_token: str
    cookie_secret: str
    service_tokens: ServiceTokens = ServiceTokens()
    authenticator: Mapping[str, Any] = field(default_factory=dict)


def is_loopback(host: str) -> bool:
    """Whether `host` means the machine itself for everybody who reads it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
