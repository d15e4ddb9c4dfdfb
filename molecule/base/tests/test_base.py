"""What every host of a cluster has."""

from __future__ import annotations

from testinfra.host import Host


def test_it(host: Host) -> None:
    assert host.run("true").succeeded
