"""Who gets a certificate, and for which address."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    form,
)


def test_addresses_are_those_of_one_host() -> None:
    assert form("swarm_tls", "swarm_tls_address") is ADDRESS


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("swarm_tls_clients", ["hub.main", "admin"], ["", "a b", "*", "10.0.0.1"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("swarm_tls", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)
