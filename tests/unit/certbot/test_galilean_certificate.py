"""When a certificate is ordered, when it is an alarm, and when the server is left in peace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import galilean_certificate as program
import pytest
from ansible_collections.galilean.hub.plugins.module_utils.certificate_pair import Pair, load
from pairs import NOW, certificate, pem_of_key, private_key

NAMES = ["hub.example.org"]
SERVER = "https://acme.example.org/directory"


def settings(**changed: Any) -> program.Settings:
    given = {
        "instance": "main",
        "names": NAMES,
        "certbot": "/usr/bin/certbot",
        "configuration": Path("/etc/certbot.ini"),
        "directory": Path("/var/lib/certbot"),
        "server": SERVER,
        "key_type": "ecdsa",
        "webroot": "/var/www",
        "served": Path("/etc/site.pem"),
        "service": "nginx.service",
        "https_port": 443,
        "alarm_days": 20,
        "metrics": Path("/var/lib/metrics"),
        "unit": "galilean-certificate-main.service",
    }
    return program.Settings(**{**given, **changed})


def pair(left_days: float, lifetime_days: float = 90, kind: str = "ecdsa") -> Pair:
    key, lifetime = private_key(kind), timedelta(days=lifetime_days)
    start = NOW + timedelta(days=left_days) - lifetime
    return load(certificate(NAMES, key, start=start, lifetime=lifetime), pem_of_key(key))


@pytest.mark.parametrize(("left", "lifetime"), [(90, 90), (31, 90), (2.1, 6)])
def test_one_that_is_sound_is_left_alone(left: float, lifetime: float) -> None:
    assert program.reasons_to_obtain(pair(left, lifetime), SERVER, settings(), NOW) == []


@pytest.mark.parametrize(
    ("found", "origin", "changed", "reason"),
    [
        (None, "", {}, "there is none"),
        (pair(29), SERVER, {}, "it expires on 2026-12-28 12:00 UTC"),
        (pair(1.9, 6), SERVER, {}, "it expires on 2026-12-01"),
        (pair(80), SERVER, {"names": [*NAMES, "*.hub.example.org"]}, "not for *.hub.example.org"),
        (pair(80), "https://staging.example.org", {}, "it is from https://staging.example.org"),
        (pair(80), "", {}, "it is from somebody else"),
        (pair(80, kind="rsa"), SERVER, {}, "its key is of the type rsa"),
    ],
    ids=["none", "last third", "last third of a short one", "more names", "another server", "nobody's", "another key"],
)
def test_another_is_needed(found: Pair | None, origin: str, changed: dict[str, Any], reason: str) -> None:
    (told,) = program.reasons_to_obtain(found, origin, settings(**changed), NOW)
    assert reason in told


@pytest.mark.parametrize(
    ("minutes_ago", "again_in"),
    [
        ([], None),
        ([90, 80, 70, 61], None),
        ([50, 40, 30], None),
        ([59, 40, 30, 0], 1),
        ([59, 50, 40, 30, 20], 10),
    ],
)
def test_the_server_is_asked_less_often_than_it_punishes(minutes_ago: list[float], again_in: float | None) -> None:
    failures = [(NOW - timedelta(minutes=minutes)).timestamp() for minutes in minutes_ago]
    expected = None if again_in is None else NOW + timedelta(minutes=again_in)
    assert program.next_order(failures, NOW) == expected


@pytest.mark.parametrize(
    ("left", "lifetime", "alarming"),
    [(21, 90, False), (19, 90, True), (11, 45, False), (9, 45, True), (-1, 90, True)],
)
def test_little_time_is_an_alarm(left: float, lifetime: float, alarming: bool) -> None:
    assert bool(program.alarm(pair(left, lifetime), 20, NOW)) is alarming


def test_no_certificate_at_all_is_an_alarm() -> None:
    assert program.alarm(None, 20, NOW)


def test_of_a_failure_only_what_says_why_is_kept() -> None:
    output = """Saving debug log to /var/log/letsencrypt.log

Renewing an existing certificate for hub.example.org
An unexpected error occurred:
The server will not issue certificates for the identifier
Ask for help or search for solutions at https://community.example.org.
"""
    assert program.words_of(output).splitlines() == [
        "Renewing an existing certificate for hub.example.org",
        "An unexpected error occurred:",
        "The server will not issue certificates for the identifier",
    ]
