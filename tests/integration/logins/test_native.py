"""People sign up, and an administrator lets them in."""

from __future__ import annotations

from browser import Browser
from running import StartHub

PASSWORD = "chosen-by-herself"
NEW_PASSWORD = "chosen-by-herself-later"
ADMIN_PASSWORD = "chosen-by-the-administrator"
NOT_YET = "has not been authorized by an administrator yet"


def sign_up(browser: Browser, username: str, password: str) -> None:
    form = {"username": username, "signup_password": password, "signup_password_confirmation": password}
    assert browser.submit(browser.visit("/hub/signup"), **form).ok


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
    galileo.click(galileo.visit("/hub/authorize"), "/authorize/ada$")

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
