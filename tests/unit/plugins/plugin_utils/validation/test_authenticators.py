"""A way to log in that lacks what it needs is refused before the hub starts with it and nobody gets in."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import authenticators
from galilean_hub.authenticators import authenticator_class
from galilean_hub.settings import AUTHENTICATORS

URL = "https://hub.example.org"
SECRET = {"client_secret": "hunter2"}
OAUTH = {"client_id": "galilean"}
OIDC = OAUTH | {f"{name}_url": f"https://sso.example.org/{name}" for name in ("authorize", "token", "userdata")}
LTI = OAUTH | {"issuer": "https://lms.edu", "authorize_url": "https://lms.edu/a", "jwks_endpoint": "https://lms.edu/j"}


def places(name: str, options: dict[str, Any], secrets: dict[str, Any] | None) -> list[str]:
    found = list(authenticators.problems(name, options, secrets, URL))
    assert "hunter2" not in str(found)
    return [place.removeprefix("jupyterhub_authenticator_") for place, _problem, _advice in found]


def test_each_is_known_by_the_traits_of_its_class() -> None:
    assert set(authenticators.NEEDS) == set(AUTHENTICATORS)
    for name, needs in authenticators.NEEDS.items():
        traits = authenticator_class(name).class_traits(config=True)
        wanted = {option for options in needs.options + needs.secrets for option in options}
        assert wanted - set(traits) <= {"password"}


@pytest.mark.parametrize(
    ("name", "options", "secrets"),
    [
        ("native", {}, {}),
        ("pam", {}, {}),
        ("github", OAUTH, SECRET),
        ("github", OAUTH, None),
        ("github", OAUTH, {"client_secret": "{{ lookup('ansible.builtin.env', 'SECRET') }}"}),
        ("google", OAUTH | {"oauth_callback_url": f"{URL}/hub/oauth_callback"}, SECRET),
        ("oidc", OIDC, SECRET),
        ("oidc", {**OIDC, "userdata_url": "", "userdata_from_id_token": True}, SECRET),
        ("lti13", LTI, {}),
        ("lti13", {**LTI, "client_id": ["one", "two"]}, {}),
        ("dummy", {}, {"password": "hunter2-hunter2"}),
        ("dummy", {}, {"admin_password": "hunter2-" * 4}),
    ],
)
def test_complete(name: str, options: dict[str, Any], secrets: dict[str, Any] | None) -> None:
    assert places(name, options, secrets) == []


@pytest.mark.parametrize(
    ("name", "options", "secrets", "place"),
    [
        *(("oidc", {key: OIDC[key] for key in OIDC if key != option}, SECRET, f"options.{option}") for option in OIDC),
        *(("lti13", {key: LTI[key] for key in LTI if key != option}, {}, f"options.{option}") for option in LTI),
        ("github", {}, SECRET, "options.client_id"),
        ("github", {"client_id": 5}, SECRET, "options.client_id"),
        ("github", OAUTH, {}, "secrets.client_secret"),
        ("github", OAUTH, {"client_secret": ""}, "secrets.client_secret"),
        ("github", OAUTH, {"client_secret": None}, "secrets.client_secret"),
        ("github", OAUTH, {"client_secret": ["hunter2"]}, "secrets.client_secret"),
        ("github", OAUTH | SECRET, {}, "options.client_secret"),
        ("github", OAUTH, SECRET | OAUTH, "secrets.client_id"),
        (
            "google",
            OAUTH | {"oauth_callback_url": "https://elsewhere/hub/oauth_callback"},
            SECRET,
            "options.oauth_callback_url",
        ),
        ("oidc", {**OIDC, "token_url": "sso.example.org"}, SECRET, "options.token_url"),
        ("lti13", {**LTI, "issuer": "ftp://lms.edu"}, {}, "options.issuer"),
        ("dummy", {}, {}, "secrets.password"),
        ("dummy", {}, {"password": "hunter2"}, "secrets.password"),
        ("dummy", {}, {"admin_password": "hunter2-hunter2"}, "secrets.admin_password"),
    ],
)
def test_what_is_wrong_is_the_only_finding(
    name: str, options: dict[str, Any], secrets: dict[str, Any], place: str
) -> None:
    assert places(name, options, secrets) == [place]
