"""What a host tells of its network: what is usual passes, and what would lock people out is named."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.validation import facts

CONTAINERS = {"base_container_interfaces": ["docker*", "br-*", "gal-*"]}
ETH0 = {"default_ipv4": {"address": "192.0.2.11", "interface": "eth0"}, "default_ipv6": {}}
LAN = {"device": "br-lan", "ipv4": {"address": "10.0.0.11"}, "ipv6": [{"address": "fd00::11"}]}


@pytest.mark.parametrize(
    ("told", "values"),
    [
        (ETH0, CONTAINERS),
        (ETH0, {}),
        ({}, CONTAINERS),
        ({"default_ipv4": {"interface": "br0"}}, CONTAINERS),
        (
            {**ETH0, "docker0": {"device": "docker0", "ipv4": {"address": "172.17.0.1"}}, "lo": {"device": "lo"}},
            CONTAINERS,
        ),
        ({**ETH0, "br_lan": LAN}, {**CONTAINERS, "cluster_private_address": "192.0.2.11"}),
    ],
)
def test_what_is_usual_passes(told: dict[str, Any], values: dict[str, Any]) -> None:
    assert not list(facts.check("io", told, values))


@pytest.mark.parametrize(
    ("told", "private_address"),
    [
        ({"default_ipv4": {"interface": "br-lan"}}, None),
        ({"default_ipv4": {}, "default_ipv6": {"interface": "br-lan"}}, None),
        ({**ETH0, "br_lan": LAN}, "10.0.0.11"),
        ({**ETH0, "br_lan": LAN}, "fd00::11"),
    ],
)
def test_an_interface_by_which_the_host_is_reached_is_no_containers(told: dict[str, Any], private_address: str) -> None:
    (finding,) = facts.check("io", told, {**CONTAINERS, "cluster_private_address": private_address})
    assert (finding.host, finding.variable) == ("io", "base_container_interfaces")
    assert finding.problem == "br-* is br-lan too, by which the host is reached"
