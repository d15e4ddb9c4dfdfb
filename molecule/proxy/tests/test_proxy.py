"""What a browser meets at the public address."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import pytest
import requests
from client import eventually
from lab import ROOT, Lab
from testinfra.host import Host

PORT = int(os.environ["GALILEAN_HTTPS_PORT"])
URL = f"https://localhost:{PORT}"


@pytest.fixture(scope="module")
def browser(lab: Lab) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(ROOT / ".lab" / lab.name / "secrets/ca/ca.pem")
        yield session


def test_the_certificate_is_the_clusters_and_names_the_hub(browser: requests.Session) -> None:
    assert browser.get(f"{URL}/hub/health", timeout=10).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{URL}/hub/health", timeout=10)


def test_plain_http_is_sent_on_to_https(hosts: dict[str, Host]) -> None:
    fetch = "import http.client as h; c = h.HTTPConnection('localhost'); c.request('GET', '/hub/login')"
    answer = f"{fetch}; a = c.getresponse(); print(a.status, a.headers['Location'])"
    assert hosts["jupiter"].check_output(f'python3 -c "{answer}"') == f"301 {URL}/hub/login"


def test_old_tls_is_refused() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("localhost", PORT), 10) as raw, context.wrap_socket(raw) as connection:
        assert connection.version() == "TLSv1.2"
    context.options &= ~ssl.OP_NO_TLSv1_1
    with pytest.deprecated_call():
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("localhost", PORT), 10) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw)


def test_pages_carry_the_security_headers(browser: requests.Session) -> None:
    headers = browser.get(f"{URL}/hub/login", timeout=10).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "frame-ancestors" in headers["Content-Security-Policy"]


def test_guessing_passwords_is_slowed_down(browser: requests.Session) -> None:
    def guess() -> int:
        return browser.post(f"{URL}/hub/login", timeout=60).status_code

    assert guess() != 429
    # Another guess is allowed each second: however slow these are, they are more than that.
    assert any(guess() == 429 for _attempt in range(300))
    assert browser.get(f"{URL}/hub/login", timeout=10).status_code == 200, "those who only look are not slowed down"


@pytest.fixture
def away(browser: requests.Session, hosts: dict[str, Host]) -> Iterator[None]:
    """Neither hub nor proxy runs."""
    units = "galilean-proxy@main galilean-hub@main"
    hosts["jupiter"].check_output(f"systemctl stop {units}")
    yield
    hosts["jupiter"].check_output(f"systemctl start {units}")
    eventually(lambda: browser.get(f"{URL}/hub/health", timeout=60).status_code == 200, "the hub is back")


@pytest.mark.usefixtures("away")
def test_while_the_hub_is_away_a_page_says_so(browser: requests.Session) -> None:
    answer = browser.get(f"{URL}/user/ada/lab", timeout=10)
    assert answer.status_code == 503
    assert "Back in a moment" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
