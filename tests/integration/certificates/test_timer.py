"""Nobody does anything, and the certificate is renewed; or it cannot be, and somebody is told."""

from __future__ import annotations

import pytest
from client import eventually
from edges import NAME, UNIT, Edge, MakeEdge

# A certificate of this server's is due after half a minute.
SERVER = "short"


@pytest.fixture(scope="module")
def edge(make_edge: MakeEdge) -> Edge:
    given = {"certbot_renewal_calendar": "*:*:0/3", "certbot_renewal_random_delay_seconds": 0}
    edge = make_edge(**given)
    edge.variables = {**edge.variables, "certbot_server": edge.internet.url(SERVER)}
    run = edge.converge()
    assert run.returncode == 0, run.output
    return edge


@pytest.mark.seldom
def test_the_timer_renews_what_is_due(edge: Edge) -> None:
    before = edge.shown()
    eventually(lambda: edge.shown() != before, "another certificate is shown")
    assert edge.is_trusted(SERVER)
    assert edge.shown().not_valid_before_utc > before.not_valid_before_utc


@pytest.mark.seldom
def test_what_cannot_be_renewed_raises_the_alarm_and_the_next_look_mends_it(edge: Edge) -> None:
    edge.internet.lead(NAME, edge.internet.address)
    eventually(lambda: edge.metrics()["galilean_certificate_failing"] == 1, "the alarm")
    before = edge.shown()
    assert edge.metrics()["galilean_certificate_expiry_seconds"] == before.not_valid_after_utc.timestamp()
    eventually(lambda: "days from now" in edge.run("journalctl", "--unit", UNIT), "it is said how long it lasts")

    edge.internet.lead(NAME, edge.address)
    eventually(lambda: edge.metrics()["galilean_certificate_failing"] == 0, "the alarm ends")
    assert edge.shown() != before
    assert edge.is_trusted(SERVER)
