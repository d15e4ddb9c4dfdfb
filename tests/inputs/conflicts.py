"""Inventories whose variables are right one by one and wrong together, or beside the hosts and files they speak of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import specs
from inventory import CANARY, EVERYONE, HUB, NODES, PEMS, Inventory


class Conflict(NamedTuple):
    """What is said, and the variable and the hosts of each finding that has to be told."""

    label: str
    inventory: Inventory
    findings: tuple[tuple[str, Sequence[str]], ...]


THE_INVENTORY = ("inventory",)
GROUPS: Mapping[str, Sequence[str]] = {"hub": [HUB], "nodes": NODES}
LOCAL = {"cluster_public_url": "https://localhost:8443"}
CLIENT = {"client_id": "0123456789abcdef"}
OIDC = CLIENT | {
    "authorize_url": "https://login.example.org/authorize",
    "token_url": "https://login.example.org/token",
    "userdata_url": "https://login.example.org/userinfo",
}
LTI = CLIENT | {
    "issuer": "https://lms.example.org",
    "authorize_url": "https://lms.example.org/authorize",
    "jwks_endpoint": "https://lms.example.org/jwks",
}
OPTIONS, SECRETS = "jupyterhub_authenticator_options", "jupyterhub_authenticator_secrets"
AUTHENTICATORS = {"github": CLIENT, "google": CLIENT, "oidc": OIDC, "lti13": LTI}
A_CERTIFICATE = {"proxy_certificate": f"{PEMS}/hub.crt", "proxy_private_key": f"{PEMS}/hub.key"}
HOSTILE_HOSTS = (
    "io_1",
    "-io",
    "io-",
    "io..example",
    "io;reboot",
    "$(reboot)",
    "{{ 7 * 7 }}",
    "io/../../etc",
    "io\nroot",
    "i" * 300,
    "storage",
)


def everywhere(label: str, variable: str, hosts: Sequence[str] = (HUB,), /, **variables: Any) -> Conflict:
    return Conflict(label, Inventory(everyone=variables), ((variable, hosts),))


def grouped(label: str, variable: str, hosts: Sequence[str], /, **groups: Sequence[str]) -> Conflict:
    return Conflict(label, Inventory(groups={**GROUPS, **groups}), ((variable, hosts),))


def missing() -> Iterator[Conflict]:
    yield Conflict(
        "no public address anywhere", Inventory(without=["cluster_public_url"]), (("cluster_public_url", EVERYONE),)
    )
    addresses = {host: {"cluster_public_url": "https://hub.example.org"} for host in NODES}
    yield Conflict(
        "no public address for the hub",
        Inventory(without=["cluster_public_url"], by_host=addresses),
        (("cluster_public_url", (HUB,)),),
    )
    dummy = {"jupyterhub_authenticator": "dummy", OPTIONS: {}, SECRETS: {}, **LOCAL}
    yield everywhere("no password for dummy", f"{SECRETS}.password", **dummy)
    for name, options in AUTHENTICATORS.items():
        given: dict[str, Any] = {"jupyterhub_authenticator": name}
        for option in options:
            rest = {key: value for key, value in options.items() if key != option}
            yield everywhere(f"no {option} for {name}", f"{OPTIONS}.{option}", **given, **{OPTIONS: rest})
        if name != "lti13":
            here = {**given, OPTIONS: options, SECRETS: {}}
            yield everywhere(f"no secret for {name}", f"{SECRETS}.client_secret", **here)


def conflicts() -> Iterator[Conflict]:
    yield from _groups()
    yield from _differences()
    yield from _log_ins()
    yield from _orders()
    yield from _networks()
    yield from _homes()
    yield from _backups()
    yield from _files()
    yield from _secrets()


def hosts() -> Iterator[Conflict]:
    for name in HOSTILE_HOSTS:
        cut = name if len(name) <= 60 else f"{name[:60]}…"
        shown = cut if cut == name and name.isprintable() else json.dumps(cut, ensure_ascii=not cut.isprintable())
        inventory = Inventory(groups={**GROUPS, "nodes": [*NODES, name]})
        yield Conflict(f"host {name[:12]!a}", inventory, (("name of the host", (shown,)),))


def _groups() -> Iterator[Conflict]:
    yield grouped("two hubs", "group hub", THE_INVENTORY, hub=["callisto", HUB])
    yield grouped("no hub", "group hub", THE_INVENTORY, hub=[])
    yield grouped("the hub is a node", "group nodes", (HUB,), nodes=[HUB, "io"])
    for group in ("storage", "edge"):
        yield grouped(f"two hosts in {group}", f"group {group}", THE_INVENTORY, **{group: ["callisto", "ganymede"]})
    for group in ("hubs", "node", "storages", "edges"):
        yield grouped(f"a group {group}", f"group {group}", THE_INVENTORY, **{group: ["callisto"]})


def _backups() -> Iterator[Conflict]:
    key = "backup_public_key"
    yield everywhere("backups that nobody can open", key, backup_target="file:///mnt/store")
    among = Inventory(everyone={"backup_target": "file:///srv/galilean/homes/store"})
    yield Conflict("backups among the homes", among, (("backup_target", (HUB,)), (key, (HUB,))))
    without = Inventory(everyone={"backup_target": "swift://store"})
    yield Conflict("a store without credentials", without, (("backup_credentials", (HUB,)), (key, (HUB,))))
    short = Inventory(everyone={"backup_target": "file:///mnt/store", "backup_keep_days": 3})
    yield Conflict("half a chain", short, (("backup_keep_days", (HUB,)), (key, (HUB,))))
    other = Inventory(by_host={"io": {"backup_target": "file:///mnt/store"}})
    yield Conflict("another target", other, (("backup_target", ("io",)),))


def _differences() -> Iterator[Conflict]:
    others = {
        "cluster_class_size": 31,
        "cluster_homes_directory": "/srv/other",
        "cluster_homes_provider": "site",
        "cluster_instance": "other",
        "cluster_public_url": "https://other.example.org",
        "cluster_secrets_directory": "/srv/secrets",
    }
    for name, value in others.items():
        yield Conflict(f"another {name}", Inventory(by_host={"io": {name: value}}), ((name, ("io",)),))
    yield everywhere("another instance of homes", "keeper_instance", EVERYONE, keeper_instance="other")
    for name in (
        "homes_directory",
        "keeper_homes_directory",
        "nfs_client_directory",
        "nfs_server_export_directory",
    ):
        yield everywhere(f"another {name}", name, EVERYONE, **{name: "/srv/x"})
    yield everywhere("another network", "swarm_network", EVERYONE, swarm_network="galilean-other")
    for name in ("images_builder", "swarm_manager_host", "verify_storage_host"):
        yield everywhere(f"{name} is no host", name, EVERYONE, **{name: "ganymede"})


def _log_ins() -> Iterator[Conflict]:
    yield everywhere("nobody may log in", "jupyterhub_allowed_users", jupyterhub_admin_users=[])
    dummy = {"jupyterhub_authenticator": "dummy", OPTIONS: {}, SECRETS: {"password": CANARY}}
    yield everywhere("dummy in public", "jupyterhub_authenticator", **dummy)
    yield everywhere("a short password", f"{SECRETS}.password", **{**dummy, **LOCAL, SECRETS: {"password": "canary"}})
    for name, options in AUTHENTICATORS.items():
        given: dict[str, Any] = {"jupyterhub_authenticator": name}
        for option in options:
            yield everywhere(
                f"{name}: {option} is empty", f"{OPTIONS}.{option}", **given, **{OPTIONS: {**options, option: ""}}
            )
            if option != "client_id":
                wrong = {**options, option: f"ftp://user:{CANARY}@example.org"}
                yield everywhere(f"{name}: {option} is no address", f"{OPTIONS}.{option}", **given, **{OPTIONS: wrong})
        if name != "lti13":
            here = {**given, OPTIONS: options}
            place = f"{SECRETS}.client_secret"
            yield everywhere(f"{name}: the secret is empty", place, **here, **{SECRETS: {"client_secret": " "}})
            yield everywhere(f"{name}: the secret is a list", place, **here, **{SECRETS: {"client_secret": [CANARY]}})
    here = {OPTIONS: {**CLIENT, "client_secret": CANARY}, SECRETS: {}}
    yield everywhere("a secret in the open", f"{OPTIONS}.client_secret", **here)
    yield everywhere("an option twice", f"{SECRETS}.client_id", **{SECRETS: {"client_secret": CANARY, **CLIENT}})
    callback = {**CLIENT, "oauth_callback_url": "https://other.example.org/hub/oauth_callback"}
    yield everywhere("another hub's callback", f"{OPTIONS}.oauth_callback_url", **{OPTIONS: callback})


def _orders() -> Iterator[Conflict]:
    yield everywhere("more CPU than may be used", "jupyterhub_cpu_guarantee", EVERYONE, jupyterhub_cpu_guarantee=3)
    yield everywhere(
        "more memory than may be used", "jupyterhub_memory_guarantee", EVERYONE, jupyterhub_memory_guarantee="2G"
    )
    yield everywhere(
        "too little memory", "jupyterhub_memory_limit", jupyterhub_memory_limit="1M", jupyterhub_memory_guarantee="0"
    )
    yield everywhere("uids in the wrong order", "keeper_uid_minimum", EVERYONE, keeper_uid_minimum=2_101_000_000)
    yield everywhere("too few uids", "keeper_uid_maximum", keeper_uid_minimum=200_000, keeper_uid_maximum=200_020)
    yield everywhere("the hub's uid is a student's", "cluster_hub_uid", cluster_hub_uid=2000, keeper_uid_minimum=1000)
    yield everywhere("a lease longer than the grace", "nfs_server_lease_seconds", EVERYONE, nfs_server_lease_seconds=16)
    name = "cluster_certificate_renew_before_days"
    yield everywhere(f"{name} is too long", name, EVERYONE, **{name: 400})
    ulimits = [{"name": "nofile", "soft": 2048, "hard": 1024}]
    yield everywhere("a limit above its limit", "jupyterhub_ulimits", EVERYONE, jupyterhub_ulimits=ulimits)
    engine = {"nofile": {"Name": "nofile", "Soft": 2048, "Hard": 1024}}
    yield everywhere(
        "an engine's limit above its limit", "docker_default_ulimits", EVERYONE, docker_default_ulimits=engine
    )
    options = {"live-restore": True}
    place = "docker_daemon_options.live-restore"
    yield everywhere("live restore by another way", place, EVERYONE, docker_daemon_options=options)
    yield everywhere("the engine does not know the hub", "swarm_tls_clients", swarm_tls_clients=["admin"])
    for name in ("twelve-chars", "-x", "a.b", "Class"):
        yield everywhere(f"instance {name}", "cluster_instance", EVERYONE, cluster_instance=name)
    for name, option in specs.read().items():
        if option.get("not_empty"):
            yield everywhere(f"no element in {name}", name, EVERYONE, **{name: []})
    yield everywhere(
        "a stock image by its tag", "images_notebook_image", EVERYONE, images_notebook_image="quay.io/x/y:latest"
    )
    short = "quay.io/x/y@sha256:" + "0" * 63
    yield everywhere("a stock image by a short digest", "images_notebook_image", EVERYONE, images_notebook_image=short)


def _networks() -> Iterator[Conflict]:
    same = {host: {"cluster_private_address": "10.0.0.5"} for host in NODES}
    yield Conflict("one address for two", Inventory(by_host=same), (("cluster_private_address", ("io",)),))
    for address in ("127.0.0.1", "0.0.0.0", "::1"):
        alone = {"io": {"cluster_private_address": address}}
        yield Conflict(f"{address} for others", Inventory(by_host=alone), (("cluster_private_address", ("io",)),))
    for name, address in {"swarm_overlay_subnet": "10.80.0.9", "swarm_address_pool": "10.64.3.9"}.items():
        inside = {"io": {"cluster_private_address": address}}
        yield Conflict(f"a host inside {name}", Inventory(by_host=inside), ((name, (HUB,)),))
    yield everywhere("a network too small", "swarm_overlay_subnet", swarm_overlay_subnet="10.80.0.0/28")
    yield everywhere("networks that overlap", "swarm_overlay_subnet", swarm_overlay_subnet="10.64.8.0/24")
    yield everywhere("a pool over the network", "swarm_overlay_subnet", swarm_address_pool="10.80.0.0/16")
    registry = {"images_registry": "10.0.0.1:5001"}
    yield everywhere("another port of the registry", "images_registry", **registry)
    yield everywhere("another port of the proxy", "proxy_upstream", proxy_upstream="10.0.0.1:9000")
    yield everywhere("HTTP on the port of SSH", "proxy_http_port", proxy_http_port=22)
    yield everywhere("HTTP on the port of HTTPS", "proxy_https_port", proxy_http_port=443)
    for port in (2049, 2376, 2377, 7946, 8444, 8445):
        yield everywhere(f"HTTPS on port {port}", "proxy_https_port", proxy_https_port=port)
    with_password = f"https://user:{CANARY}@mirror.example.org"
    yield everywhere(
        "a password in the public address", "cluster_public_url", EVERYONE, cluster_public_url=with_password
    )
    for name in ("docker_upstream_repository", "docker_upstream_key"):
        yield everywhere(f"a password in {name}", name, EVERYONE, **{name: with_password})
    yield everywhere(
        "a password in a mirror", "docker_registry_mirrors[0]", EVERYONE, docker_registry_mirrors=[with_password]
    )


def _homes() -> Iterator[Conflict]:
    yield everywhere("homes beside the volume", "cluster_homes_directory", cluster_homes_directory="/home")
    yield everywhere("nodes without a volume", "nfs_server_device", nfs_server_device="")
    quotas = Inventory(everyone={"jupyterhub_home_quota": "10G", "nfs_server_device": ""}, groups={"hub": [HUB]})
    yield Conflict("quotas without a volume", quotas, (("jupyterhub_home_quota", (HUB,)),))
    root = {"nfs_server_volume_directory": "/srv/galilean/homes"}
    yield everywhere("homes at the root of the volume", "cluster_homes_directory", **root)
    addresses = {host: {"cluster_private_address": f"10.0.0.{place}"} for place, host in enumerate(EVERYONE, start=11)}
    clients = {"nfs_server_clients": ["10.0.0.11", "192.0.2.99"]}
    outside = Inventory(everyone=clients, by_host=addresses)
    yield Conflict("a client outside the cluster", outside, (("nfs_server_clients", (HUB,)),))
    for label, device in {"a file for a device": "/srv/disk", "a way out of /dev": "/dev/../etc/passwd"}.items():
        yield everywhere(label, "nfs_server_device", EVERYONE, nfs_server_device=device)


def _files() -> Iterator[Conflict]:
    certificate, key = A_CERTIFICATE
    yield everywhere("a certificate without its key", key, EVERYONE, **{certificate: A_CERTIFICATE[certificate]})
    yield everywhere("a key without its certificate", certificate, EVERYONE, **{key: A_CERTIFICATE[key]})
    wrong_keys = {
        "another's key": "other.key",
        "a locked key": "locked.key",
        "a certificate for a key": "hub.crt",
        "no key": "empty",
        "a directory for a key": "",
        "a key that is not there": "missing",
    }
    for label, file in wrong_keys.items():
        yield everywhere(label, key, EVERYONE, **{**A_CERTIFICATE, key: f"{PEMS}/{file}" if file else PEMS})
    for label, file in {"a key for a certificate": "hub.key", "no certificate": "empty"}.items():
        yield everywhere(label, certificate, EVERYONE, **{**A_CERTIFICATE, certificate: f"{PEMS}/{file}"})
    for name in ("images_notebook_requirements", "images_pip_config", "images_ca_certificates"):
        yield everywhere(f"{name} is not there", name, EVERYONE, **{name: f"{PEMS}/missing"})
        yield everywhere(f"{name} is a directory", name, EVERYONE, **{name: PEMS})
    yield everywhere("no authorities", "images_ca_certificates", EVERYONE, images_ca_certificates=f"{PEMS}/empty")
    for label, file in {"is not there": "missing", "is a key": "hub.key"}.items():
        authorities = {"site": f"{PEMS}/{file}"}
        yield everywhere(
            f"an authority {label}", "base_ca_certificates.site", EVERYONE, base_ca_certificates=authorities
        )


def _secrets() -> Iterator[Conflict]:
    """Secrets where they do not belong: written over what they are part of, or under a name that nobody reads."""
    for label, value in {"text": CANARY, "list": [CANARY], "number": 5}.items():
        yield everywhere(f"secrets are a {label}", SECRETS, EVERYONE, **{SECRETS: value})
    yield everywhere(
        "secrets under a part of the name", SECRETS[:-1], EVERYONE, **{SECRETS[:-1]: {"client_secret": CANARY}}
    )
    yield everywhere("a secret as a name", f"{SECRETS}.(hidden)", EVERYONE, **{SECRETS: {f"{CANARY} is it": "x"}})
    yield everywhere(
        "a secret of two lines",
        f"{SECRETS}.client_secret",
        EVERYONE,
        **{SECRETS: {"client_secret": f"{CANARY}\n{CANARY}"}},
    )
    yield everywhere("an option like a secret", OPTIONS, EVERYONE, **{OPTIONS: f"client_secret={CANARY}"})
    yield everywhere("a token that is none", "swarm_join_token", EVERYONE, swarm_join_token=f"{CANARY}!")
    yield everywhere("a token with a name of its own", "swarm_join_tokens", EVERYONE, swarm_join_tokens=[CANARY])
    yield everywhere(
        "a number for a variable",
        "jupyterhub_environment.API_TOKEN",
        EVERYONE,
        jupyterhub_environment={"API_TOKEN": 81404182},
    )
