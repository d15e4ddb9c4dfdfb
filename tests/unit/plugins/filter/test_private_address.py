"""The address of another host: told by a variable or a fact, and refused unless one host has it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.filter.private_address import private_address

UNREACHED: dict[str, Any] = {"ansible_facts": {}, "groups": {"hub": ["io"]}}


def told(address: object) -> dict[str, Any]:
    """Variables of a host whose interface with the default route has this address."""
    return {"ansible_facts": {"default_ipv4": {"address": address}, "hostname": "io"}, "cluster_facts": {}}


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        (told("192.0.2.12"), "192.0.2.12"),
        ({**told("192.0.2.12"), "cluster_private_address": "fd00::12"}, "fd00::12"),
        ({**UNREACHED, "cluster_private_address": "10.0.0.12"}, "10.0.0.12"),
    ],
)
def test_the_variable_goes_before_the_fact(variables: dict[str, Any], address: str) -> None:
    assert private_address("io", {"io": variables}) == address


@pytest.mark.parametrize("address", ["0.0.0.0/0", "::/0", "10.0.0.0/8", "0.0.0.0", "::", "224.0.0.1", "any", "", None])
@pytest.mark.parametrize("source", ["the fact default_ipv4", "cluster_private_address"])
def test_what_is_no_address_of_one_host_is_refused_by_name(address: str | None, source: str) -> None:
    variables = told(address) if source.startswith("the") else {**told("10.0.0.1"), source: address}
    with pytest.raises(AnsibleFilterError) as refused:
        private_address("io", {"io": variables})
    assert str(refused.value).startswith(f'io: expected the IP address of one host in {source}, found "{address}"')


def test_a_host_of_which_nothing_is_known_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="it is not known where io is: let a run reach it"):
        private_address("io", {"io": UNREACHED})
