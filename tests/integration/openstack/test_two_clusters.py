"""Two clusters in one project do not touch each other."""

from __future__ import annotations

import pytest
from projects import CLUSTER, Project

pytestmark = pytest.mark.seldom


def test_a_second_cluster_comes_and_goes_beside_the_first(project: Project) -> None:
    for cluster in (CLUSTER, "basin"):
        run = project.make(openstack_cluster=cluster, openstack_nodes=1)
        assert run.returncode == 0, run.output
    first = {name: server.id for name, server in project.servers().items()}
    volume = project.cloud.block_storage.find_volume(f"{CLUSTER}-data")
    run = project.tear_down(
        openstack_cluster="basin", openstack_deleted_cluster="basin", openstack_deleted_too=["basin-data"]
    )
    assert run.returncode == 0, run.output
    assert project.servers("basin") == {}
    assert {name: server.id for name, server in project.servers().items()} == first
    assert project.cloud.block_storage.get_volume(volume.id).status == "in-use"
    run = project.make(openstack_nodes=1)
    assert run.returncode == 0, run.output
    assert run.changed["localhost"] == 0, run.output
