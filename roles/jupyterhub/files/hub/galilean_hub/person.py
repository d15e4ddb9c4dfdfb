"""Says how somebody's home is called, and which servers have it open; with `--stop`, after it has had them stopped.

`python -m galilean_hub.person --stop ada` runs where the hub does. It prints one JSON object, and exits 0 where all is
well, 1 otherwise:

    {"ok": true, "home": "ada-1f0c9a2b3d4e5f60", "servers": ["ada/", "ada/second"]}
    {"ok": false, "home": "ada-1f0c9a2b3d4e5f60", "error": "ada/ does not stop within 300 s"}

Whoever is not known to the hub has no servers, and the home of that name may be in a backup.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from galilean_hub.names import normalized
from galilean_hub.reading import read_settings
from galilean_hub.settings import Configuration, Secrets
from galilean_hub.slug import slug

POLL_SECONDS = 1.0
# To one request: the hub stops what stops slowly after it has answered.
ANSWER_SECONDS = 60.0
# The hub stops what runs. What is just being started it refuses to, and has to be asked again.
ASKED = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST})


class PersonError(Exception):
    """Why it is not known, or not as asked for, in words for the person who runs the play."""


class Person:
    """A user of the hub whose API is at a URL."""

    def __init__(self, name: str, url: str, session: aiohttp.ClientSession) -> None:
        self.name = name
        self.url = f"{url.rstrip('/')}/hub/api/users/{quote(name, safe='')}"
        self.session = session

    async def servers(self) -> list[str]:
        """The names of the servers that run, or are being started or stopped. Raises PersonError, ClientError."""
        status, text = await self._ask("GET", self.url)
        if status == HTTPStatus.NOT_FOUND:
            return []
        if status != HTTPStatus.OK:
            raise PersonError(f"the hub answers {status} when it is asked for {self.name}")
        return sorted(json.loads(text)["servers"])

    async def stop(self, timeout_seconds: float) -> list[str]:
        """The names of the servers that were stopped. Raises PersonError, ClientError."""
        stopped: set[str] = set()
        running: list[str] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                while running := await self.servers():
                    stopped |= set(running)
                    for server in running:
                        await self._ask_to_stop(server)
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            named = ", ".join(self.full_names(running)) or "it"
            raise PersonError(f"{named} does not stop within {timeout_seconds:g} s") from error
        return sorted(stopped)

    async def _ask_to_stop(self, server: str) -> None:
        path = f"/servers/{quote(server, safe='')}" if server else "/server"
        status, _text = await self._ask("DELETE", f"{self.url}{path}")
        if status not in ASKED:
            raise PersonError(f"the hub answers {status} when it is asked to stop {self.name}/{server}")

    async def _ask(self, method: str, url: str) -> tuple[int, str]:
        """Status and text of the answer. Raises PersonError, ClientError."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self.session.request(method, url, timeout=timeout) as response:
                return response.status, await response.text()
        except TimeoutError as error:
            raise PersonError(f"the hub does not answer within {ANSWER_SECONDS:g} s") from error

    def full_names(self, servers: Iterable[str]) -> list[str]:
        return [f"{self.name}/{server}" for server in servers]


async def answer(name: str, url: str, token: str, timeout_seconds: float | None) -> Mapping[str, Any]:
    """What `main` prints. Without seconds nothing is stopped."""
    # As JupyterHub has names: whoever tells one may write it otherwise.
    name = normalized(name.lower())
    known = {"home": slug(name)}
    async with aiohttp.ClientSession(headers={"Authorization": f"token {token}"}) as session:
        person = Person(name, url, session)
        try:
            servers = await (person.servers() if timeout_seconds is None else person.stop(timeout_seconds))
        except (PersonError, aiohttp.ClientError) as error:
            return {"ok": False, **known, "error": str(error) or type(error).__name__}
    return {"ok": True, **known, "servers": person.full_names(servers)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Say how a person's home is called, and which servers have it open.")
    config = os.environ.get("GALILEAN_CONFIG", "/etc/galilean/hub.json")
    parser.add_argument("--config", type=Path, default=Path(config))
    parser.add_argument("--stop", action="store_true", help="have them stopped")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    parser.add_argument("name", help="of the person, as the hub has it")
    arguments = parser.parse_args()
    configuration = read_settings(Configuration, arguments.config)
    token = read_settings(Secrets, Path(configuration.secrets_file)).service_tokens.admin
    if token is None:
        parser.error(f"service_tokens.admin is missing in {configuration.secrets_file}")
    timeout_seconds = arguments.timeout if arguments.stop else None
    found = asyncio.run(answer(arguments.name, configuration.hub.connect_url, token, timeout_seconds))
    print(json.dumps(found))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
