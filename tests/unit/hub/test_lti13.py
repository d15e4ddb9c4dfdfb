from __future__ import annotations

from typing import Any

import pytest
from galilean_hub.authenticators import authenticator_class
from galilean_hub.lti13 import NOT_ALLOWED
from jupyterhub.handlers import BaseHandler
from tornado.web import HTTPError


@pytest.fixture
def callback() -> Any:
    authenticator: Any = authenticator_class("lti13")
    handler = authenticator.callback_handler
    return handler.__new__(handler)


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What JupyterHub makes of a log-in, the last one first."""
    users: list[Any] = []

    async def login_user(_self: Any, _data: Any = None) -> Any:
        return users.pop()

    monkeypatch.setattr(BaseHandler, "login_user", login_user)
    return users


async def test_who_may_not_use_the_hub_is_told_whom_to_ask(callback: Any, logged_in: list[Any]) -> None:
    logged_in.append(None)
    with pytest.raises(HTTPError) as refused:
        await callback.login_user({"sub": "4711"})
    assert (refused.value.status_code, refused.value.log_message) == (403, NOT_ALLOWED)


async def test_who_may_is_let_through(callback: Any, logged_in: list[Any]) -> None:
    logged_in.append("ada")
    assert await callback.login_user({"sub": "4711"}) == "ada"
