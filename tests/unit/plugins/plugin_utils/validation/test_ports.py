"""The ports that roles declare, with the inputs that say them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import swarm
from ansible_collections.galilean.hub.plugins.plugin_utils.declared import declarations, joined, role_defaults
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import ports
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.ports import Port

DEFAULTS = {
    "keeper_port": 8444,
    "proxy_https_port": "{{ cluster_public_url | urlsplit('port') or 443 }}",
    "proxy_server_name": "{{ cluster_public_url | urlsplit('hostname') }}",
    "jupyterhub_keeper_url": "https://{{ cluster_storage_address }}:{{ cluster_port_of.keeper }}",
}


def declared(noun: str) -> Any:
    """What the roles declare, as templates."""
    return joined([template for template, _scope in declarations(noun, {})])


def declared_ports() -> list[Port]:
    return list(ports.declared(declared("firewall_rules"), role_defaults()))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"ports": [2049], "from": ["cluster"]}, [Port("x", "tcp", 2049, "", is_shared=True)]),
        (
            {"ports": ["{{ keeper_port | int }}"], "from": ["hub"]},
            [Port("x", "tcp", 8444, "keeper_port", is_shared=True)],
        ),
        (
            {"ports": [80, "{{ proxy_https_port | int }}"], "from": ["anywhere"]},
            [
                Port("x", "tcp", 80, "", is_shared=False),
                Port("x", "tcp", None, "proxy_https_port", is_shared=False),
            ],
        ),
        ({"from": ["cluster"]}, []),
    ],
)
def test_a_port_is_a_number_or_an_input(rule: dict[str, Any], found: list[Port]) -> None:
    assert list(ports.declared([{"name": "x", "protocol": "tcp", **rule}], DEFAULTS)) == found


def test_who_says_where_others_listen_meets_their_port() -> None:
    assert ports.met({"keeper": "{{ keeper_port | int }}"}, DEFAULTS) == {"jupyterhub_keeper_url": "keeper_port"}


def test_each_role_declares_ports_that_nobody_else_has() -> None:
    found = declared_ports()
    assert all(port.variable or isinstance(port.number, int) for port in found)
    twice = Counter((port.protocol, port.number) for port in found if port.number)
    assert set(twice.values()) == {1}


def test_each_port_that_others_are_told_is_open_to_them() -> None:
    opened = {port.variable for port in declared_ports() if port.is_shared}
    assert {ports.input_of(port) for port in declared("ports").values()} <= opened


def test_the_port_of_the_manager_is_the_one_that_modules_give_it() -> None:
    assert [port.number for port in declared_ports() if port.purpose == "Swarm manager"] == [swarm.PORT]
