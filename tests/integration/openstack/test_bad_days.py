"""What goes wrong in clouds: runs that die, servers that somebody deletes, APIs that have too much to do."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from client import eventually
from lab import ROOT
from projects import CLUSTER, Project
from proxies import through_proxies

pytestmark = pytest.mark.seldom

HUB, NODE = f"{CLUSTER}-hub", f"{CLUSTER}-node-1"
WHOLE = {
    "servers": 2,
    "keypairs": 1,
    "server groups": 1,
    "volumes": 1,
    "floating IPs": 1,
    "networks": 1,
    "routers": 1,
    # Those of the servers, and the router's.
    "ports": 3,
    "security groups": 3,
}
# What is answered to the first requests, by kind. The inventory asks for the first token, before there are servers.
BAD_MOMENTS = {"GET detail": (503, 429, 500, 502), "POST servers": (503, 429), "POST tokens": (503, 500, 429, 503)}
MOMENTS: dict[str, Callable[[Project], object]] = {
    "a network": lambda project: project.everything().get("networks"),
    "a server": lambda project: project.everything().get("servers"),
    "a volume at the hub": lambda project: any(each.attachments for each in project.cloud.block_storage.volumes()),
}


def counted(project: Project) -> dict[str, int]:
    own = {"project_id": project.project.id}
    ports = [port for port in project.cloud.network.ports(**own) if port.device_owner != "network:router_gateway"]
    return {**{kind: len(ids) for kind, ids in project.everything().items()}, "ports": len(ports)}


def make_one_node(project: Project) -> None:
    run = project.make(openstack_nodes=1)
    assert run.returncode == 0, run.output


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_killed_is_gone_on_with(tmp_path: Path, moment: str) -> None:
    project = Project(tmp_path)
    command = ["ansible-playbook", "playbooks/openstack.yml", *project.options(openstack_nodes=1)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **project.environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as run:  # fmt: skip
        eventually(lambda: MOMENTS[moment](project), f"there is {moment}")
        os.killpg(run.pid, signal.SIGKILL)
    make_one_node(project)
    assert counted(project) == WHOLE
    again = project.make(openstack_nodes=1)
    assert sum(again.changed.values()) == 0, again.output
    gone = project.tear_down(openstack_deleted_cluster=CLUSTER)
    assert gone.returncode == 0, gone.output


def test_a_deletion_that_is_killed_is_gone_on_with(tmp_path: Path) -> None:
    project = Project(tmp_path)
    make_one_node(project)
    told = project.options(openstack_deleted_cluster=CLUSTER)
    with subprocess.Popen(
        ["ansible-playbook", "playbooks/teardown.yml", *told], cwd=ROOT, env={**os.environ, **project.environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as run:  # fmt: skip
        eventually(lambda: len(project.everything().get("servers", ())) < 2, "a server is deleted")
        os.killpg(run.pid, signal.SIGKILL)
    done = project.tear_down(openstack_deleted_cluster=CLUSTER)
    assert done.returncode == 0, done.output
    assert {*project.everything()} == {"volumes", "floating IPs"}


@pytest.mark.parametrize("name", [HUB, NODE])
def test_a_server_that_somebody_deleted_is_made_anew(project: Project, name: str) -> None:
    make_one_node(project)
    before = project.servers()
    kept = {kind: project.everything()[kind] for kind in ("volumes", "floating IPs")}
    project.cloud.delete_server(before[name].id, wait=True, timeout=300)
    make_one_node(project)
    after = project.servers()
    assert {*after} == {HUB, NODE}
    assert [each for each in before if after[each].id == before[each].id] == [each for each in before if each != name]
    assert {kind: project.everything()[kind] for kind in kept} == kept
    (volume,) = project.cloud.block_storage.volumes()
    assert [each["server_id"] for each in volume.attachments] == [after[HUB].id]


def test_a_deletion_that_died_behind_the_shutdown_is_taken_back(project: Project) -> None:
    """Until then the inventory has the hub no more, so nobody asks it for anything."""
    make_one_node(project)
    compute, hub = project.cloud.compute, project.servers()[HUB]
    compute.stop_server(hub)
    compute.wait_for_server(hub, status="SHUTOFF")
    compute.set_server_metadata(hub, role="leaving")
    assert project.members("hub") == set()
    make_one_node(project)
    assert project.servers()[HUB].id == hub.id
    assert project.servers()[HUB].status == "ACTIVE"
    assert project.members("hub") == {HUB}


def test_an_image_in_which_nothing_says_host_keys(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with project.in_novas_hands("consoles", "Welcome to an image without cloud-init\n"):
        run = project.make(openstack_nodes=0, openstack_timeout_seconds=60)
    assert run.returncode != 0
    assert "does cloud-init run in this image?" in " ".join(run.output.split())
    assert not project.known_hosts.exists()


def test_a_build_that_hangs_ends_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with project.in_novas_hands("hanging"):
        run = project.make(openstack_nodes=1, openstack_timeout_seconds=20)
        assert run.returncode != 0
        assert "Timeout waiting for" in run.output
    make_one_node(project)
    assert counted(project) == WHOLE
    assert {each.status for each in project.servers().values()} == {"ACTIVE"}


def test_requests_that_meet_a_bad_moment_are_made_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with through_proxies(project, BAD_MOMENTS) as proxies:
        make_one_node(project)
    # Of two services the lists are called detail.
    refused = [item for proxy in proxies for item in proxy.refused.items()]
    assert {*refused} == {(kind, len(answers)) for kind, answers in BAD_MOMENTS.items()}
    assert {*project.servers()} == {HUB, NODE}
