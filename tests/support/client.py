"""What a script may do to a cluster: JupyterHub's REST API and Jupyter's kernels, through the public address."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

import requests
import websocket

POLL_SECONDS = 0.25
# Only what is broken takes so long, on the slowest of machines.
DEADLINE_SECONDS = 600
Answer = TypeVar("Answer")


def eventually(look: Callable[[], Answer], what: str, seconds: float = DEADLINE_SECONDS) -> Answer:
    """The first true answer of `look`. Raises AssertionError when there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; last answer: {answer!r}"
        time.sleep(POLL_SECONDS)


class Hub:
    """The hub behind `access` (the content of access.json), used with the token of its administrator."""

    def __init__(self, access: dict[str, Any]) -> None:
        self.url: str = access["url"].rstrip("/")
        self.ca: str = access["ca"]
        self.token: str = access["admin_token"]
        self.session = requests.Session()
        # A bundle named in the environment would be believed before the cluster's own authority.
        self.session.trust_env = False
        self.session.verify = self.ca
        self.session.headers["Authorization"] = f"token {self.token}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, **options)

    def api(self, method: str, path: str, **options: Any) -> Any:
        response = self.request(method, f"/hub/api{path}", **options)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def healthy(self) -> bool:
        try:
            return self.request("GET", "/hub/health").status_code == 200
        except requests.RequestException:
            return False

    @contextmanager
    def student(self, name: str) -> Iterator[Student]:
        """A user of that name, whose server and account are gone afterwards."""
        self.session.post(f"{self.url}/hub/api/users/{quote(name)}", timeout=60)
        student = Student(self, name)
        try:
            yield student
        finally:
            student.stop()
            self.api("DELETE", f"/users/{quote(name)}")


class Student:
    """A user of the hub and the default server of theirs."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub = hub
        self.name = name

    @property
    def path(self) -> str:
        """Where the server is below the hub's address; the proxy knows it in no other spelling."""
        return f"/user/{quote(self.name, safe='@~')}"

    def model(self) -> dict[str, Any]:
        return self.hub.api("GET", f"/users/{quote(self.name)}?include_stopped_servers")

    def server(self) -> dict[str, Any]:
        """The hub's model of the server, empty while there is none."""
        return self.model()["servers"].get("", {})

    def ready(self) -> bool:
        return bool(self.server().get("ready"))

    def request_start(self) -> None:
        self.hub.api("POST", f"/users/{quote(self.name)}/server")

    def start(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Start the server and wait until its own API answers."""
        self.request_start()
        eventually(self.answers, f"the server of {self.name} answers", seconds)

    def step(self) -> str:
        """What the page of a server that is being started says now; the first event says that it was requested."""
        path = f"/hub/api/users/{quote(self.name)}/server/progress"
        with closing(self.hub.request("GET", path, stream=True)) as response:
            lines = (line for line in response.iter_lines(chunk_size=1) if line.startswith(b"data:"))
            events = (json.loads(line.removeprefix(b"data:")) for line in lines)
            return str([event["message"] for event in islice(events, 2)][-1])

    def stop(self, seconds: float = DEADLINE_SECONDS) -> None:
        response = self.hub.request("DELETE", f"/hub/api/users/{quote(self.name)}/server")
        assert response.status_code in (202, 204, 400, 404), response.text
        eventually(lambda: not self.server().get("pending") and not self.ready(), f"{self.name} stopped", seconds)

    def answers(self) -> bool:
        try:
            return self.request("GET", "/api/status").status_code == 200
        except requests.RequestException:
            return False

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.hub.request(method, f"{self.path}{path}", **options)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """What the server's own API answers."""
        response = self.request(method, path, **options)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def save(self, path: str, content: str) -> requests.Response:
        """The answer when a text file of the home is saved, as Lab does it."""
        model = {"type": "file", "format": "text", "content": content}
        return self.request("PUT", f"/api/contents/{path}", json=model)

    def kernel(self) -> Kernel:
        return Kernel(self, self.ask("POST", "/api/kernels")["id"])

    def run(self, code: str) -> str:
        """What `code` prints in a kernel of its own."""
        return self.kernel().run(code)


class Kernel:
    """A Jupyter kernel, by its id. A run opens a connection of its own, as a browser does after an interruption, unless
    one is kept open, as a browser does meanwhile."""

    def __init__(self, student: Student, kernel_id: str) -> None:
        self.student = student
        self.id = kernel_id
        self._kept: websocket.WebSocket | None = None

    def run(self, code: str, seconds: float = DEADLINE_SECONDS) -> str:
        """What `code` prints. Raises AssertionError on an exception in the cell, with its traceback."""
        if self._kept:
            return self._execute(self._kept, code)
        with closing(self._connection(seconds)) as connection:
            return self._execute(connection, code)

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        with closing(self._connection(120)) as self._kept:
            yield
        self._kept = None

    def _connection(self, seconds: float) -> websocket.WebSocket:
        url = self.student.hub.url.replace("https://", "wss://", 1)
        return websocket.create_connection(
            f"{url}{self.student.path}/api/kernels/{self.id}/channels",
            header=[f"Authorization: token {self.student.hub.token}"],
            sslopt={"ca_certs": self.student.hub.ca, "cert_reqs": ssl.CERT_REQUIRED},
            timeout=seconds,
        )

    def _execute(self, connection: websocket.WebSocket, code: str) -> str:
        message_id = uuid.uuid4().hex
        header = {"msg_id": message_id, "msg_type": "execute_request", "session": uuid.uuid4().hex, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
        request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        connection.send(json.dumps(request))
        printed = ""
        while True:
            message = json.loads(connection.recv())
            if message["parent_header"].get("msg_id") != message_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed.strip()
