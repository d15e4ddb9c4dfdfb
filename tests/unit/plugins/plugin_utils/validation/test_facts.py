"""What a host tells of its network: what is usual passes, and what would lock people out or let them in is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import facts
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding

NAMED = {"cluster_private_address": "10.0.0.11"}
ETH0 = {"default_ipv4": {"address": "192.0.2.11", "interface": "eth0"}, "default_ipv6": {}}
BR0 = {"default_ipv4": {"address": "192.0.2.11", "interface": "br0"}}
DOCKER0 = {"docker0": {"device": "docker0", "ipv4": {"address": "172.17.0.1"}}, "lo": {"device": "lo"}}
LAN = {"br_lan": {"device": "br-lan", "ipv4": {"address": "10.0.0.11"}, "ipv6": [{"address": "fd00::11"}]}}


def findings(
    told: dict[str, Any], private_address: str = "192.0.2.11", reached_at: Sequence[str] = (), **given: str
) -> list[Finding]:
    """What is found of io with these facts, and the private address that follows from them or is given."""
    values = {"base_container_interfaces": ["docker*", "br-*"], "cluster_private_address": private_address}
    return list(facts.check("io", {"ansible_facts": told, **given}, values, reached_at))


@pytest.mark.parametrize(
    ("told", "given"),
    [
        (ETH0, {}),
        (BR0, {}),
        ({}, {}),
        ({**ETH0, **DOCKER0, **LAN}, {}),
        ({"default_ipv4": {}}, NAMED),
        ({"default_ipv4": {"address": "0.0.0.0/0"}}, NAMED),
    ],
)
def test_what_is_usual_passes(told: dict[str, Any], given: dict[str, str]) -> None:
    assert findings(told, **given) == []


@pytest.mark.parametrize("address", ["0.0.0.0/0", "10.0.0.0/8", "224.0.0.1", "127.0.0.1", "any", "::", ["10.0.0.11"]])
def test_what_a_host_tells_is_judged_like_what_is_written(address: Any) -> None:
    (finding,) = findings({"default_ipv4": {"address": address, "interface": "eth0"}})
    assert (finding.host, finding.variable) == ("io", "cluster_private_address")
    assert finding.problem.startswith('expected the IP address of one host in the fact default_ipv4, found "')
    assert str(address) in finding.problem


def test_a_host_that_tells_none_is_named() -> None:
    (finding,) = findings({"default_ipv4": {}})
    assert (finding.variable, "no default route" in finding.problem) == ("cluster_private_address", True)


@pytest.mark.parametrize(
    ("told", "private_address", "reached_at"),
    [
        ({"default_ipv4": {"address": "10.0.0.11", "interface": "br-lan"}}, "192.0.2.11", ()),
        ({**ETH0, "default_ipv6": {"interface": "br-lan"}}, "192.0.2.11", ()),
        ({**ETH0, **LAN}, "10.0.0.11", ()),
        ({**ETH0, **LAN}, "fd00::11", ()),
        ({**ETH0, **LAN}, "192.0.2.11", ["192.0.2.11", "10.0.0.11"]),
    ],
)
def test_an_interface_by_which_the_host_is_reached_is_no_containers(
    told: dict[str, Any], private_address: str, reached_at: Sequence[str]
) -> None:
    (finding,) = findings(told, private_address, reached_at)
    assert (finding.host, finding.variable) == ("io", "base_container_interfaces")
    assert finding.problem == "br-* is br-lan too, by which the host is reached"


def test_two_hosts_of_one_host_name_are_named() -> None:
    told = {"jupiter": {"nodename": "debian"}, "io": {"nodename": "io.example.org"}, "europa": {"nodename": "debian"}}
    (finding,) = facts.host_names_apart({**told, "callisto": {}, "ganymede": {}})
    assert (finding.host, finding.variable) == ("europa", "host name")
    assert finding.problem == '"debian" is the host name of jupiter too'
    assert "hostnamectl set-hostname europa" in finding.advice


@pytest.mark.parametrize(
    ("name", "version"),
    [("Debian", "12.12"), ("Debian", "13"), ("Debian", "13.2"), ("Ubuntu", "24.04"), ("Ubuntu", "26.04")],
)
def test_systems_that_hosts_may_have(name: str, version: str) -> None:
    assert findings({**ETH0, "distribution": name, "distribution_version": version}) == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("Debian", "11.9"),
        ("Debian", "testing"),
        ("Ubuntu", "22.04"),
        ("Ubuntu", "24.10"),
        ("Rocky", "9.4"),
        ("Debian", "120"),
    ],
)
def test_a_host_with_another_system_is_named(name: str, version: str) -> None:
    (finding,) = findings({**ETH0, "distribution": name, "distribution_version": version})
    assert (
        finding.problem == f'expected Debian 12 or Debian 13 or Ubuntu 24.04 or Ubuntu 26.04, found "{name} {version}"'
    )
