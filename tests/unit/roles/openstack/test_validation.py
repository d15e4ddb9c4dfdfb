"""A description of a cloud is whole, or none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.roles.openstack.meta import validation

WHOLE: dict[str, Any] = {
    "openstack_cloud": "campus",
    "openstack_cluster": "crater",
    "openstack_external_network": "public",
    "openstack_hub_flavor": "m1.medium",
    "openstack_image": "debian-13",
    "openstack_node_flavor": "",
    "openstack_nodes": 0,
    "openstack_public_key": "ssh-ed25519 AAAA galileo@padua",
}


def missing(**changed: Any) -> list[str]:
    values = {"localhost": {**WHOLE, **changed}}
    cluster = Cluster({"all": ["localhost"], "cloud": ["localhost"]}, values, {}, {}, {}, {}, {}, {}, {})
    return [finding.variable for rule in validation.RULES for finding in rule(cluster)]


def test_a_whole_description_lacks_nothing() -> None:
    assert missing() == []
    assert missing(openstack_nodes=2, openstack_node_flavor="m1.small") == []


def test_without_a_cloud_nothing_is_wanted() -> None:
    assert missing(openstack_cloud="", openstack_image="", openstack_cluster="") == []


@pytest.mark.parametrize("name", sorted(validation.DESCRIPTION))
def test_what_is_missing_is_named(name: str) -> None:
    assert missing(**{name: ""}) == [name]


def test_nodes_need_a_flavor() -> None:
    assert missing(openstack_nodes=1) == ["openstack_node_flavor"]


KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIOC8UTtN00kgkVqVM/40sk6q4WDZXgCI0VtUuohJXRzu"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        (f"ssh-ed25519 {KEY}", True),
        (f"ssh-ed25519 {KEY} galileo@padua", True),
        (f"ssh-rsa {KEY}", False),
        (f"ssh-ed25519 {KEY[1:]}", False),
        (f"ssh-ed25519 {KEY[:-1]}", False),
        ("ssh-ed25519 AAAA", False),
        (f"ssh-ed25519 {KEY}\nssh-ed25519 {KEY}", False),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", False),
    ],
)
def test_a_public_key_is_one(text: str, fits: bool) -> None:
    assert bool(validation.FORMS["openstack_public_key"].fits(text)) is fits


@pytest.mark.parametrize("text", ["10.77.0.0/24", "192.168.0.0/16"])
def test_a_private_range(text: str) -> None:
    assert validation.FORMS["openstack_network_range"].fits(text)


@pytest.mark.parametrize("text", ["10.77.0.1/24", "198.18.0.0/33", "8.8.8.0/24", "10.77.0.0/30", "fd00::/64", ""])
def test_no_private_range(text: str) -> None:
    assert not validation.FORMS["openstack_network_range"].fits(text)


@pytest.mark.parametrize(
    ("hub", "cloud", "is_told"),
    [("crater-hub", "campus", False), ("basin-hub", "campus", True), ("jupiter", "", False)],
)
def test_an_inventory_that_finds_another_cluster_is_refused(hub: str, cloud: str, is_told: bool) -> None:
    """As a copy of an inventory does in which one of two files still has the first name."""
    values = {hub: {**WHOLE, "openstack_cloud": cloud}}
    cluster = Cluster({"all": [hub], "hub": [hub]}, values, {}, {}, {}, {}, {}, {}, {})
    told = [finding for rule in validation.RULES for finding in rule(cluster)]
    assert [finding.problem for finding in told] == [
        "the inventory finds the hub basin-hub, and not crater-hub"
    ] * is_told


@pytest.mark.parametrize(
    ("network", "nodes", "named"),
    [("", 11, []), ("", 12, ["openstack_network_range"]), ("campus", 12, [])],
)
def test_the_range_has_room_for_all_servers(network: str, nodes: int, named: list[str]) -> None:
    """Sixteen addresses, of which the range itself, its gateway and one server of DHCP take four."""
    described = {"openstack_network": network, "openstack_network_range": "10.77.0.0/28", "openstack_nodes": nodes}
    assert missing(**described, openstack_node_flavor="m1.small") == named
