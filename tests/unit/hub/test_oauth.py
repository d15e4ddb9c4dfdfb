from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from galilean_hub.authenticators import authenticator_class
from galilean_hub.oauth import OAuthCallbackHandler
from jupyterhub.handlers import BaseHandler
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.web import HTTPError


def refusal(code: int, body: bytes) -> HTTPClientError:
    request = HTTPRequest("https://sso.example.org/token")
    return HTTPClientError(code, response=HTTPResponse(request, code, buffer=io.BytesIO(body)))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refusal(401, b'{"error": "invalid_client", "error_description": "no such secret"}'), "invalid_client"),
        (refusal(404, b"<html>"), "HTTP 404: Not Found"),
        (refusal(400, b"[]"), "HTTP 400: Bad Request"),
        (HTTPClientError(599, "Timeout"), "HTTP 599: Timeout"),
        (ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused"),
    ],
)
async def test_the_page_says_what_the_provider_said(
    monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    async def login_user(_self: Any, _data: Any = None) -> None:
        raise error

    monkeypatch.setattr(BaseHandler, "login_user", login_user)
    handler = OAuthCallbackHandler.__new__(OAuthCallbackHandler)
    handler.application = SimpleNamespace(settings={"authenticator": SimpleNamespace(login_service="SSO")})
    with pytest.raises(HTTPError) as failed:
        await handler.login_user()
    assert failed.value.status_code == 502
    assert failed.value.log_message == f"SSO did not answer the hub's question who you are: {cause}"


@pytest.mark.parametrize("name", ["github", "google", "oidc"])
def test_each_provider_is_asked_so(name: str) -> None:
    cls: Any = authenticator_class(name)
    assert cls.callback_handler is OAuthCallbackHandler
