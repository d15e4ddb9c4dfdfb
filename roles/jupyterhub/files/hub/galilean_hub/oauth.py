"""OAuthenticator's classes, with errors that say the cause."""

from __future__ import annotations

import json
from typing import Any

from oauthenticator import generic, github, google, oauth2
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

BAD_GATEWAY = 502


class OAuthCallbackHandler(oauth2.OAuthCallbackHandler):
    """Where people come back to from the provider."""

    async def login_user(self, data: Any = None) -> Any:
        """As its parent. Raises HTTPError 502 with the provider's error, where that shows `Internal Server Error`."""
        try:
            return await super().login_user(data)
        except (HTTPClientError, OSError) as error:
            message = (
                f"{self.authenticator.login_service} did not answer the hub's question who you are: {cause(error)}"
            )
            raise HTTPError(BAD_GATEWAY, message) from error


def cause(error: HTTPClientError | OSError) -> str:
    """The provider's word for the error (RFC 6749, 5.2: `invalid_client` is a wrong secret), else what went wrong."""
    body = error.response.body if isinstance(error, HTTPClientError) and error.response else b""
    try:
        return str(json.loads(body)["error"])
    except (KeyError, TypeError, ValueError):
        return str(error)


class GenericOAuthenticator(generic.GenericOAuthenticator):
    """Any OpenID provider."""

    callback_handler = OAuthCallbackHandler


class GitHubOAuthenticator(github.GitHubOAuthenticator):
    """GitHub, or GitHub Enterprise."""

    callback_handler = OAuthCallbackHandler


class GoogleOAuthenticator(google.GoogleOAuthenticator):
    """Google."""

    callback_handler = OAuthCallbackHandler
