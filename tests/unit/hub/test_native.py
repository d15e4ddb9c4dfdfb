from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from galilean_hub.authenticators import authenticator_class
from jupyterhub.handlers import BaseHandler
from tornado.web import HTTPError

Native = Callable[..., Any]


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Native:
    """Makes an authenticator that knows one user, whose password is `right`."""

    def make(**user: Any) -> Any:
        known = SimpleNamespace(username="ada", has_2fa=False, is_valid_password="right".__eq__, **user)
        authenticator = authenticator_class("native")(add_new_table=False)
        monkeypatch.setattr(authenticator, "get_user", lambda name: known if name == "ada" else None)
        return authenticator

    return make


@pytest.mark.parametrize(
    ("name", "password", "answer"), [("ada", "right", "ada"), ("ada", "wrong", None), ("eve", "right", None)]
)
async def test_name_and_password_let_in(native: Native, name: str, password: str, answer: str | None) -> None:
    assert await native(is_authorized=True).authenticate(None, {"username": name, "password": password}) == answer


async def test_who_has_to_wait_for_an_administrator_is_told_so(native: Native) -> None:
    authenticator = native(is_authorized=False)
    assert await authenticator.authenticate(None, {"username": "ada", "password": "wrong"}) is None
    with pytest.raises(HTTPError, match="User ada has not been authorized by an administrator yet"):
        await authenticator.authenticate(None, {"username": "ada", "password": "right"})


@pytest.mark.parametrize("name", ["galilean-verify", "Galilean-Verify", "galilean hub"])
def test_nobody_signs_up_by_a_name_of_the_cluster(native: Native, name: str) -> None:
    with pytest.raises(HTTPError, match="belong to the cluster itself"):
        native().create_user(name, "chosen-by-mallory")


async def test_the_form_is_answered_without_statsd(native: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = native().get_handlers(None)
    form: Any = next(handler for address, handler in handlers if address == "/login")

    async def login_user(_self: Any, data: dict[str, str]) -> str:
        return data["username"]

    monkeypatch.setattr(BaseHandler, "login_user", login_user)
    handler = form.__new__(form)
    handler.request = SimpleNamespace(body_arguments={"username": [b"ada"]}, arguments={"username": [b"ada"]})
    handler.get_next_url = "/hub/home/{}".format
    sent: list[str] = []
    handler.redirect = sent.append
    await handler.post()
    assert sent == ["/hub/home/ada"]
