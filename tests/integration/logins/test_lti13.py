"""The hub as a tool of an LMS, opened from a course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from browser import Browser
from lms import CLIENT_ID, LTI, Platform, Spoil, new_key, running_platform
from running import Hub, StartHub


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running_platform() as running:
        yield running


def start(start_hub: StartHub, platform: Platform, username_key: str, **who: Any) -> Hub:
    return start_hub(
        jupyterhub_authenticator="lti13",
        jupyterhub_authenticator_options={
            "client_id": [CLIENT_ID],
            "issuer": platform.url,
            "authorize_url": f"{platform.url}/authorize",
            "jwks_endpoint": f"{platform.url}/jwks",
            "username_key": username_key,
        },
        **who,
    )


@pytest.fixture(scope="module")
def by_email(start_hub: StartHub, platform: Platform) -> Hub:
    return start(start_hub, platform, "email", jupyterhub_allow_all=True)


@pytest.fixture(scope="module")
def by_login(start_hub: StartHub, platform: Platform) -> Hub:
    return start(start_hub, platform, "custom_login", jupyterhub_allowed_users=["ada"])


def open_course(browser: Browser, platform: Platform) -> requests.Response:
    """The page by which the LMS sends somebody who has opened the hub from a course."""
    platform.tool = browser.url
    return browser.submit(browser.get(f"{platform.url}/course", timeout=30))


def launch(browser: Browser, platform: Platform) -> requests.Response:
    """What the hub says to them."""
    return browser.submit(open_course(browser, platform))


@pytest.mark.parametrize(("which", "name"), [("by_email", "ada@example.org"), ("by_login", "ada")])
def test_a_launch_logs_in_by_the_claim_that_holds_the_name(
    which: str, name: str, platform: Platform, request: pytest.FixtureRequest
) -> None:
    hub: Hub = request.getfixturevalue(which)
    ada = hub.browser()
    assert launch(ada, platform).url == f"{hub.url}/hub/home"
    assert ada.user() == name
    assert not hub.account(name)["admin"]


@pytest.mark.parametrize(
    ("spoil", "status", "cause"),
    [
        pytest.param(lambda claims, _answer: claims.update(aud="another-tool"), 401, "Audience", id="audience"),
        pytest.param(lambda claims, _answer: claims.update(iss="http://lms.invalid"), 400, "issuer", id="issuer"),
        pytest.param(lambda claims, _answer: claims.update(nonce="of-another"), 400, "nonce mismatch", id="nonce"),
        pytest.param(lambda claims, _answer: claims.update(exp=claims["iat"] - 1), 400, "expired", id="expired"),
        pytest.param(lambda _claims, answer: answer.update(state="of-another"), 400, "state mismatch", id="state"),
    ],
)
def test_a_launch_with_something_wrong_is_refused(
    by_email: Hub, platform: Platform, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, status: int, cause: str
) -> None:
    monkeypatch.setattr(platform, "spoil", spoil)
    mallory = by_email.browser()
    refused = launch(mallory, platform)
    assert refused.status_code == status
    assert cause in refused.text
    assert mallory.user() is None


def test_a_launch_signed_by_a_stranger_is_refused(
    by_email: Hub, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "signing_key", new_key())
    mallory = by_email.browser()
    refused = launch(mallory, platform)
    assert refused.status_code == 400
    assert "Signature verification failed" in refused.text
    assert mallory.user() is None


def test_a_launch_is_worth_nothing_in_another_browser(by_email: Hub, platform: Platform) -> None:
    mallory = by_email.browser()
    refused = mallory.submit(open_course(by_email.browser(), platform))
    assert refused.status_code == 400
    assert mallory.user() is None


def test_who_is_not_allowed_is_refused(by_login: Hub, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "person", {"sub": "4712", LTI + "custom": {"login": "mallory"}})
    mallory = by_login.browser()
    refused = launch(mallory, platform)
    assert refused.status_code == 403
    assert "this hub does not know you" in refused.text
    assert mallory.user() is None
