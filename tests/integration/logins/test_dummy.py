"""One password for everybody and another for administrators: what the lab has."""

from __future__ import annotations

import pytest
from running import Hub, StartHub

PASSWORD = "of-everybody"
ADMIN_PASSWORD = "of-administrators-and-nobody-else"


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> Hub:
    return start_hub(
        jupyterhub_authenticator="dummy",
        jupyterhub_authenticator_secrets={"password": PASSWORD, "admin_password": ADMIN_PASSWORD},
        jupyterhub_allow_all=True,
        jupyterhub_admin_users=["galileo"],
    )


@pytest.mark.parametrize(("name", "password", "admin"), [("Ada", PASSWORD, False), ("galileo", ADMIN_PASSWORD, True)])
def test_the_right_password_lets_in(hub: Hub, name: str, password: str, admin: bool) -> None:
    browser = hub.browser()
    browser.log_in(name, password)
    assert browser.user() == name.lower()
    assert hub.account(name.lower())["admin"] is admin
    assert browser.visit("/hub/admin").ok is admin


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("ada", ADMIN_PASSWORD), ("galileo", PASSWORD)])
def test_another_password_does_not(hub: Hub, name: str, password: str) -> None:
    browser = hub.browser()
    refused = browser.log_in(name, password)
    assert refused.status_code == 403
    assert "Invalid username or password" in refused.text
    assert browser.user() is None
