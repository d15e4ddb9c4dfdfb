from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import connector
from galilean_hub.authenticators import CLASSES, authenticator_class
from galilean_hub.config import configure
from galilean_hub.reading import ConfigError, read_settings
from galilean_hub.settings import AUTHENTICATORS, HomesSettings, Secrets, is_loopback, size_in_bytes
from galilean_hub.spawner import GalileanSpawner
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.orm import new_session_factory
from sqlalchemy import text
from tornado.web import HTTPError
from traitlets.config import Config

SYNCHRONOUS_EXTRA = 3
ENDPOINT = {"url": "https://10.0.0.1:2376", "ca": "/ca.pem", "certificate": "/c.pem", "private_key": "/k.pem"}
OIDC = {
    "client_id": "galilean",
    "authorize_url": "https://sso.example.org/authorize",
    "token_url": "https://sso.example.org/token",
    "userdata_url": "https://sso.example.org/userinfo",
    "username_claim": "sub",
}


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "DefaultResolver", aiohttp.AsyncResolver)


@pytest.fixture
def hub(tmp_path: Path) -> dict[str, Any]:
    return {
        "instance": "main",
        "public_url": "https://localhost:8443",
        "secrets_file": str(tmp_path / "secrets.json"),
        "state_directory": str(tmp_path),
        "hub": {"bind_url": "http://0.0.0.0:8081", "connect_url": "http://hub:8081"},
        "proxy": {"api_url": "http+unix://%2Frun%2Fproxy.sock"},
        "authenticator": {"name": "dummy", "allow_all": True, "admin_users": ["galileo"]},
        "engine": ENDPOINT,
        "keeper": ENDPOINT,
        "homes": {"storage_host": "jupiter"},
        "spawner": {"image": "registry/notebook@sha256:1", "network": "galilean-main", "memory_limit": "1G"},
    }


@pytest.fixture
def secrets() -> dict[str, Any]:
    return {
        "proxy_token": "p" * 32,
        "cookie_secret": "c0" * 32,
        "service_tokens": {"verify": "v" * 32, "admin": "a" * 32},
        "authenticator": {"password": "student-password", "admin_password": "x" * 32},
    }


Configured = Callable[[], Config]


@pytest.fixture
def configured(
    hub: dict[str, Any], secrets: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Configured:
    def run() -> Config:
        (tmp_path / "hub.json").write_text(json.dumps(hub))
        (tmp_path / "secrets.json").write_text(json.dumps(secrets))
        monkeypatch.setenv("GALILEAN_CONFIG", str(tmp_path / "hub.json"))
        c = Config()
        configure(c)
        return c

    return run


def authenticator(c: Config) -> Authenticator:
    return c.JupyterHub.authenticator_class(config=c)


def test_jupyterhub_accepts_the_configuration(configured: Configured) -> None:
    app = JupyterHub(config=configured())
    assert app.spawner_class is GalileanSpawner
    assert app.public_url == "https://localhost:8443/"
    assert not app.cleanup_servers
    assert app.concurrent_spawn_limit == 0


@pytest.mark.parametrize(("subdomains", "host"), [(False, ""), (True, "https://localhost:8443")])
def test_each_student_has_a_subdomain_where_that_is_wanted(
    hub: dict[str, Any], configured: Configured, subdomains: bool, host: str
) -> None:
    hub["user_subdomains"] = subdomains
    assert JupyterHub(config=configured()).subdomain_host == host


def test_what_the_hub_commits_outlives_a_power_cut(configured: Configured) -> None:
    c = configured()
    with new_session_factory(c.JupyterHub.db_url, **c.JupyterHub.db_kwargs)() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar() == SYNCHRONOUS_EXTRA


def test_connections_are_resolved_anew(configured: Configured) -> None:
    c = configured()
    assert connector.DefaultResolver is aiohttp.ThreadedResolver
    assert c.JupyterHubHTTPClient.connector_options == {"use_dns_cache": False}


def test_the_queue_does_not_count_against_a_start(configured: Configured, hub: dict[str, Any]) -> None:
    hub["spawner"] |= {"start_timeout_seconds": 60}
    c = configured()
    assert (c.GalileanSpawner.start_timeout, c.GalileanSpawner.http_timeout) == (3660, 60)


@pytest.mark.parametrize("most", [0, 3])
def test_somebody_has_so_many_named_servers(configured: Configured, hub: dict[str, Any], most: int) -> None:
    hub["hub"] |= {"named_servers_per_user": most}
    app = JupyterHub(config=configured())
    assert (app.allow_named_servers, app.named_server_limit_per_user) == (most > 0, most)


def test_the_hub_tells_as_much_as_is_wanted(configured: Configured, hub: dict[str, Any]) -> None:
    hub["hub"] |= {"log_level": "WARN"}
    assert JupyterHub(config=configured()).log_level == logging.WARNING


@pytest.mark.parametrize(("every", "interval"), [(10, 10), (600, 300)])
def test_activity_is_told_as_often_as_the_culler_looks(
    configured: Configured, hub: dict[str, Any], every: int, interval: int
) -> None:
    hub["culler"] = {"every_seconds": every}
    c = configured()
    assert c.JupyterHub.last_activity_interval == interval
    assert c.GalileanSpawner.environment == {"JUPYTERHUB_ACTIVITY_INTERVAL": str(interval)}


def test_services_have_the_scopes_they_need(configured: Configured) -> None:
    c = configured()
    by_name = {service["name"]: service for service in c.JupyterHub.services}
    assert set(by_name) == {"verify", "admin", "culler"}
    assert by_name["admin"]["admin"]
    assert {role["name"] for role in c.JupyterHub.load_roles} == {"verify", "culler"}


def test_services_without_token_or_purpose_do_not_exist(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any]
) -> None:
    del secrets["service_tokens"]
    hub["culler"] = {"idle_timeout_seconds": 0}
    c = configured()
    assert c.JupyterHub.services == c.JupyterHub.load_roles == []


def test_age_alone_can_cull(configured: Configured, hub: dict[str, Any]) -> None:
    hub["culler"] = {"idle_timeout_seconds": 0, "maximum_age_seconds": 60}
    (culler,) = (service for service in configured().JupyterHub.services if service["name"] == "culler")
    assert "--max-age=60" in culler["command"]
    assert "--timeout=0" not in culler["command"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instanc": "main"}, "hub.json: instanc is not a known key; did you mean 'instance'?"),
        ({"instance": None}, "hub.json: instance must be a string, not null"),
        ({"instance": "Main"}, "hub.json: instance 'Main' must be 1 to 11 of a-z, 0-9 and inner hyphens"),
        ({"instance": "abcdefghijkl"}, "must be 1 to 11"),
        ({"engine": {**ENDPOINT, "url": 1}}, "hub.json: engine.url must be a string, not an integer"),
        ({"engine": {"url": "x"}}, "hub.json: engine.ca is missing"),
        ({"homes": {"storage_host": "jupiter", "quota": "10GB"}}, "hub.json: homes.quota: '10GB' is not a size"),
        (
            {"homes": {"storage_host": "jupiter", "quotas_by_group": {"physics": "much"}}},
            "hub.json: homes.quotas_by_group.physics: 'much' is not a size",
        ),
        ({"keeper": []}, "hub.json: keeper must be an object, not a list"),
        ({"spawner": {"image": "i"}}, "hub.json: spawner.network is missing"),
        ({"spawner": {"image": "i", "network": "n", "memory_limit": "1GB"}}, "spawner.memory_limit: '1GB' is not a"),
        ({"spawner": {"image": "i", "network": "n", "pids_limit": True}}, "spawner.pids_limit must be an integer"),
        ({"spawner": {"image": "i", "network": "n", "concurrent_starts": 0}}, "spawner.concurrent_starts must be at"),
        ({"spawner": {"image": "i", "network": "n", "ulimits": [{"name": "nofile"}]}}, "spawner.ulimits[0].soft is"),
        ({"spawner": {"image": "i", "network": "n", "environment": {"A": 1}}}, "spawner.environment.A must be a str"),
        ({"spawner": {"image": "i", "network": "n", "constraints": "a==b"}}, "spawner.constraints must be a list, not"),
        ({"authenticator": {"name": "gitub"}}, "authenticator.name 'gitub' is none of dummy, native, github,"),
        (
            {"authenticator": {"name": "native", "admin_users": ["galilean-verify"]}},
            "hub.json: authenticator.admin_users may not have 'galilean-verify'. Names that begin with galilean",
        ),
        ({"public_url": "https://hub.example.org"}, "dummy lets everybody in and is refused on hub.example.org"),
        ({"public_url": "localhost"}, "public_url 'localhost' must be an address such as"),
        (
            {"authenticator": {"name": "oidc", "options": {**OIDC, "usernme_claim": "x"}}},
            "authenticator.options: oidc has no option 'usernme_claim'; did you mean 'username_claim'?",
        ),
        (
            {"authenticator": {"name": "dummy", "options": {"password": "p"}}},
            "authenticator in the secrets file: 'password' is given twice",
        ),
    ],
)
def test_wrong_input_is_refused_by_name(
    configured: Configured, hub: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    hub |= change
    with pytest.raises(ConfigError) as refused:
        configured()
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read: No such file"), ("{", "is not JSON"), ("[]", "the file must be an object, not a list")],
)
def test_a_broken_file_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "secrets.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=message) as refused:
        read_settings(Secrets, path)
    assert str(path) in str(refused.value)


def test_no_message_shows_a_secret(configured: Configured, secrets: dict[str, Any]) -> None:
    secrets["proxy_token"] = ["hunter2"]
    with pytest.raises(ConfigError) as refused:
        configured()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("size", "expected"), [("512M", 536870912), ("2G", 2147483648), ("1024", 1024), ("1.5K", 1536), (None, None)]
)
def test_sizes(size: str | None, expected: int | None) -> None:
    assert size_in_bytes(size) == expected


@pytest.mark.parametrize(
    ("username", "groups", "gibibytes"),
    [
        ("ada", [], 10),
        ("ada", ["history"], 10),
        ("ada", ["physics"], 5),
        ("ada", ["physics", "chemistry"], 50),
        ("ada", ["physics", "staff"], 0),
        ("emil", ["physics", "staff"], 1),
        ("galileo", ["physics"], 0),
    ],
)
def test_quotas(username: str, groups: list[str], gibibytes: int) -> None:
    homes = HomesSettings(
        storage_host="jupiter",
        quota="10G",
        quotas_by_user={"emil": "1G", "galileo": "0"},
        quotas_by_group={"physics": "5G", "chemistry": "50G", "staff": "0"},
    )
    assert homes.quota_bytes(username, groups) == gibibytes << 30


def test_without_a_quota_homes_have_none() -> None:
    assert HomesSettings(storage_host="jupiter").quota_bytes("ada", ["physics"]) == 0


@pytest.mark.parametrize("host", ["localhost", "127.0.0.77", "::1", "hub.localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["hub.example.org", "10.0.0.1", "127.0.0.1.example.org", "0.0.0.0"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("name", AUTHENTICATORS)
def test_each_authenticator_is_installed(name: str) -> None:
    assert issubclass(authenticator_class(name), Authenticator)
    assert set(CLASSES) == set(AUTHENTICATORS)


async def test_dummy_takes_one_password(configured: Configured) -> None:
    dummy = authenticator(configured())
    assert dummy.allow_all
    assert dummy.admin_users == {"galileo"}
    for name, password, admitted in (
        ("ada", "student-password", True),
        ("ada", "wrong", False),
        ("galileo", "student-password", False),
        ("galileo", "x" * 32, True),
    ):
        answer = await dummy.authenticate(None, {"username": name, "password": password})
        assert bool(answer) is admitted, name


@pytest.mark.parametrize("name", AUTHENTICATORS)
async def test_nobody_logs_in_by_a_name_of_the_cluster(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hub["authenticator"] = {"name": name, "allow_all": True, "options": {"post_auth_hook": None}}
    secrets["authenticator"] = {}
    c = configured()
    more = {"add_new_table": False} if name == "native" else {}
    logging_in = c.JupyterHub.authenticator_class(config=c, **more)

    async def known(_handler: Any, data: dict[str, str]) -> dict[str, Any]:
        return {"name": data["username"], "auth_state": {"google_user": {"hd": "example.org"}}}

    monkeypatch.setattr(logging_in, "authenticate", known)
    assert (await logging_in.get_authenticated_user(None, {"username": "ada"}))["name"] == "ada"
    for username in ("galilean-verify", "Galilean-Verify", "galilean-verify-0", "galilean.verify", "galil\u00e9an-hub"):
        with pytest.raises(HTTPError, match="belong to the cluster itself") as refused:
            await logging_in.get_authenticated_user(None, {"username": username})
        assert refused.value.status_code == 403


def test_oidc_gets_its_secret_callback_and_groups(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any]
) -> None:
    hub["public_url"] = "https://hub.example.org"
    options = OIDC | {"auth_state_groups_key": "oauth_user.groups", "allowed_groups": ["physics"]}
    hub["authenticator"] = {"name": "oidc", "options": options, "allowed_users": ["ada"]}
    secrets["authenticator"] = {"client_secret": "hush"}
    oidc: Any = authenticator(configured())
    assert oidc.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    assert oidc.client_secret == "hush"
    assert oidc.manage_groups
    assert oidc.allowed_users == {"ada"}
    assert oidc.username_claim == "sub"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("native", {"open_signup": True}),
        ("github", {"client_id": "a", "allowed_organizations": ["galilean"]}),
        ("google", {"client_id": "a", "hosted_domain": ["example.org"]}),
        ("lti13", {"client_id": ["a"], "issuer": "https://lms.example.org", "username_key": "email"}),
        ("pam", {"service": "jupyterhub"}),
    ],
)
def test_options_are_traits_of_the_class(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any], name: str, options: dict[str, Any]
) -> None:
    hub["authenticator"] = {"name": name, "options": options}
    secrets["authenticator"] = {}
    c = configured()
    assert dict(c[authenticator_class(name).__name__]).items() >= options.items()


@pytest.mark.parametrize(
    ("name", "options", "scope"),
    [
        ("oidc", OIDC, ["openid", "profile", "email"]),
        ("oidc", {**OIDC, "scope": ["openid"]}, ["openid"]),
        ("github", {"client_id": "a"}, []),
        ("github", {"client_id": "a", "allowed_organizations": ["galilean"]}, ["read:org"]),
    ],
)
def test_a_provider_is_asked_for_what_the_options_need(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any], name: str, options: Any, scope: list[str]
) -> None:
    hub["authenticator"] = {"name": name, "options": options}
    secrets["authenticator"] = {"client_secret": "hush"}
    oauth: Any = authenticator(configured())
    assert oauth.scope == scope


@pytest.mark.parametrize(("options", "allowed"), [({}, True), ({"open_signup": True}, False)])
def test_whom_an_administrator_has_let_in_is_allowed(
    configured: Configured, hub: dict[str, Any], secrets: dict[str, Any], options: dict[str, Any], allowed: bool
) -> None:
    hub["authenticator"] = {"name": "native", "options": options}
    secrets["authenticator"] = {}
    c = configured()
    assert c.JupyterHub.authenticator_class(config=c, add_new_table=False).allow_all is allowed


def test_what_people_are_told_is_for_the_pages(hub: dict[str, Any], configured: Configured) -> None:
    topic = {"title": "Backups of your files", "text": "None."}
    hub["help"] = [topic]
    c = configured()
    assert c.JupyterHub.template_vars == {"help": [topic]}
    assert (Path(c.JupyterHub.template_paths[0]) / "home.html").exists()
