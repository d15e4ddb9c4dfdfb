"""LTI13Authenticator, with an answer that those understand who may not use the hub."""

from __future__ import annotations

from typing import Any

from ltiauthenticator.lti13 import auth, handlers
from tornado.web import HTTPError

FORBIDDEN = 403
NOT_ALLOWED = "The course has logged you in, but this hub does not know you. Please ask its administrator."


class LTI13CallbackHandler(handlers.LTI13CallbackHandler):
    """Where a launch arrives."""

    async def login_user(self, data: Any = None) -> Any:
        """As its parent. Raises HTTPError 403, which says `User missing or null` there."""
        user = await super().login_user(data)
        if user is None:
            raise HTTPError(FORBIDDEN, NOT_ALLOWED)
        return user


class LTI13Authenticator(auth.LTI13Authenticator):
    """An LMS as the authority on who somebody is."""

    callback_handler = LTI13CallbackHandler
