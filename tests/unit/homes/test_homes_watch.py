"""What follows from what the guards say. The scenario of the role tries it on a Swarm."""

from __future__ import annotations

from typing import Any

import pytest
from homes_watch import Answer, address_of, is_watched, wanted_spec

DEAD_AFTER = 300
SERVERS = {"galilean.servers": "true"}
MARKED = {**SERVERS, "galilean.homes": "dead"}


@pytest.mark.parametrize(
    ("availability", "labels", "answer", "wanted"),
    [
        ("active", SERVERS, Answer(2, ""), None),
        ("active", SERVERS, Answer(299, "no answer within 10 s"), None),
        ("active", SERVERS, Answer(300, "Stale file handle"), ("drain", MARKED)),
        ("drain", MARKED, Answer(900, "Stale file handle"), None),
        ("drain", MARKED, Answer(2, "not looked for yet"), None),
        ("drain", MARKED, Answer(2, ""), ("active", SERVERS)),
        ("drain", SERVERS, Answer(2, ""), None),
        ("drain", SERVERS, Answer(900, "Stale file handle"), None),
        ("pause", SERVERS, Answer(900, "Stale file handle"), None),
    ],
    ids=[
        "seen",
        "stalled",
        "dead",
        "drained by the watch, still dead",
        "drained by the watch, its guard has just started",
        "drained by the watch, seen again",
        "drained by a person, seen",
        "drained by a person, dead",
        "paused by a person, dead",
    ],
)
def test_a_node_is_drained_when_its_homes_are_dead_and_taken_back_when_seen(
    availability: str, labels: dict[str, str], answer: Answer, wanted: tuple[str, dict[str, str]] | None
) -> None:
    spec = {"Role": "worker", "Availability": availability, "Labels": labels}
    expected = {"Role": "worker", "Availability": wanted[0], "Labels": wanted[1]} if wanted else None
    assert wanted_spec(spec, answer, DEAD_AFTER) == expected


def node(state: str = "ready", **spec: Any) -> dict[str, Any]:
    return {"Spec": spec, "Status": {"State": state, "Addr": "10.0.0.12"}}


def test_nodes_that_run_servers_and_are_there_are_asked() -> None:
    assert is_watched(node(Labels=SERVERS))
    assert not is_watched(node("down", Labels=SERVERS))
    assert not is_watched(node(Labels={"galilean.servers": "false"}))
    assert not is_watched(node())


@pytest.mark.parametrize(
    ("manager", "address"),
    [({}, "10.0.0.12"), ({"Addr": "10.0.0.11:2377"}, "10.0.0.11"), ({"Addr": "[fd00::1]:2377"}, "fd00::1")],
)
def test_a_node_is_asked_at_its_private_address(manager: dict[str, str], address: str) -> None:
    assert address_of({**node(), "ManagerStatus": manager}) == address
