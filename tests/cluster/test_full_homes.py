"""A home that is full: its server starts, and its owner learns why nothing is saved."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from contextlib import closing

import pytest
import websocket
from client import Hub, Student
from homes import HOARD, SMALL_HOME_BYTES
from lab import Lab

pytestmark = pytest.mark.seldom


def head_of_a_terminal(student: Student, until: str) -> str:
    """What a new terminal shows, up to some words."""
    name = student.request("POST", "/api/terminals").json()["name"]
    connection = websocket.create_connection(
        f"{student.hub.url.replace('https://', 'wss://', 1)}{student.path}/terminals/websocket/{name}",
        header=[f"Authorization: token {student.hub.token}"],
        sslopt={"ca_certs": student.hub.ca, "cert_reqs": ssl.CERT_REQUIRED},
        timeout=60,
    )
    shown = ""
    with closing(connection):
        while until not in shown:
            kind, *content = json.loads(connection.recv())
            shown += content[0] if kind == "stdout" else ""
    return shown


def test_a_full_home_starts_runs_and_says_why_nothing_is_saved(
    placement: Lab, hub: Hub, shrink: Callable[[Student], None]
) -> None:
    placement.pause("europa")
    with hub.student("hoarder") as student:
        student.start()
        student.stop()
        shrink(student)
        student.start()
        assert student.save("notes.txt", "whole").status_code == 201
        assert student.run(HOARD) == "No space left on device"
        student.stop()

        student.start()
        assert student.run("print(6 * 7)") == "42"
        refused = student.save("notes.txt", "longer than before")
        assert refused.status_code == 507
        assert refused.json()["message"].startswith("Your home is full: ")
        assert student.request("GET", "/api/contents/notes.txt").json()["content"] == "whole"
        usage = student.request("GET", "/api/metrics/v1").json()
        assert usage["disk_used"] == usage["disk_total"] == SMALL_HOME_BYTES
        terminal = head_of_a_terminal(student, "du -ah ~")
        assert "Your home: 1.0M of 1.0M used (100%)." in terminal
        assert "It is full" in terminal

        for file in student.request("GET", "/api/contents").json()["content"]:
            if file["name"].startswith("hoard-"):
                assert student.request("DELETE", f"/api/contents/{file['name']}").status_code == 204
        assert student.save("notes.txt", "longer than before").status_code == 200
