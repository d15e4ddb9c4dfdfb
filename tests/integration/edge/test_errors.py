"""What people meet at the public address when something behind it fails, by the real nginx, proxy and hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from browser import Browser
from running import free_port, running_hub, running_proxy
from serving import Address, Serve, add_route

TOKEN = "token-of-the-proxy"
PASSWORD = "of-everybody-who-asks-for-a-server"
# Node.js, which configurable-http-proxy is run by, refuses more than 16 KiB of headers.
LONG = 15_000


class OwnServer(BaseHTTPRequestHandler):
    """A web application of a student's: answers with the status and the headers that the query wants."""

    def do_GET(self) -> None:
        wanted = dict(parse_qsl(urlsplit(self.path).query))
        self.send_response(int(wanted.pop("status", 200)))
        for name, value in wanted.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"words of the application")

    def log_message(self, *_arguments: object) -> None:
        """The test says what it misses."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy that knows Ada's server, which is an application, and that of Bob, which does not answer."""
    api_socket = tmp_path_factory.mktemp("proxy") / "proxy.sock"
    port = free_port()
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), OwnServer) as application,
        running_proxy(f"http://127.0.0.1:{port}", api_socket, TOKEN),
    ):
        threading.Thread(target=application.serve_forever).start()
        add_route(api_socket, TOKEN, "/user/ada", application.server_port)
        add_route(api_socket, TOKEN, "/user/bob", free_port())
        yield port
        application.shutdown()


@pytest.fixture(scope="module")
def address(serve: Serve, proxy: int) -> Address:
    return serve(proxy)


def is_friendly(answer: requests.Response) -> bool:
    return answer.status_code == 503 and "Back in a moment" in answer.text and answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_application_keeps_its_errors(address: Address, status: int) -> None:
    answer = address.ask(f"/user/ada/?status={status}")
    assert (answer.status_code, answer.text) == (status, "words of the application")


def test_an_application_says_itself_when_to_try_again(address: Address) -> None:
    assert address.ask("/user/ada/?status=503&Retry-After=60").headers["Retry-After"] == "60"


@pytest.mark.parametrize("path", ["/user/bob/lab", "/hub/home", "/"], ids=["a server", "the hub", "no route yet"])
def test_where_nothing_answers_behind_the_proxy_a_page_says_so(address: Address, path: str) -> None:
    assert is_friendly(address.ask(path))


def test_where_no_proxy_answers_the_same_page_says_so(serve: Serve, address: Address) -> None:
    away = serve(free_port()).ask("/user/ada/lab")
    assert is_friendly(away)
    assert away.text == address.ask("/user/bob/lab").text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Alt-Svc", 'h2=":9"'),
        ("Clear-Site-Data", '"*"'),
        ("NEL", '{"report_to": "eve", "max_age": 9}'),
        ("Report-To", '{"group": "eve", "max_age": 9, "endpoints": []}'),
        ("Service-Worker-Allowed", "/"),
    ],
)
def test_an_application_cannot_speak_for_the_whole_address(address: Address, name: str, value: str) -> None:
    answer = address.ask(f"/user/ada/?{urlencode({name: value, 'X-Own': 'kept'})}")
    assert name not in answer.headers
    assert answer.headers["X-Own"] == "kept"


def test_an_application_cannot_take_https_back(address: Address) -> None:
    answer = address.ask("/user/ada/?Strict-Transport-Security=max-age%3D0")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"


@pytest.mark.parametrize("path", ["/back-in-a-moment.html", "/user/bob/lab"])
def test_an_application_cannot_have_nginx_answer_in_its_place(address: Address, path: str) -> None:
    answer = address.ask(f"/user/ada/?{urlencode({'X-Accel-Redirect': path})}")
    assert (answer.status_code, answer.text) == (200, "words of the application")


@pytest.mark.parametrize("name", ["Location", "Link"])
def test_long_headers_pass(address: Address, name: str) -> None:
    # As an address that comes back carries what it was sent there with.
    answer = address.ask(f"/user/ada/?status=302&{name}={'x' * (LONG - 300)}")
    assert (answer.status_code, len(answer.headers[name])) == (302, LONG - 300)


def test_two_instances_are_served_by_one_nginx(serve: Serve, proxy: int) -> None:
    assert serve(proxy, ("main", "prototype")).ask("/user/ada/").ok


def test_why_a_start_failed_is_on_every_page_and_in_the_api(serve: Serve, tmp_path: Path) -> None:
    variables = {
        "jupyterhub_authenticator": "dummy",
        "jupyterhub_authenticator_secrets": {"password": PASSWORD, "admin_password": f"another-{PASSWORD}"},
        "jupyterhub_allow_all": True,
        # Nobody keeps homes here.
        "jupyterhub_start_timeout_seconds": 1,
    }
    why = "The server did not start within 1 s. Last step: Preparing the home directory"
    with running_hub(tmp_path, variables) as hub:
        address = serve(urlsplit(hub.url).port)
        ada = Browser(address.url, address.verify)
        ada.log_in("ada", PASSWORD)
        token = {"Authorization": f"token {hub.secrets['service_tokens']['admin']}"}
        start = address.ask("/hub/api/users/ada/server", "POST", headers=token)
        assert (start.status_code, start.json()["message"]) == (503, why)
        for path in ("/hub/spawn-pending/ada", "/hub/user/ada/lab", "/user/ada/lab"):
            page = ada.visit(path)
            assert why in page.text, f"{path}: {page.status_code} {page.text}"
