"""Who may log in and how, and what servers get."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from clusters import (
    findings,
    form,
    problems,
    said_by,
    with_values,
)
from galilean_hub.authenticators import authenticator_class
from galilean_hub.settings import AUTHENTICATORS

AUTHENTICATION = said_by("jupyterhub")
SECRET = {"client_secret": "hunter2"}
OAUTH = {"client_id": "galilean"}
OIDC = OAUTH | {f"{name}_url": f"https://sso.example.org/{name}" for name in ("authorize", "token", "userdata")}
LTI = OAUTH | {"issuer": "https://lms.edu", "authorize_url": "https://lms.edu/a", "jwks_endpoint": "https://lms.edu/j"}
OPTIONS = "jupyterhub_authenticator_options"


def places(name: str, options: dict[str, Any], secrets: dict[str, Any] | None) -> list[str]:
    found = list(AUTHENTICATION.problems(name, options, secrets))
    assert "hunter2" not in str(found)
    return [place.removeprefix("jupyterhub_authenticator_") for place, _problem, _advice in found]


def test_each_is_known_by_the_traits_of_its_class() -> None:
    assert set(AUTHENTICATION.NEEDS) == set(AUTHENTICATORS)
    for name, needs in AUTHENTICATION.NEEDS.items():
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
        ("google", OAUTH, SECRET),
        ("oidc", OIDC, SECRET),
        ("oidc", {**OIDC, "userdata_url": "", "userdata_from_id_token": True}, SECRET),
        ("lti13", LTI, {}),
        ("lti13", {**LTI, "client_id": ["one", "two"]}, {}),
        ("dummy", {}, {"password": "hunter2-hunter2"}),
        ("dummy", {}, {"admin_password": "hunter2-" * 4}),
    ],
)
def test_an_authenticator_has_what_it_needs(name: str, options: dict[str, Any], secrets: dict[str, Any] | None) -> None:
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
        ("oidc", {**OIDC, "token_url": "sso.example.org"}, SECRET, "options.token_url"),
        ("lti13", {**LTI, "issuer": "ftp://lms.edu"}, {}, "options.issuer"),
        ("dummy", {}, {}, "secrets.password"),
        ("dummy", {}, {"password": "hunter2"}, "secrets.password"),
        ("dummy", {}, {"admin_password": "hunter2-hunter2"}, "secrets.admin_password"),
    ],
)
def test_an_authenticator_lacks_something(
    name: str, options: dict[str, Any], secrets: dict[str, Any], place: str
) -> None:
    assert places(name, options, secrets) == [place]


@pytest.mark.parametrize(
    "inventory",
    [
        with_values(jupyterhub_allowed_users=[], jupyterhub_allow_all=True),
        with_values(jupyterhub_allowed_users=[], jupyterhub_admin_users=["grace"]),
        with_values(jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"allowed_groups": ["class"]}),
        with_values(jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"admin_groups": ["staff"]}),
        with_values(jupyterhub_cpu_limit=2.0),
        with_values(jupyterhub_ulimits=[{"name": "nofile", "soft": "1024", "hard": -1}]),
    ],
)
def test_nothing_wrong(inventory: Cluster) -> None:
    assert findings(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "words"),
    [
        (with_values(jupyterhub_allowed_users=[]), "jupiter", "jupyterhub_allowed_users", "nobody is allowed"),
        (
            with_values(
                jupyterhub_allowed_users=[], jupyterhub_authenticator_options={"allow_all": False, "scope": ["x"]}
            ),
            "jupiter",
            "jupyterhub_allowed_users",
            "nobody is allowed",
        ),
        (with_values(jupyterhub_cpu_limit=3.0), "jupiter", "jupyterhub_cpu_limit", "more than the 2 of europa"),
        (with_values(jupyterhub_authenticator="github"), "jupiter", f"{OPTIONS}.client_id", "github needs it"),
        (
            with_values("io", jupyterhub_ulimits=[{"name": "nofile", "soft": 5, "hard": "4"}]),
            "io",
            "jupyterhub_ulimits",
            "soft of at most hard, which is 4, found 5",
        ),
        (
            with_values(jupyterhub_memory_limit="1M", jupyterhub_memory_guarantee="0"),
            "jupiter",
            "jupyterhub_memory_limit",
            "at least 64M",
        ),
    ],
)
def test_each_mistake_is_the_only_finding(inventory: Cluster, host: str, variable: str, words: str) -> None:
    (finding,) = findings(inventory)
    assert (finding.host, finding.variable) == (host, variable)
    assert words in finding.problem


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (
            "jupyterhub_admin_users",
            ["ada", "o'neil@uni.edu", "Ωmega"],
            ["", "a b", "a/b", 'a"', "a;", "a\u202eb", "ada\u3164", "{{ x }}"],
        ),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("jupyterhub", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("jupyterhub_idle_timeout_seconds", [0, 3600], [-1, 10**12]),
        ("jupyterhub_cpu_limit", [0.5, 64], [0, -1.0]),
        ("jupyterhub_home_quota", ["10G", "0", "1.5T"], ["", "10GB", "-1", "none", "10 G"]),
        ("jupyterhub_memory_limit", ["512M", "1.5G", "1073741824"], ["", "512MB", "-1G", "1 G", "M", "1e3"]),
        (
            "jupyterhub_environment",
            [{"A_1": "any 'text' of \"one\" line", "B": ""}, {"A": "5"}],
            [{"A-1": "x"}, {"A": 5}, {"A": "two\nlines"}],
        ),
        ("jupyterhub_authenticator_secrets", [{"client_secret": "{{ lookup('env', 'X') }}"}], [{"hunter2 ": "x"}]),
    ],
)
def test_values(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("jupyterhub", name, value)] == []
    assert [value for value in bad if len(problems("jupyterhub", name, value)) != 1] == []


@pytest.mark.parametrize(
    ("name", "fits"), [("zoë", True), ("한글", True), ("Zoë", False), ("\u1112\u1161\u11ab", False)]
)
def test_a_user_of_the_hub_is_written_as_the_hub_does(name: str, fits: bool) -> None:
    assert (problems("jupyterhub", "jupyterhub_home_quotas_by_user", {name: "1G"}) == []) is fits
