"""Who may go on: by whose the lease is, by the host's clock, and by what a run knows of itself and of others."""

from __future__ import annotations

import json

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.lease import (
    LEASE_SECONDS,
    Decision,
    Lease,
    Moment,
    decide,
)

ADA, BOB = "ada's run", "bob's run"
RENEWED = Moment("first boot", 5000)
LATER = Moment("first boot", 5000 + LEASE_SECONDS - 1)
OVER = Moment("first boot", 5000 + LEASE_SECONDS)
JUST_UP = Moment("second boot", 20)
LONG_UP = Moment("second boot", LEASE_SECONDS)
HERS = Lease(ADA, "ada@laptop", RENEWED)


@pytest.mark.parametrize(
    ("lease", "run", "now", "holds", "ended", "expected"),
    [
        (None, ADA, RENEWED, False, None, Decision.TAKE),
        (HERS, ADA, LATER, True, None, Decision.RENEW),
        (HERS, ADA, OVER, True, None, Decision.RENEW),
        (HERS, ADA, JUST_UP, True, None, Decision.RENEW),
        # Its controller was interrupted before it had written down that the lease was taken.
        (HERS, ADA, LATER, False, None, Decision.RENEW),
        (HERS, BOB, RENEWED, False, None, Decision.REFUSE),
        (HERS, BOB, LATER, False, None, Decision.REFUSE),
        (HERS, BOB, OVER, False, None, Decision.TAKE),
        (HERS, BOB, JUST_UP, False, None, Decision.REFUSE),
        (HERS, BOB, LONG_UP, False, None, Decision.TAKE),
        (HERS, BOB, LATER, False, ADA, Decision.TAKE),
        (HERS, BOB, LATER, False, "carol's run", Decision.REFUSE),
        (HERS, BOB, LATER, True, None, Decision.LOST),
        (HERS, BOB, OVER, True, None, Decision.LOST),
        (HERS, BOB, LATER, True, ADA, Decision.LOST),
        (None, ADA, LATER, True, None, Decision.LOST),
    ],
)
def test_who_may_go_on(
    lease: Lease | None, run: str, now: Moment, holds: bool, ended: str | None, expected: Decision
) -> None:
    assert decide(lease, run, now, holds, ended) == expected


@pytest.mark.parametrize(
    ("now", "left"), [(RENEWED, LEASE_SECONDS), (LATER, 1), (OVER, 0), (JUST_UP, LEASE_SECONDS - 20), (LONG_UP, 0)]
)
def test_a_restart_neither_ends_a_lease_nor_keeps_it_for_ever(now: Moment, left: float) -> None:
    assert HERS.seconds_left(now) == left


def test_a_lease_is_read_as_it_was_written() -> None:
    assert Lease.parse(str(HERS)) == HERS


@pytest.mark.parametrize("text", ["", "ada", "[]", "{}", json.dumps({"run": "", "name": "", "renewed": {"boot": ""}})])
def test_what_is_no_lease_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="it is no lease"):
        Lease.parse(text)
