"""A bare host gets its certificate in one run, through port 80, and what goes wrong later leaves the site as it is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from client import Hub, Student, eventually
from edges import HOST, LINEAGE, NAME, PAIR, UNIT, Edge, MakeEdge
from internet import REFUSED

TOKEN = "of-adas-notebook"
NOTEBOOK = (
    "jupyter-server", "--allow-root", "--port=8000", "--ServerApp.base_url=/user/ada/",
    "--ServerApp.allow_remote_access=True", f"--IdentityProvider.token={TOKEN}",
)  # fmt: skip
# What is behind nginx: takes a connection for a websocket, and gives back what comes.
ECHO = """
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip(): pass
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: upgrade\\r\\n\\r\\n")
        while received := self.request.recv(100):
            self.request.sendall(received)
socketserver.ThreadingTCPServer(("127.0.0.1", 8000), Echo).serve_forever()
"""


@pytest.fixture(scope="module")
def edge(make_edge: MakeEdge) -> Edge:
    return make_edge()


def test_a_bare_host_has_its_certificate_after_one_run(edge: Edge) -> None:
    run = edge.converge()
    assert run.returncode == 0, run.output
    assert edge.is_trusted("usual")


def test_port_80_redirects_all_but_the_challenges(edge: Edge) -> None:
    assert edge.plain("/hub/login?next=%2F") == (301, "https://hub.lab.test/hub/login?next=%2F")
    assert edge.plain("/.well-known/acme-challenge/none") == (404, "")
    assert edge.plain("/.well-known/security.txt")[0] == 301


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_a_second_run_changes_nothing_and_asks_nobody(edge: Edge, options: tuple[str, ...]) -> None:
    before = edge.internet.requests("usual")
    run = edge.converge(*options)
    assert run.returncode == 0, run.output
    assert run.changed == {HOST: 0}, run.output
    assert before
    assert edge.internet.requests("usual") == before


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_renewal_that_fails_leaves_the_pair_and_raises_the_alarm_and_the_next_one_mends_it(edge: Edge) -> None:
    before = edge.shown()
    # The certificate is lost to certbot, and so due.
    edge.run("rm", f"{LINEAGE}/fullchain.pem")
    edge.internet.lead(NAME, edge.internet.address)
    requests = edge.internet.requests("usual")
    edge.run("systemctl", "start", f"{UNIT}.service", check=False)
    assert edge.unit() == "failed"
    assert edge.metrics()["galilean_certificate_failing"] == 1
    assert edge.shown() == before
    assert edge.internet.requests("usual") == requests, "a name that leads elsewhere is not asked for"

    edge.internet.lead(NAME, edge.address)
    edge.run("systemctl", "start", f"{UNIT}.service")
    assert edge.unit() == "inactive"
    assert edge.metrics()["galilean_certificate_failing"] == 0
    assert edge.shown() != before
    assert edge.is_trusted("usual")


def test_an_open_websocket_survives_a_renewal(edge: Edge) -> None:
    edge.run("systemd-run", "--quiet", "--unit=echo", "python3", "-c", ECHO)
    eventually(lambda: edge.run("ss", "-Hltn", "sport = :8000"), "something answers behind nginx")
    before = edge.shown()
    with edge.websocket() as connection:
        connection.send(b"before")
        assert connection.recv(100) == b"before"
        edge.run("rm", f"{LINEAGE}/fullchain.pem")
        edge.run("systemctl", "start", f"{UNIT}.service")
        assert edge.shown() != before
        connection.send(b"after")
        assert connection.recv(100) == b"after"
    edge.run("systemctl", "stop", "echo")


@pytest.mark.seldom
def test_a_kernel_goes_on_answering_through_a_renewal(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge.run("apt-get", "install", "--yes", "--no-install-recommends", "jupyter-server", "python3-ipykernel")
    edge.run("systemd-run", "--quiet", "--unit=notebook", "--setenv=HOME=/root", *NOTEBOOK)
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda name, *more, **most: look_up({NAME: edge.address}.get(name, name), *more, **most)
    )
    authority = tmp_path / "root.pem"
    authority.write_text(edge.internet.root("usual"))
    student = Student(Hub({"url": f"https://{NAME}", "ca": str(authority), "admin_token": TOKEN}), "ada")
    eventually(student.answers, "the notebook's server answers behind nginx")
    kernel = student.kernel()
    before = edge.shown()
    with kernel.kept_open():
        assert kernel.run("known = 6 * 7") == ""
        edge.run("rm", f"{LINEAGE}/fullchain.pem")
        edge.run("systemctl", "start", f"{UNIT}.service")
        assert edge.shown().serial_number != before.serial_number
        assert kernel.run("print(known)") == "42"
    edge.run("systemctl", "stop", "notebook")


@pytest.mark.seldom
def test_its_tls_is_graded_as_the_best(edge: Edge) -> None:
    report = edge.internet.grade(NAME, edge.address, edge.internet.root("usual"))
    assert report["overall_grade"] == "A+", report


@pytest.mark.seldom
def test_a_host_that_cannot_reach_itself_may_leave_the_look_out(edge: Edge) -> None:
    before = edge.shown()
    edge.run("rm", f"{LINEAGE}/fullchain.pem")
    # As behind a router that sends nobody back inside.
    known = edge.run("cat", "/etc/hosts")
    edge.lab.pipe(HOST, f"{known}\n{edge.address.rpartition('.')[0]}.200 {NAME}\n", "tee", "/etc/hosts")
    edge.run("systemctl", "start", f"{UNIT}.service", check=False)
    assert "certbot_preflight: false" in edge.run("journalctl", "--unit", UNIT)
    assert edge.shown() == before

    run = edge.converge(certbot_preflight=False)
    assert (run.returncode, run.recap[HOST]["rescued"]) == (0, 0), run.output
    assert edge.shown() != before
    assert edge.is_trusted("usual")
    edge.lab.pipe(HOST, f"{known}\n", "tee", "/etc/hosts")


@pytest.mark.seldom
def test_a_server_that_refuses_is_quoted_and_asked_no_more_than_it_bears(edge: Edge) -> None:
    edge.internet.lead(REFUSED, edge.address)
    before = edge.shown()
    refused = edge.converge(certbot_names=[NAME, REFUSED])
    assert "rejectedIdentifier" in refused.output or "forbidden" in words(refused.output), refused.output
    for _attempt in range(3):
        edge.run("systemctl", "start", f"{UNIT}.service", check=False)
    requests = edge.internet.requests("usual")
    edge.run("systemctl", "start", f"{UNIT}.service", check=False)
    assert edge.internet.requests("usual") == requests
    assert edge.shown() == before
    edge.run("rm", "/var/lib/galilean/instances/main/certbot/failures.json")
    mended = edge.converge()
    assert mended.returncode == 0, mended.output
    assert edge.unit() == "inactive"


def test_a_run_killed_between_new_pair_and_reload_is_mended_by_the_next(edge: Edge) -> None:
    # A reload that never comes: nginx goes on with what it has read.
    edge.run("systemctl", "stop", f"{UNIT}.timer")
    before = edge.shown()
    edge.run(
        "sh",
        "-c",
        "printf '[Service]\nExecReload=\nExecReload=sleep infinity\n' | systemctl edit --runtime --stdin nginx",
    )
    edge.run("rm", f"{LINEAGE}/fullchain.pem")
    edge.run("systemctl", "start", "--no-block", f"{UNIT}.service")

    eventually(lambda: "sleep infinity" in edge.run("ps", "-eo", "args"), "nginx was asked to reload")
    edge.run("systemctl", "kill", "--signal=KILL", f"{UNIT}.service")
    edge.run("systemctl", "revert", "nginx")
    edge.run("pkill", "-f", "sleep infinity")
    assert edge.shown() == before
    assert before.serial_number not in serials(edge)

    edge.run("systemctl", "start", f"{UNIT}.service")
    assert edge.shown().serial_number in serials(edge)


def test_a_name_that_leads_elsewhere_is_told_by_a_run_that_goes_on(edge: Edge) -> None:
    name = f"elsewhere.{NAME.partition('.')[2]}"
    edge.internet.lead(name, edge.internet.address)
    run = edge.converge("playbooks/release.yml", certbot_names=[NAME, name])
    told = f"{name} leads to {edge.internet.address}, where port 80 gives no answer"
    assert run.returncode != 0
    assert run.recap[HOST]["rescued"] == 1, "what comes after the certificate is done"
    assert told in words(run.output.rpartition("PLAY RECAP")[2]), "the last lines say why"


def serials(edge: Edge) -> list[int]:
    shown = edge.run("openssl", "x509", "-noout", "-serial", "-in", PAIR)
    return [int(shown.partition("=")[2], 16)]
