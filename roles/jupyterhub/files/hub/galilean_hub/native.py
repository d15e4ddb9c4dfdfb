"""NativeAuthenticator for JupyterHub 6.

The form of nativeauthenticator 1.3.0, the newest, answers each log-in with status 500 and an empty page: it times them
by statsd, which JupyterHub 6 has given up. Here its page belongs to JupyterHub's own form.

Its administrator's links act by GET, for whoever follows one from another site or a mail. Here they are forms, whose
POST JupyterHub takes with the `_xsrf` of its own page only.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers import BaseHandler, login
from nativeauthenticator import handlers
from nativeauthenticator.nativeauthenticator import NativeAuthenticator as Native
from tornado.escape import url_escape
from tornado.web import HTTPError

from galilean_hub.names import is_seen
from galilean_hub.reserved import REFUSAL, is_reserved

BAD_REQUEST = 400
FORBIDDEN = 403


class LoginHandler(login.LoginHandler):
    """JupyterHub's form, by NativeAuthenticator's page."""

    def _render(self, login_error: str | None = None, username: str | None = None, **namespace: Any) -> Any:
        return self.render_template(
            "native-login.html",
            next=url_escape(self.get_argument("next", default="")),
            username=username,
            login_error=login_error,
            login_url=self.settings["login_url"],
            enable_signup=self.authenticator.enable_signup,
            two_factor_auth=self.authenticator.allow_2fa,
            **namespace,
        )


class ToggleAuthorizationHandler(handlers.LocalBase):
    """Lets somebody in, or no longer."""

    post = handlers.ToggleAuthorizationHandler.get


class DiscardHandler(handlers.LocalBase):
    """Forgets somebody who is not let in."""

    post = handlers.DiscardHandler.get


class EmailAuthorizationHandler(handlers.LocalBase):
    """Where the link of a mail leads, which programs that look through mail follow too."""

    async def get(self, _slug: str) -> None:
        self.finish(await self.render_template("confirm.html"))

    post = handlers.EmailAuthorizationHandler.get


class NativeAuthenticator(Native):
    """Passwords in the hub's own database."""

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """Ours before its own: the first that fits an address is used."""
        return [
            (r"/login", LoginHandler),
            (r"/authorize/([^/]*)", ToggleAuthorizationHandler),
            (r"/discard/([^/]*)", DiscardHandler),
            (r"/confirm/([^/]*)", EmailAuthorizationHandler),
            *super().get_handlers(app),
        ]

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The name, None for a wrong one or a wrong password.

        Raises HTTPError 403, which the form shows, for those who have to wait for an administrator.
        """
        name: str | None = await super().authenticate(handler, data)
        user = self.get_user(data["username"])
        if name is None and user and not user.is_authorized and user.is_valid_password(data["password"]):
            raise HTTPError(FORBIDDEN, f"User {user.username} has not been authorized by an administrator yet.")
        return name

    def create_user(self, username: str, password: str, **about: Any) -> Any:
        """As its parent. Raises HTTPError 400 for a name with letters that do not show, 403 for the cluster's own.

        The form could not tell why.
        """
        if not is_seen(username):
            raise HTTPError(BAD_REQUEST, "The name has a letter that does not show. Please type it, do not paste it.")
        if is_reserved(username):
            raise HTTPError(FORBIDDEN, REFUSAL)
        return super().create_user(username, password, **about)
