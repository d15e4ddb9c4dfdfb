"""What follows from what the guards say. The scenario of the role tries it on a Swarm."""

from __future__ import annotations

from typing import Any

import pytest
from homes_watch import Answer, Record, address_of, is_watched, sees_for_others, wanted_spec

DEAD_AFTER = 300
SERVERS = {"galilean.servers": "true"}
WAITING = {**SERVERS, "galilean.homes": "waiting"}
PAUSED = {**SERVERS, "galilean.homes": "paused"}
MARKED = {**SERVERS, "galilean.homes": "dead"}


@pytest.mark.parametrize(
    ("availability", "labels", "answer", "wanted"),
    [
        ("active", SERVERS, Answer(2, ""), None),
        ("active", SERVERS, Answer(29, "no answer within 10 s"), None),
        ("active", SERVERS, Answer(30, "no answer within 10 s"), ("pause", PAUSED)),
        ("pause", PAUSED, Answer(299, "no answer within 10 s"), None),
        ("pause", PAUSED, Answer(2, ""), ("active", SERVERS)),
        ("pause", PAUSED, Answer(300, "no answer within 10 s"), ("drain", MARKED)),
        ("active", SERVERS, Answer(300, "Stale file handle"), ("drain", MARKED)),
        ("active", PAUSED, Answer(300, "Stale file handle"), None),
        ("active", PAUSED, Answer(2, ""), ("active", SERVERS)),
        ("drain", PAUSED, Answer(2, ""), ("drain", SERVERS)),
        ("drain", MARKED, Answer(900, "Stale file handle"), None),
        ("drain", MARKED, Answer(2, "not looked for yet"), None),
        ("drain", MARKED, Answer(2, ""), ("active", SERVERS)),
        ("drain", SERVERS, Answer(2, ""), None),
        ("drain", SERVERS, Answer(900, "Stale file handle"), None),
        ("pause", SERVERS, Answer(900, "Stale file handle"), None),
        ("pause", MARKED, Answer(2, ""), ("pause", SERVERS)),
    ],
    ids=[
        "seen",
        "stalled for a moment",
        "hanging",
        "paused by the watch, still hanging",
        "paused by the watch, seen again",
        "paused by the watch, dead",
        "dead",
        "paused by the watch, then made active by a person, dead",
        "paused by the watch, then made active by a person, seen again",
        "paused by the watch, then drained by a person, seen again",
        "drained by the watch, still dead",
        "drained by the watch, its guard has just started",
        "drained by the watch, seen again",
        "drained by a person, seen",
        "drained by a person, dead",
        "paused by a person, dead",
        "drained by the watch, then paused by a person, seen again",
    ],
)
def test_a_node_is_paused_when_its_homes_hang_drained_when_they_are_dead_and_taken_back_when_seen(
    availability: str, labels: dict[str, str], answer: Answer, wanted: tuple[str, dict[str, str]] | None
) -> None:
    spec = {"Role": "worker", "Availability": availability, "Labels": labels}
    expected = {"Role": "worker", "Availability": wanted[0], "Labels": wanted[1]} if wanted else None
    record = Record(answered_at=0, unseen_by_others_at=0)
    assert wanted_spec(spec, answer, record.dead_seconds(answer, now=1000), DEAD_AFTER) == expected


@pytest.mark.parametrize(
    ("availability", "labels", "dead_seconds", "wanted"),
    [
        ("active", SERVERS, 0, ("active", WAITING)),
        ("active", WAITING, 0, None),
        ("active", WAITING, 30, ("pause", PAUSED)),
        ("pause", PAUSED, 0, None),
        ("drain", MARKED, 0, None),
        ("pause", SERVERS, 0, None),
    ],
)
def test_a_node_waits_as_it_is_while_nobody_sees_the_homes(
    availability: str, labels: dict[str, str], dead_seconds: float, wanted: tuple[str, dict[str, str]] | None
) -> None:
    spec = {"Availability": availability, "Labels": labels}
    expected = {"Availability": wanted[0], "Labels": wanted[1]} if wanted else None
    assert wanted_spec(spec, Answer(100, "no answer within 10 s"), dead_seconds, DEAD_AFTER) == expected


@pytest.mark.parametrize(
    ("unseen_seconds", "unseen_by_others_at", "dead_seconds"),
    [(400, 100, 400), (400, 1000, 0), (400, 950, 50)],
    ids=["another saw them all the while", "nobody sees them", "the storage host is back after an outage"],
)
def test_homes_that_nobody_sees_are_not_dead(
    unseen_seconds: float, unseen_by_others_at: float, dead_seconds: float
) -> None:
    record = Record(answered_at=1000, unseen_by_others_at=unseen_by_others_at)
    assert record.dead_seconds(Answer(unseen_seconds, "no answer within 10 s"), now=1000) == dead_seconds


@pytest.mark.parametrize(
    ("availability", "answer", "sees"),
    [
        ("active", Answer(2, ""), True),
        ("active", Answer(40, ""), False),
        ("active", Answer(2, "not looked for yet"), False),
        ("active", None, False),
        ("pause", Answer(2, ""), False),
    ],
)
def test_a_node_sees_for_others_where_their_servers_would_start(
    availability: str, answer: Answer | None, sees: bool
) -> None:
    assert sees_for_others(node(Availability=availability), answer) == sees


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
