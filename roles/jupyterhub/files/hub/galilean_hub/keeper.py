"""Asks the keeper, the small root service on the storage host, for a user's home."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

import aiohttp

from galilean_hub.settings import EndpointSettings

TIMEOUT_SECONDS = 30


class KeeperError(Exception):
    """Why there is no home, in words for the user."""


class KeeperAwayError(KeeperError):
    """The keeper cannot be asked, perhaps only now."""


class HomeOfAnotherError(KeeperError):
    """What stands in the place of the home is not this user's, and asking again does not change that."""


@dataclass(frozen=True)
class Home:
    """A home on the shared file system: the same path on every node, and the uid and gid that own it."""

    path: str
    uid: int
    gid: int

    @property
    def export_path(self) -> str:
        """The file at the root of the export that proves it to be the real one: homes are at `<root>/<instance>/`."""
        return str(PurePosixPath(self.path).parents[1] / ".galilean-export")


class Keeper:
    """The keeper's HTTP interface over mutual TLS."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings

    async def home(self, slug: str, user: str, quota_bytes: int) -> Home:
        """The user's home, made if it does not exist, with that quota (0: none); one that exists keeps its owner.

        `PUT /v1/homes/<slug>` with `{"user", "quota_bytes"}` answers 200 and `{"uid", "gid", "path", "created",
        "quota_bytes"}`, or `{"error": "..."}`.
        Raises KeeperError with the keeper's own words, HomeOfAnotherError when they come with 409, and KeeperAwayError
        with the reason why it could not be asked.
        """
        url = f"{self._settings.url.rstrip('/')}/v1/homes/{slug}"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.put(url, json={"user": user, "quota_bytes": quota_bytes}, ssl=self._tls()) as response,
            ):
                answer = await response.json()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise KeeperAwayError(
                f"the keeper of the homes at {self._settings.url} does not answer: {reason}"
            ) from error
        if response.status != HTTPStatus.OK:
            kind = HomeOfAnotherError if response.status == HTTPStatus.CONFLICT else KeeperError
            raise kind(str(answer.get("error", f"the keeper answers {response.status}")))
        home = Home(path=answer["path"], uid=answer["uid"], gid=answer["gid"])
        if home.uid < 1 or home.gid < 1:
            raise KeeperError(f"the home {home.path} belongs to root, and no server runs as root")
        return home

    def _tls(self) -> ssl.SSLContext:
        # read for each call: a renewed certificate is used without a restart
        context = ssl.create_default_context(cafile=self._settings.ca)
        context.load_cert_chain(self._settings.certificate, self._settings.private_key)
        return context
