"""One password for everybody and another for administrators: what the lab has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
import requests
from galilean_hub.config import load
from galilean_hub.verify import Visit
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
        jupyterhub_help=[{"title": "Backups of your files", "text": "What is named .cache & <tmp> is not backed up."}],
    )


@pytest.mark.parametrize(("name", "password", "admin"), [("Ada", PASSWORD, False), ("galileo", ADMIN_PASSWORD, True)])
def test_the_right_password_lets_in(hub: Hub, name: str, password: str, admin: bool) -> None:
    browser = hub.browser()
    browser.log_in(name, password)
    assert browser.user() == name.lower()
    assert hub.account(name.lower())["admin"] is admin
    assert browser.visit("/hub/admin").ok is admin


def test_people_are_told_on_their_page_what_they_have_to_know(hub: Hub) -> None:
    browser = hub.browser()
    browser.log_in("ada", PASSWORD)
    page = browser.visit("/hub/home").text
    assert "<h2>Backups of your files</h2>" in page
    assert "What is named .cache &amp; &lt;tmp&gt; is not backed up." in page
    assert 'id="start"' in page, "it is still the page on which a server is started"


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("ada", ADMIN_PASSWORD), ("galileo", PASSWORD)])
def test_another_password_does_not(hub: Hub, name: str, password: str) -> None:
    browser = hub.browser()
    refused = browser.log_in(name, password)
    assert refused.status_code == 403
    assert "Invalid username or password" in refused.text
    assert browser.user() is None


@pytest.mark.parametrize("name", ["galilean-verify", "Galilean-Verify", "galilean-verify-0"])
def test_nobody_logs_in_by_a_name_of_the_cluster(hub: Hub, name: str) -> None:
    browser = hub.browser()
    refused = browser.log_in(name, PASSWORD)
    assert refused.status_code == 403
    assert "belong to the cluster itself" in refused.text
    assert browser.user() is None


def asked(hub: Hub, path: str, authorization: Mapping[str, str]) -> Any:
    """What the hub's API says to who has this header, None where it does not tell."""
    answer = requests.get(f"{hub.url}/hub/api{path}", headers=dict(authorization), timeout=30)
    return answer.json() if answer.ok else None


@pytest.fixture
def admin(hub: Hub) -> dict[str, str]:
    return {"Authorization": f"token {hub.secrets['service_tokens']['admin']}"}


@pytest.fixture
def _died(hub: Hub, admin: dict[str, str]) -> None:
    """A run has left its user."""
    requests.post(f"{hub.url}/hub/api/users/galilean-verify-0", headers=admin, timeout=30).raise_for_status()


@pytest.mark.usefixtures("_died")
async def test_a_run_sends_its_server_what_opens_nothing_else(hub: Hub, admin: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as session:
        visits = [Visit(*load(hub.log_path.with_name("hub.json")), session, 60) for _run in range(2)]
        visit = visits[0]
        assert visit.user != visits[1].user
        await visit.clear_away()
        await visit.log_in()
        names = {user["name"] for user in asked(hub, "/users", admin)}
        assert {name for name in names if "verify" in name} == {visit.user}
        # Who asks who it is may see its name and groups then.
        own = {f"read:users:{what}!user={visit.user}" for what in ("name", "groups")}
        own.add(f"access:servers!server={visit.user}/")
        assert set(asked(hub, "/user", visit.server_authorization)["scopes"]) == own
        assert asked(hub, "/users", visit.server_authorization) is None
        assert not any(scope.startswith("access:") for scope in asked(hub, "/user", visit.hub_authorization)["scopes"])
        await visit.clear_away()
        assert names - {visit.user} == {user["name"] for user in asked(hub, "/users", admin)}
        assert asked(hub, "/user", visit.server_authorization) is None
