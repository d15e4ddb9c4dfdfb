"""What a new hub says of a configuration, before the old one is stopped."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import connector
from galilean_hub.trial import main, words

ENDPOINT = {"url": "https://10.0.0.1", "ca": "/ca.pem", "certificate": "/c.pem", "private_key": "/k.pem"}
OIDC = {
    "client_id": "galilean",
    **{f"{name}_url": "https://sso.example.org" for name in ("authorize", "token", "userdata")},
}
LTI13 = {
    "client_id": ["a"],
    "issuer": "https://lms",
    "authorize_url": "https://lms/a",
    "jwks_endpoint": "https://lms/j",
}
HUSH = {"client_secret": "hush"}


@pytest.fixture(autouse=True)
def _resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `configure` changes of aiohttp ends with the test."""
    monkeypatch.setattr(connector, "DefaultResolver", aiohttp.AsyncResolver)


def tried(monkeypatch: pytest.MonkeyPatch, authenticator: dict[str, Any], secrets: dict[str, Any]) -> int:
    hub = {
        "instance": "main",
        "public_url": "http://localhost:8000",
        "authenticator": authenticator,
        "engine": ENDPOINT,
        "keeper": ENDPOINT,
        "homes": {"storage_host": "jupiter"},
        "spawner": {"image": "registry/notebook@sha256:1", "network": "galilean-main"},
        "hub": {"bind_url": "http://0.0.0.0:8081", "connect_url": "http://hub:8081"},
        "proxy": {"api_url": "http+unix://%2Frun%2Fproxy.sock"},
        "secrets_file": "/etc/galilean/secrets.json",
        "state_directory": "/var/lib/galilean",
    }
    tokens = {"verify": "v" * 32, "admin": "a" * 32}
    given = {"proxy_token": "p" * 32, "cookie_secret": "c" * 64, "service_tokens": tokens, "authenticator": secrets}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"hub.json": hub, "secrets.json": given})))
    return main()


@pytest.mark.parametrize(
    ("name", "options", "secrets"),
    [
        ("dummy", {}, {"password": "of-everybody"}),
        ("native", {}, {}),
        ("github", {"client_id": "a", "allowed_organizations": ["galilean"]}, HUSH),
        ("google", {"client_id": "a", "hosted_domain": ["example.org"]}, HUSH),
        ("oidc", OIDC, HUSH),
        ("lti13", LTI13, {}),
        ("pam", {"service": "galilean"}, {}),
    ],
)
def test_a_hub_starts_with_each_authenticator(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: dict[str, Any],
    secrets: dict[str, Any],
) -> None:
    status = tried(monkeypatch, {"name": name, "options": options, "admin_users": ["galileo"]}, secrets)
    assert (status, capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize(
    ("authenticator", "secrets", "said"),
    [
        (
            {"name": "oidc", "options": {**OIDC, "usernme_claim": "sub"}},
            HUSH,
            "authenticator.options: oidc has no option 'usernme_claim'; did you mean 'username_claim'?",
        ),
        (
            {"name": "native", "options": {"minimum_password_length": "ten"}},
            {},
            "The 'minimum_password_length' trait of a NativeAuthenticator instance expected an int, not the str 'ten'.",
        ),
        ({"name": "native", "options": {"allow_self_approval_for": ".*"}}, {}, "Secret_key must be a random string"),
        (
            {"name": "oidc", "options": {**OIDC, "enable_auth_state": True}},
            HUSH,
            "auth_state is enabled, but encryption",
        ),
        ({"name": "native", "admin_users": ["a/b"]}, {}, "username 'a/b' is not valid"),
        ({"name": "dummy"}, {"password": "short"}, "must be at least 8 characters long"),
        ({"name": "dummy", "alow_all": True}, {}, "hub.json: authenticator.alow_all is not a known key"),
        ({"name": "oidc", "options": OIDC}, {"client_secret": 4711}, "expected a unicode string, not the int that is"),
    ],
)
def test_a_hub_that_cannot_start_says_why(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    authenticator: dict[str, Any],
    secrets: dict[str, Any],
    said: str,
) -> None:
    assert tried(monkeypatch, authenticator, secrets) == 1
    assert said in capsys.readouterr().out


def test_words_show_no_secret(tmp_path: Path) -> None:
    error = ValueError(f"{tmp_path}/secrets.json: not 4711, nor 'hush', nor ['deep']")
    secrets = {"authenticator": {"number": 4711, "text": "hush", "list": ["deep"]}}
    said = words(error, str(tmp_path), secrets)
    assert said == "secrets.json: not that is given, nor that is given, nor [that is given]"
