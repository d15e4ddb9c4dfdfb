"""Fixtures of the tests that want machines with kernels of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from client import Hub, eventually
from lab import HOSTS, Machines


@pytest.fixture(scope="session")
def machines(lab: Machines) -> Machines:
    assert isinstance(lab, Machines), "these tests want the machines of `make machines`"
    return lab


@pytest.fixture
def whole(machines: Machines, hub: Hub) -> Iterator[Machines]:
    """The machines; those that a test has stopped or cut off are back afterwards."""
    yield machines
    for host in HOSTS:
        machines.power_on(host)
        machines.connect(host)
    eventually(lambda: machines.ready_nodes() == set(HOSTS), "all hosts are in the Swarm", 300)
    eventually(hub.healthy, "the hub answers", 120)
