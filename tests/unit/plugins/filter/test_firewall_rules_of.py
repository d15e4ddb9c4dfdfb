"""What a host opens of what the roles of the cluster declare."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.filter.firewall_rules_of import firewall_rules_of

ORIGINS = {"cluster": {"sources": ["192.0.2.10"]}, "hub": {"interfaces": ["gal-*"]}, "anywhere": {}}
KEEPER = {"name": "keeper", "protocol": "tcp", "ports": [8444]}
ESP = {"name": "ESP", "protocol": "esp"}


@pytest.mark.parametrize(
    ("host", "rule", "opened"),
    [
        ("io", {**KEEPER, "hosts": ["io"], "from": ["cluster"]}, [{**KEEPER, "sources": ["192.0.2.10"]}]),
        ("io", {**KEEPER, "hosts": ["io"], "from": ["anywhere"]}, [KEEPER]),
        ("io", {**KEEPER, "hosts": ["europa"], "from": ["cluster", "anywhere"]}, []),
        ("io", {**KEEPER, "hosts": [], "from": ["anywhere"]}, []),
        ("io", {**ESP, "hosts": ["io"], "from": ["cluster"]}, [{**ESP, "sources": ["192.0.2.10"]}]),
        # What comes from the hub's container passes the firewall of its host.
        ("io", {**KEEPER, "hosts": ["io"], "from": ["hub"]}, []),
        ("jupiter", {**KEEPER, "hosts": ["io"], "from": ["cluster", "hub"]}, [{**KEEPER, "interfaces": ["gal-*"]}]),
    ],
)
def test_a_host_opens_what_concerns_it(host: str, rule: dict[str, Any], opened: list[dict[str, Any]]) -> None:
    assert firewall_rules_of([rule], host, "jupiter", ORIGINS) == opened


def test_rules_stay_in_their_order() -> None:
    rules = [{**rule, "hosts": ["io"], "from": ["anywhere"]} for rule in (KEEPER, ESP)]
    assert firewall_rules_of(rules, "io", "jupiter", ORIGINS) == [KEEPER, ESP]
