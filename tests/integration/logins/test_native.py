"""People sign up, and an administrator lets them in."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import quote

import pytest
from browser import Browser
from nativeauthenticator.crypto.signing import Signer
from running import Hub, StartHub

PASSWORD = "chosen-by-herself"
NEW_PASSWORD = "chosen-by-herself-later"
ADMIN_PASSWORD = "chosen-by-the-administrator"
# To which no link is sent.
ADDRESS = "somebody@example.com"
KEY = "signs-the-links-of-mails"
NOT_YET = "has not been authorized by an administrator yet"


def sign_up(browser: Browser, username: str, password: str, **more: str) -> None:
    form = {"username": username, "signup_password": password, "signup_password_confirmation": password}
    assert browser.submit(browser.visit("/hub/signup"), **form, **more).ok


def test_who_has_signed_up_gets_in_once_an_administrator_agrees(start_hub: StartHub) -> None:
    hub = start_hub(jupyterhub_authenticator="native", jupyterhub_admin_users=["galileo"])
    hub.unspoken |= {PASSWORD, NEW_PASSWORD, ADMIN_PASSWORD}
    ada, galileo = hub.browser(), hub.browser()

    sign_up(ada, "Ada", PASSWORD)
    assert NOT_YET in ada.log_in("Ada", PASSWORD).text
    assert ada.user() is None

    sign_up(galileo, "galileo", ADMIN_PASSWORD)
    galileo.log_in("galileo", ADMIN_PASSWORD)
    assert galileo.user() == "galileo"
    assert hub.account("galileo")["admin"]
    assert ada.visit("/hub/authorize").status_code == 403
    galileo.press(galileo.visit("/hub/authorize"), "/authorize/ada$")

    assert "Invalid username or password" in ada.log_in("Ada", "wrong").text
    assert ada.user() is None
    ada.log_in("Ada", PASSWORD)
    assert ada.user() == "ada"
    assert not hub.account("ada")["admin"]

    new = {"new_password": NEW_PASSWORD, "new_password_confirmation": NEW_PASSWORD}
    assert "has been changed" in ada.submit(ada.visit("/hub/change-password"), old_password=PASSWORD, **new).text
    again = hub.browser()
    again.log_in("ada", PASSWORD)
    assert again.user() is None
    again.log_in("ada", NEW_PASSWORD)
    assert again.user() == "ada"


@pytest.fixture(scope="module")
def administered(start_hub: StartHub) -> tuple[Hub, Browser]:
    """A hub that sends links by mail to some of those who sign up, and its administrator's browser."""
    hub = start_hub(
        jupyterhub_authenticator="native",
        jupyterhub_authenticator_options={"allow_self_approval_for": r".*@example\.org$"},
        jupyterhub_authenticator_secrets={"secret_key": KEY},
        jupyterhub_admin_users=["galileo"],
    )
    hub.unspoken |= {PASSWORD, ADMIN_PASSWORD}
    galileo = hub.browser()
    sign_up(galileo, "galileo", ADMIN_PASSWORD, email=ADDRESS)
    galileo.log_in("galileo", ADMIN_PASSWORD)
    return hub, galileo


def test_a_link_that_an_administrator_follows_changes_nothing(administered: tuple[Hub, Browser]) -> None:
    hub, galileo = administered
    sign_up(hub.browser(), "mallory", PASSWORD, email=ADDRESS)
    before = galileo.visit("/hub/authorize").text
    for action, name, site in product(
        ("authorize", "discard"), ("mallory", "galileo"), (None, "none", "same-origin", "cross-site")
    ):
        headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": site} if site else {}
        for method, status in (("GET", 405), ("HEAD", 405), ("POST", 403)):
            answer = galileo.request(method, f"{hub.url}/hub/{action}/{name}", headers=headers, timeout=30)
            assert answer.status_code == status, (method, action, name, site)
    assert galileo.visit("/hub/authorize").text == before


def test_buttons_act_for_the_name_in_their_line(administered: tuple[Hub, Browser]) -> None:
    hub, galileo = administered
    names = ["ada", "ada?", "ada#1", "ad%61", 'x"onmouseover=alert(1)']
    for name in names:
        sign_up(hub.browser(), name, PASSWORD, email=ADDRESS)
    assert 'id="x"' not in galileo.visit("/hub/authorize").text
    while names:
        name = names.pop()
        area = galileo.press(galileo.visit("/hub/authorize"), f"/discard/{re.escape(quote(name))}$").text
        left = set(map(html.unescape, re.findall("<td>(.*?)</td>", area)))
        assert name not in left
        assert set(names) <= left


def test_who_looks_through_a_mail_confirms_no_address(administered: tuple[Hub, Browser]) -> None:
    hub, _galileo = administered
    emil = hub.browser()
    sign_up(emil, "emil", PASSWORD, email=ADDRESS)
    expire = (datetime.now(UTC) + timedelta(minutes=15)).isoformat()
    page = emil.visit("/hub/confirm/" + Signer(KEY).sign_object({"username": "emil", "expire": expire}))
    assert NOT_YET in emil.log_in("emil", PASSWORD).text
    assert "has been authorized" in emil.press(page, "/confirm/").text
    emil.log_in("emil", PASSWORD)
    assert emil.user() == "emil"
