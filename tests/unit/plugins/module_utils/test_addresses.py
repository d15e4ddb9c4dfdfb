from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.addresses import host_and_port, in_url


@pytest.mark.parametrize(
    ("host", "before_a_port"),
    [
        ("10.0.0.11", "10.0.0.11"),
        ("hub.example.org", "hub.example.org"),
        ("fd00::11", "[fd00::11]"),
        ("2001:db8:0:0:0:0:0:11", "[2001:db8:0:0:0:0:0:11]"),
        ("::ffff:10.0.0.11", "[::ffff:10.0.0.11]"),
    ],
)
def test_a_port_can_follow_and_be_told_from_the_host(host: str, before_a_port: str) -> None:
    assert in_url(host) == before_a_port
    assert host_and_port(f"{before_a_port}:5000") == (host, "5000")


@pytest.mark.parametrize("text", ["", "hub", "hub:", "fd00::11", "fd00::11:5000", "[fd00::11]", "[10.0.0.11]:5000"])
def test_what_has_no_port_of_its_own_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a host and a port"):
        host_and_port(text)
