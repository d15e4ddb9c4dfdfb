"""Somebody whose files are asked for is found as the hub has the name."""

from __future__ import annotations

import asyncio
import socket

import pytest
from galilean_hub import person
from galilean_hub.person import answer
from galilean_hub.slug import slug

# Where nobody listens.
NO_HUB = "http://127.0.0.1:1"


@pytest.mark.parametrize("name", ["renée lovelace", "Renée Lovelace", "RENE\u0301E Lovelace"])
def test_a_name_is_taken_in_any_spelling(name: str) -> None:
    found = asyncio.run(answer(name, NO_HUB, "token", None))
    assert found["home"] == slug("renée lovelace")


def test_a_hub_that_does_not_answer_is_told_with_the_home() -> None:
    found = asyncio.run(answer("ada", NO_HUB, "token", 5))
    assert found["ok"] is False
    assert "127.0.0.1" in found["error"]


@pytest.mark.parametrize("timeout_seconds", [None, 60])
def test_a_hub_that_hangs_is_told_with_the_home(monkeypatch: pytest.MonkeyPatch, timeout_seconds: float | None) -> None:
    monkeypatch.setattr(person, "ANSWER_SECONDS", 0.2)
    # It takes connections, and says nothing.
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        found = asyncio.run(answer("ada", url, "token", timeout_seconds))
    assert found == {"ok": False, "home": slug("ada"), "error": "the hub does not answer within 0.2 s"}
