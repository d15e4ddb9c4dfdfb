"""What base takes for firewall, SSH and kernel, and what it refuses."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import ADDRESS
from clusters import (
    form,
    problems,
)


def test_addresses_are_those_of_one_host() -> None:
    assert form("base", "base_cluster_addresses") is ADDRESS


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("base_ssh_sources", ["192.0.2.1", "192.0.2.0/24", "::/0"], ["", "192.0.2.1/24", "any", "fe80::1%eth0"]),
        ("base_firewall_rules.ports", ["22", "6000-6010"], ["", "0", "65536", "9-8", "1-2-3", "ssh", "22;"]),
        ("base_container_interfaces", ["docker0", "gal-*"], ["", "*", 'x"', "x" * 16]),
        ("base_unattended_upgrades_excluded", ["runc$", "docker\\.io$"], ["", 'a"', "a;b", "a b"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("base", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []
    assert wanted.fits(wanted.example)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "base_sysctls",
            [{"net.ipv4.ip_forward": 1, "kernel.core_pattern": "core"}, {"vm.swappiness": "10"}],
            [{"net.ipv4.ip_forward": "1\nx"}, {"-x y = 1": 1}],
        ),
        (
            "base_ca_certificates",
            [{"site": "/srv/ca.pem"}, {"site": "~/ca.pem"}],
            [{"../site": "/srv/ca.pem"}, {"site": "ca.pem"}],
        ),
        ("base_ssh_sources", [["192.0.2.1"]], [[]]),
    ],
)
def test_values(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if problems("base", name, value)] == []
    assert [value for value in bad if len(problems("base", name, value)) != 1] == []


def test_ports_are_numbers_or_ranges() -> None:
    rule = {"name": "x", "protocol": "tcp"}
    assert problems("base", "base_firewall_rules", [{**rule, "ports": [22, "6000-6010"]}]) == []
    assert len(problems("base", "base_firewall_rules", [{**rule, "ports": [0, True, "ssh", [22]]}])) == 4
    assert len(problems("base", "base_firewall_rules", [{**rule, "ports": []}])) == 1
