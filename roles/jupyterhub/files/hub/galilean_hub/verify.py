"""Does what a student does, as a throw-away user through the public address, and says how long each step took.

`python -m galilean_hub.verify --ca CA` prints one JSON object and exits 0 when every step went well, 1 otherwise:

    {"ok": true, "steps": [{"name": "log in", "seconds": 0.4}, ...], "home": "galilean-verify-1a2b3c4d", "node": "io"}
    {"ok": false, "error": "start the server: ...", "steps": [...], "home": "galilean-verify-1a2b3c4d"}

`home` is the name of the home directory of all such users, which the caller removes: the hub cannot.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import ssl
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp

from galilean_hub.reading import read_settings
from galilean_hub.reserved import VERIFY
from galilean_hub.settings import Configuration, Secrets
from galilean_hub.slug import slug

POLL_SECONDS = 0.25
# Between the last answer of a server and the end of its container.
ENDING_SECONDS = 1.0
CELL = """
import os, pathlib
letter = pathlib.Path.home() / "galilean-verify.txt"
letter.write_text("kept")
print(os.environ.get("GALILEAN_NODE", ""), 6 * 7, letter.read_text())
"""


class VisitError(Exception):
    """What went wrong, in words for the person who runs the play."""


@dataclass(frozen=True)
class Step:
    """Something a student does, and the seconds it took."""

    name: str
    seconds: float


class Visit:
    """One visit of a throw-away user of its own, with the steps taken so far."""

    def __init__(
        self, configuration: Configuration, secrets: Secrets, session: aiohttp.ClientSession, timeout_seconds: float
    ) -> None:
        if secrets.service_tokens.verify is None:
            raise VisitError(f"service_tokens.verify is missing in {configuration.secrets_file}")
        self.url = configuration.public_url.rstrip("/")
        # Nobody can have been there before, nor know of it.
        self.user = f"{VERIFY}-{uuid.uuid4().hex}"
        # To the hub's API alone goes the token that may do all of this.
        self.hub_authorization = _authorization(secrets.service_tokens.verify)
        self.server_authorization: dict[str, str] = {}
        self.timeout_seconds = timeout_seconds
        self.session = session
        self.steps: list[Step] = []
        self.node = ""

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Times what is done inside. Raises VisitError, naming the step, for whatever goes wrong there."""
        began = time.monotonic()
        try:
            yield
        except (VisitError, OSError, ValueError, KeyError, TimeoutError, aiohttp.ClientError) as error:
            raise VisitError(f"{name}: {error or type(error).__name__}") from error
        finally:
            self.steps.append(Step(name, round(time.monotonic() - began, 2)))

    async def run(self) -> None:
        """All steps. Raises VisitError at the first that goes wrong; user and server are gone either way."""
        await self.clear_away()
        try:
            async with self.step("log in"):
                await self.log_in()
            async with self.step("start the server"):
                await self.start_server()
            async with self.step("run a cell"):
                await self.run_cell()
            async with self.step("shut the server down"):
                await self.shut_down()
        finally:
            await self.clear_away()

    async def api(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of the hub's REST API, None where it is empty. Raises VisitError when it says no."""
        url = f"{self.url}/hub/api{path}"
        async with self.session.request(method, url, headers=self.hub_authorization, json=body) as response:
            text = await response.text()
            if not response.ok:
                raise VisitError(f"{method} {path} was answered by {response.status}: {_message(text)}")
            return json.loads(text) if text else None

    async def log_in(self) -> None:
        """See the page, and get in by the API: each log-in is somebody else's, and refuses the cluster's own names."""
        async with self.session.get(f"{self.url}/hub/login") as response:
            response.raise_for_status()
        await self.api("POST", f"/users/{self.user}")
        scopes = [f"access:servers!server={self.user}/"]
        wanted = {"note": "verify", "scopes": scopes, "expires_in": math.ceil(self.timeout_seconds)}
        given = await self.api("POST", f"/users/{self.user}/tokens", wanted)
        self.server_authorization = _authorization(given["token"])

    async def start_server(self) -> None:
        await self.api("POST", f"/users/{self.user}/server")
        while not (server := await self.server(self.user)).get("ready"):
            if not server.get("pending"):
                raise VisitError(await self.reason())
            await asyncio.sleep(POLL_SECONDS)

    async def reason(self) -> str:
        """Why a start failed: the last words of its progress events."""
        url = f"{self.url}/hub/api/users/{self.user}/server/progress"
        async with self.session.get(url, headers=self.hub_authorization) as response:
            events = [line.removeprefix("data: ") for line in (await response.text()).splitlines() if line]
        return str(json.loads(events[-1]).get("message")) if events else "the server is gone"

    async def server(self, user: str) -> Mapping[str, Any]:
        """The hub's model of the user's server, empty where there is none."""
        model = await self.api("GET", f"/users/{user}?include_stopped_servers")
        return dict(model["servers"].get("", {}))

    async def server_url(self) -> str:
        """Where the server is, which may have a host name of its own."""
        return str((await self.server(self.user))["full_url"]).rstrip("/")

    async def run_cell(self) -> None:
        """Open a kernel, and in it write a file in the home and read it."""
        server = await self.server_url()
        async with self.session.post(f"{server}/api/kernels", headers=self.server_authorization) as response:
            response.raise_for_status()
            kernel = (await response.json())["id"]
        async with self.session.ws_connect(
            f"{server}/api/kernels/{kernel}/channels", headers=self.server_authorization, max_msg_size=0
        ) as connection:
            printed = await _execute(connection, CELL)
        self.node, *answer = printed.split(" ")
        if answer != ["42", "kept"]:
            raise VisitError(f"the cell printed {printed!r}")

    async def shut_down(self) -> None:
        """As File > Shut Down does, which takes less than to have Swarm end the server; then the hub puts it away."""
        server = f"{await self.server_url()}/api"
        async with self.session.post(f"{server}/shutdown", headers=self.server_authorization) as response:
            response.raise_for_status()
        answers = True
        while answers:
            await asyncio.sleep(POLL_SECONDS)
            async with self.session.get(server, headers=self.server_authorization) as response:
                answers = response.ok
        await asyncio.sleep(ENDING_SECONDS)
        await self.stop_server(self.user)

    async def stop_server(self, user: str) -> None:
        await self.api("DELETE", f"/users/{user}/server")
        while True:
            server = await self.server(user)
            if not server.get("pending") and not server.get("ready"):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def clear_away(self) -> None:
        """No server and no user, this visit's or those of one that has died. Deleting a user stops the server."""
        found: list[Mapping[str, Any]] = []
        with suppress(VisitError, aiohttp.ClientError):
            found = await self.api("GET", f"/users?name_filter={VERIFY}")
        for user in [user["name"] for user in found if user["name"].startswith(VERIFY)]:
            with suppress(VisitError, aiohttp.ClientError):
                await self.stop_server(user)
            with suppress(VisitError, aiohttp.ClientError):
                await self.api("DELETE", f"/users/{user}")


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


async def _execute(connection: aiohttp.ClientWebSocketResponse, code: str) -> str:
    """What `code` prints in the kernel behind `connection`. Raises VisitError with the exception that it raises.

    Messages: https://jupyter-client.readthedocs.io/en/stable/messaging.html
    """
    message_id = uuid.uuid4().hex
    await connection.send_json(
        {
            "header": {"msg_id": message_id, "msg_type": "execute_request", "session": message_id, "version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": {"code": code, "silent": False, "store_history": False, "allow_stdin": False},
            "channel": "shell",
        }
    )
    printed = ""
    async for message in connection:
        event = json.loads(message.data)
        if event["parent_header"].get("msg_id") != message_id:
            continue
        content = event["content"]
        if event["msg_type"] == "stream":
            printed += content["text"]
        elif event["msg_type"] == "error":
            raise VisitError(f"the cell failed: {content['ename']}: {content['evalue']}")
        elif event["msg_type"] == "status" and content["execution_state"] == "idle":
            return printed.strip()
    raise VisitError("the kernel closed the connection")


def _message(text: str) -> str:
    """The hub's own words in an error of its REST API, else the beginning of the text."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text[:200]


async def verify(config: Path, ca: Path, timeout_seconds: float) -> dict[str, Any]:
    """What `main` prints."""
    configuration = read_settings(Configuration, config)
    secrets = read_settings(Secrets, Path(configuration.secrets_file))
    trusted = ssl.create_default_context(cafile=str(ca))
    trusted.load_default_certs()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted),
    ) as session:
        visit = Visit(configuration, secrets, session, timeout_seconds)
        result: dict[str, Any] = {"ok": True, "home": slug(VERIFY)}
        try:
            async with asyncio.timeout(timeout_seconds):
                await visit.run()
        except TimeoutError:
            result |= {"ok": False, "error": f"not done within {timeout_seconds:g} s"}
        except VisitError as failure:
            result |= {"ok": False, "error": str(failure)}
    return result | {"node": visit.node, "steps": [asdict(step) for step in visit.steps]}


def main() -> int:
    parser = argparse.ArgumentParser(description="Do what a student does, and say how long each step took.")
    config = os.environ.get("GALILEAN_CONFIG", "/etc/galilean/hub.json")
    parser.add_argument("--config", type=Path, default=Path(config))
    parser.add_argument("--ca", type=Path, required=True, help="authority to trust beside the system's")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS")
    arguments = parser.parse_args()
    result = asyncio.run(verify(arguments.config, arguments.ca, arguments.timeout))
    print(json.dumps(result))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
