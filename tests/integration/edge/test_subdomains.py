"""What a student's page may read of others, in the browser of who looks at it, with subdomains and without."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from chromium import chromium
from playwright.sync_api import Page
from running import free_port, running_hub
from serving import add_route, serving

NAME = "hub.localhost"
PASSWORD = "of-everybody-who-asks-for-a-server"
DIARY = "dear diary"
READ = "address => fetch(address, {credentials: 'include'}).then(answer => answer.text(), () => 'refused')"


class StudentsServer(BaseHTTPRequestHandler):
    """Lets in who has been here to log in, and shows the diary."""

    def do_GET(self) -> None:
        logs_in = self.path.endswith("/login")
        self.send_response(200 if logs_in or "session=known" in self.headers.get("Cookie", "") else 403)
        if logs_in:
            self.send_header("Set-Cookie", f"session=known; Path={self.path.removesuffix('login')}; Secure; HttpOnly")
        self.end_headers()
        self.wfile.write(DIARY.encode())

    def log_message(self, *_arguments: object) -> None:
        """The test says what it misses."""


@dataclass
class Visit:
    """Bob's browser, in which he is logged in at the hub and at his own server, and looks at Ada's page."""

    page: Page
    hub: str
    bob: str

    def read(self, address: str) -> str:
        """What Ada's page gets to see at an address."""
        return str(self.page.evaluate(READ, address))


@contextmanager
def visit(directory: Path, subdomains: bool) -> Iterator[Visit]:
    https_port = free_port()
    public = f"https://{NAME}:{https_port}"
    variables = {
        "cluster_public_url": public,
        "jupyterhub_user_subdomains": subdomains,
        "jupyterhub_authenticator": "dummy",
        "jupyterhub_authenticator_secrets": {"password": PASSWORD, "admin_password": f"another-{PASSWORD}"},
        "jupyterhub_allow_all": True,
    }
    ada, bob = (f"https://{name}.{NAME}:{https_port}" if subdomains else public for name in ("ada", "bob"))
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), StudentsServer) as server,
        running_hub(directory, variables) as hub,
        serving(directory, urlsplit(hub.url).port or 0, names=[NAME, f"*.{NAME}"], https_port=https_port),
        chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP *.{NAME} 127.0.0.1") as browser,
    ):
        threading.Thread(target=server.serve_forever).start()
        for name in ("ada", "bob"):
            place = f"/{name}.{NAME}/user/{name}" if subdomains else f"/user/{name}"
            add_route(directory / "proxy.sock", hub.secrets["proxy_token"], place, server.server_port)
        page = browser.new_page(ignore_https_errors=True)
        page.goto(f"{public}/hub/login?next=%2Fhub%2Fhome")
        page.locator("#username_input").fill("bob")
        page.locator("#password_input").fill(PASSWORD)
        page.locator("#login_submit").click()
        page.wait_for_url("**/hub/home")
        page.goto(f"{bob}/user/bob/login")
        page.goto(f"{bob}/user/bob/diary")
        assert page.inner_text("body") == DIARY
        page.goto(f"{ada}/user/ada/login")
        yield Visit(page, f"{public}/hub/home", f"{bob}/user/bob/diary")
        server.shutdown()


def test_at_one_address_a_page_reads_what_is_of_others(tmp_path: Path) -> None:
    with visit(tmp_path, subdomains=False) as to_ada:
        assert to_ada.read(to_ada.bob) == DIARY
        assert 'user: "bob"' in to_ada.read(to_ada.hub)


def test_at_subdomains_a_page_reads_nothing_of_others(tmp_path: Path) -> None:
    with visit(tmp_path, subdomains=True) as to_ada:
        assert to_ada.read(to_ada.bob) == "refused"
        assert to_ada.read(to_ada.hub) == "refused"
