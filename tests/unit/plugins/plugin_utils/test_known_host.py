"""What is known of hosts, whether they answered or not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.galilean.hub.plugins.filter.known_hosts import known_hosts
from ansible_collections.galilean.hub.plugins.filter.private_address import private_address

GROUPS = {"hub": ["jupiter"], "nodes": ["io", "europa"]}
REMEMBERED = {
    "jupiter": {"address": "192.0.2.10", "hostname": "jupiter"},
    "io": {"address": "192.0.2.11", "hostname": "io-of-yesterday"},
}


def reached(hostname: str, address: str, **facts: Any) -> dict[str, Any]:
    return {"hostname": hostname, "default_ipv4": {"address": address} if address else {}, **facts}


def hostvars(io: dict[str, Any], *, hub_is_reached: bool = True, **variables: str) -> dict[str, Any]:
    local = {"ansible_local": {"hosts": REMEMBERED}}
    facts = {"jupiter": reached("jupiter", "192.0.2.10", **local) if hub_is_reached else {}, "io": io, "europa": {}}
    return {
        host: {"groups": GROUPS, "ansible_facts": found, "cluster_facts": {}, **(variables if host == "io" else {})}
        for host, found in facts.items()
    }


def cached(io: dict[str, Any]) -> dict[str, Any]:
    """Where the facts of io, and of nobody else, were not gathered in this run."""
    found = hostvars(io)
    del found["io"]["cluster_facts"]
    return found


@pytest.mark.parametrize(
    ("variables", "known"),
    [
        (hostvars(reached("io", "192.0.2.21")), {"hostname": "io", "address": "192.0.2.21"}),
        (hostvars({}), {"hostname": "io-of-yesterday", "address": "192.0.2.11"}),
        (
            hostvars({}, cluster_private_address="192.0.2.31"),
            {"hostname": "io-of-yesterday", "address": "192.0.2.31"},
        ),
        (cached(reached("io", "192.0.2.99")), {"hostname": "io-of-yesterday", "address": "192.0.2.11"}),
        (
            hostvars(reached("io", ""), cluster_private_address="192.0.2.31"),
            {"hostname": "io", "address": "192.0.2.31"},
        ),
    ],
    ids=["reached", "remembered", "moved by its variable", "remembered, and in a cache", "without a default route"],
)
def test_what_is_known_of_a_host(variables: dict[str, Any], known: dict[str, str]) -> None:
    assert known_hosts(["io"], variables) == {"io": known}
    assert private_address("io", variables) == known["address"]


def test_of_whom_nothing_is_known_is_left_out_of_a_list_and_refused_alone() -> None:
    assert list(known_hosts(["jupiter", "io", "europa"], hostvars({}))) == ["jupiter", "io"]
    with pytest.raises(AnsibleFilterError, match="it is not known where europa is"):
        private_address("europa", hostvars({}))


def test_what_is_not_known_is_no_empty_list() -> None:
    variables = hostvars(reached("io", "192.0.2.21"), hub_is_reached=False)
    assert private_address("io", variables) == "192.0.2.21"
    with pytest.raises(AnsibleFilterError, match="nothing was asked of jupiter"):
        known_hosts(["io"], variables)
    assert known_hosts([], variables) == {}


def test_a_host_that_answers_without_an_address_is_not_left_out_but_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="io has no default route"):
        known_hosts(["io"], hostvars(reached("io", "")))
