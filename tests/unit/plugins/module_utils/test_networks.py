from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import networks

MTU = "com.docker.network.driver.mtu"
WANTED = {
    "name": "galilean-main",
    "driver": "overlay",
    "attachable": True,
    "options": {MTU: "1450"},
    "subnet": "10.80.0.0/20",
}


def found(**changes: Any) -> dict[str, Any]:
    network = {
        "Driver": "overlay",
        "Attachable": True,
        "Options": {MTU: "1450", "com.docker.network.driver.overlay.vxlanid_list": "4097"},
        "IPAM": {"Config": [{"Subnet": "10.80.0.0/20", "Gateway": "10.80.0.1"}]},
    }
    return network | changes


def with_subnet(subnet: str) -> dict[str, Any]:
    return found(IPAM={"Config": [{"Subnet": subnet}]})


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (found(), []),
        (with_subnet("10.80.0.0/18"), []),
        (with_subnet("10.80.0.0/22"), ["subnet: 10.80.0.0/22 -> 10.80.0.0/20"]),
        (with_subnet("10.90.0.0/16"), ["subnet: 10.90.0.0/16 -> 10.80.0.0/20"]),
        (found(Options={MTU: "1500"}), [f"{MTU}: 1500 -> 1450"]),
        (found(Options={}), [f"{MTU}: None -> 1450"]),
        (found(Attachable=False), ["attachable: False -> True"]),
        (found(IPAM={"Config": None}), ["subnet:  -> 10.80.0.0/20"]),
    ],
    ids=["same", "larger", "smaller", "elsewhere", "MTU", "no MTU", "not attachable", "no subnet"],
)
def test_a_network_serves_or_differs(network: dict[str, Any], expected: list[str]) -> None:
    assert networks.differences(WANTED, network) == expected


def test_a_network_without_a_wanted_subnet_takes_any() -> None:
    assert networks.differences({**WANTED, "subnet": ""}, with_subnet("172.18.0.0/16")) == []


def test_a_network_is_made_as_it_is_wanted() -> None:
    assert networks.create_arguments(WANTED) == [
        "network",
        "create",
        "--driver=overlay",
        "--attachable",
        f"--opt={MTU}=1450",
        "--subnet=10.80.0.0/20",
        "galilean-main",
    ]
