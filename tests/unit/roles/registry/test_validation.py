"""Where images are kept."""

from __future__ import annotations

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    form,
)


def test_addresses_are_those_of_one_host() -> None:
    assert form("registry", "registry_address") is ADDRESS
