"""The names at which people reach the hub."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.public_names import (
    public_names,
    subdomains_are_those_of_a_name,
)
from clusters import with_values


@pytest.mark.parametrize(
    ("url", "subdomains", "names"),
    [
        ("https://Hub.example.org:8443", False, ["hub.example.org"]),
        ("https://hub.example.org", True, ["hub.example.org", "*.hub.example.org"]),
        ("", True, []),
    ],
)
def test_names(url: str, subdomains: bool, names: list[str]) -> None:
    assert public_names({"cluster_public_url": url, "jupyterhub_user_subdomains": subdomains}) == names


@pytest.mark.parametrize("host", ["192.0.2.7", "[2001:db8::7]"])
def test_an_address_has_no_subdomains(host: str) -> None:
    given = {"cluster_public_url": f"https://{host}", "jupyterhub_user_subdomains": True}
    (finding,) = subdomains_are_those_of_a_name(with_values(**given))
    assert finding.problem == f"{host.strip('[]')} is an address, which has no subdomains"
    assert not list(subdomains_are_those_of_a_name(with_values(**{**given, "jupyterhub_user_subdomains": False})))
    assert not list(subdomains_are_those_of_a_name(with_values(**{**given, "cluster_public_url": "https://localhost"})))
