"""The hosts that the scenarios share, for testinfra."""

from __future__ import annotations

import os

import pytest
import testinfra
from testinfra.host import Host

HOSTS = ("jupiter", "io", "europa")


@pytest.fixture(scope="session")
def hosts() -> dict[str, Host]:
    """Every host of the lab by name."""
    lab = os.environ["GALILEAN_LAB"]
    return {name: testinfra.get_host(f"docker://{lab}-{name}") for name in HOSTS}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    """Each host of the lab in turn."""
    return hosts[request.param]
