"""Where the homes are watched."""

from __future__ import annotations

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    form,
)


def test_addresses_are_those_of_one_host() -> None:
    assert form("homes", "homes_address") is ADDRESS
