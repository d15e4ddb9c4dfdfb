"""The authorization code flow, with a certified OpenID provider."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from browser import Browser
from provider import CLIENT_SECRET
from running import Hub, StartHub


def log_in(browser: Browser, account: str) -> requests.Response:
    """What the hub says to somebody who has said yes to everything at the provider."""
    page = browser.click(browser.visit("/hub/home"), "/hub/oauth_login")
    page = browser.submit(page, login=account, password="any")
    return browser.submit(page, prompt="consent")


def inventory(provider: str, **options: Any) -> dict[str, Any]:
    return {
        "jupyterhub_authenticator": "oidc",
        "jupyterhub_authenticator_options": {
            "client_id": "galilean",
            "authorize_url": f"{provider}/auth",
            "token_url": f"{provider}/token",
            "userdata_url": f"{provider}/me",
            "username_claim": "preferred_username",
            **options,
        },
        "jupyterhub_authenticator_secrets": {"client_secret": CLIENT_SECRET},
    }


@pytest.fixture(scope="module")
def named(start_hub: StartHub, provider: str) -> Hub:
    return start_hub(
        **inventory(provider), jupyterhub_allowed_users=["ada.lovelace"], jupyterhub_admin_users=["galileo"]
    )


@pytest.fixture(scope="module")
def grouped(start_hub: StartHub, provider: str) -> Hub:
    groups = {"allowed_groups": ["physics"], "admin_groups": ["lecturers"]}
    return start_hub(**inventory(provider, auth_state_groups_key="oauth_user.groups", **groups))


def test_who_is_named_gets_in_by_a_name_in_small_letters(named: Hub) -> None:
    ada = named.browser()
    log_in(ada, "1001")
    assert ada.user() == "ada.lovelace"
    assert not named.account("ada.lovelace")["admin"]


def test_an_administrator_is_one(named: Hub) -> None:
    galileo = named.browser()
    log_in(galileo, "1002")
    assert galileo.user() == "galileo"
    assert named.account("galileo")["admin"]


@pytest.mark.parametrize("which", ["named", "grouped"])
def test_who_is_not_allowed_is_told_so(which: str, request: pytest.FixtureRequest) -> None:
    hub: Hub = request.getfixturevalue(which)
    mallory = hub.browser()
    refused = log_in(mallory, "1003")
    assert refused.status_code == 403
    assert "not currently authorized to use this hub" in refused.text
    assert mallory.user() is None


def test_groups_of_the_provider_let_in_and_make_administrators(grouped: Hub) -> None:
    ada, galileo = grouped.browser(), grouped.browser()
    log_in(ada, "1001")
    log_in(galileo, "1002")
    assert (ada.user(), galileo.user()) == ("ada.lovelace", "galileo")
    accounts = {name: grouped.account(name) for name in ("ada.lovelace", "galileo")}
    assert {name: account["admin"] for name, account in accounts.items()} == {"ada.lovelace": False, "galileo": True}
    assert sorted(accounts["ada.lovelace"]["groups"]) == ["chess", "physics"]


def test_an_answer_that_nobody_asked_for_is_refused(named: Hub) -> None:
    refused = named.browser().visit("/hub/oauth_callback?code=stolen&state=guessed")
    assert refused.status_code == 400


def test_a_wrong_client_secret_is_named_as_the_cause_and_not_shown(start_hub: StartHub, provider: str) -> None:
    wrong = "a-secret-that-the-provider-does-not-know"
    variables = inventory(provider) | {"jupyterhub_authenticator_secrets": {"client_secret": wrong}}
    hub = start_hub(**variables, jupyterhub_allow_all=True)
    ada = hub.browser()
    failed = log_in(ada, "1001")
    assert ada.user() is None
    assert wrong not in failed.text
    assert "invalid_client" in failed.text
