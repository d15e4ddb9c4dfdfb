"""Security groups let in what roles declare for the servers of a role, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.filter.security_groups_of import security_groups_of

SERVERS = [
    {"name": "crater-hub", "role": "hub"},
    {"name": "crater-node-1", "role": "nodes"},
    {"name": "crater-node-2", "role": "nodes"},
]


def groups(*declared: dict[str, Any], ssh_sources: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    made = security_groups_of(declared, "crater", SERVERS, "crater-hub", ssh_sources)
    return {group["name"]: group["rules"] for group in made}


def test_all_servers_reach_the_world_and_each_other_by_ssh() -> None:
    rules = groups()["crater"]
    assert {rule["ether_type"] for rule in rules if rule["direction"] == "egress"} == {"IPv4", "IPv6"}
    ingress = [(rule["protocol"], rule["remote_group"]) for rule in rules if rule["direction"] == "ingress"]
    assert ingress == [("icmp", "crater"), ("tcp", "crater")]


@pytest.mark.parametrize(
    ("rule", "hub", "nodes"),
    [
        ({"protocol": "tcp", "ports": [2049], "hosts": ["crater-hub"], "from": ["cluster"]}, 1, 0),
        ({"protocol": "tcp", "ports": [2376], "hosts": ["crater-hub", "crater-node-2"], "from": ["cluster"]}, 1, 1),
        # The hub's container has the address of its host there.
        ({"protocol": "tcp", "ports": [2376], "hosts": ["crater-node-1"], "from": ["cluster", "hub"]}, 0, 1),
        ({"protocol": "udp", "ports": [7946, "4789-4790"], "hosts": ["crater-node-1"], "from": ["cluster"]}, 0, 2),
        ({"protocol": "esp", "hosts": ["crater-node-1"], "from": ["cluster"]}, 0, 1),
        ({"protocol": "tcp", "ports": [443], "hosts": ["crater-hub"], "from": ["anywhere"]}, 2, 0),
        ({"protocol": "tcp", "ports": [443], "hosts": [], "from": ["anywhere"]}, 0, 0),
    ],
)
def test_a_rule_is_for_the_servers_that_it_names(rule: dict[str, Any], hub: int, nodes: int) -> None:
    made = groups({"name": "rule", **rule})
    assert (len(made["crater-hub"]), len(made["crater-nodes"])) == (hub, nodes)


def test_who_connects_from_the_cluster_is_in_its_group_and_anybody_has_both_families() -> None:
    nfs = {"name": "NFS", "protocol": "tcp", "ports": [2049], "hosts": ["crater-hub"], "from": ["cluster"]}
    web = {"name": "web", "protocol": "tcp", "ports": ["80-81"], "hosts": ["crater-hub"], "from": ["anywhere"]}
    common = {"direction": "ingress", "protocol": "tcp"}
    assert groups(nfs, web)["crater-hub"] == [
        {**common, "description": "NFS", "port_range_min": 2049, "port_range_max": 2049, "remote_group": "crater",
         "ether_type": "IPv4"},
        {**common, "description": "web", "port_range_min": 80, "port_range_max": 81, "remote_ip_prefix": "0.0.0.0/0",
         "ether_type": "IPv4"},
        {**common, "description": "web", "port_range_min": 80, "port_range_max": 81, "remote_ip_prefix": "::/0",
         "ether_type": "IPv6"},
    ]  # fmt: skip


def test_two_roles_may_open_the_same() -> None:
    rule = {"protocol": "tcp", "ports": [9100], "hosts": ["crater-hub"], "from": ["cluster"]}
    assert len(groups({"name": "one", **rule}, {"name": "other", **rule})["crater-hub"]) == 1


def test_only_the_edge_is_entered_from_outside() -> None:
    made = groups(ssh_sources=("192.0.2.0/24", "2001:db8::/32"))
    assert [(rule["remote_ip_prefix"], rule["ether_type"]) for rule in made["crater-hub"]] == [
        ("192.0.2.0/24", "IPv4"),
        ("2001:db8::/32", "IPv6"),
    ]
    assert made["crater-nodes"] == []


@pytest.mark.parametrize(
    ("source", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("2001:db8::7", "2001:db8::7/128"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_a_source_is_written_as_neutron_keeps_it(source: str, prefix: str) -> None:
    """Or it would be another rule in each run."""
    (rule,) = groups(ssh_sources=(source,))["crater-hub"]
    assert rule["remote_ip_prefix"] == prefix
