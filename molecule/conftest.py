"""The hosts that the scenarios share, for testinfra."""

from __future__ import annotations

import os

import pytest
import testinfra
from lab import Lab
from testinfra.host import Host

HOSTS = ("jupiter", "io", "europa")


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(os.environ["GALILEAN_LAB"])


@pytest.fixture(scope="session")
def hosts(lab: Lab) -> dict[str, Host]:
    """Every host of the lab by name."""
    return {name: testinfra.get_host(f"docker://{lab.container(name)}") for name in HOSTS}


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    """Each host of the lab in turn."""
    return hosts[request.param]


@pytest.fixture(scope="session")
def addresses(hosts: dict[str, Host]) -> dict[str, str]:
    """The private address of every host."""
    return {name: host.check_output("hostname -I").split()[0] for name, host in hosts.items()}
