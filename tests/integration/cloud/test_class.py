"""From an empty project to a class in one command, and back to nothing but its homes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from campus import Site
from client import Kernel, Student, eventually
from lab import Lab, Run
from projects import CLUSTER

pytestmark = pytest.mark.usefixtures("_resolved")

HUB, NODE = f"{CLUSTER}-hub", f"{CLUSTER}-node-1"


@pytest.fixture(scope="module")
def first(site: Site) -> Run:
    """One command in an empty project."""
    return site.play("site.yml", openstack_nodes=1)


@pytest.fixture(scope="module")
def ada(site: Site, first: Run) -> Student:
    assert first.returncode == 0
    hub = site.hub()
    hub.api("POST", "/users/ada")
    return Student(hub, "ada")


@pytest.fixture(scope="module")
def kernel(ada: Student) -> Iterator[Kernel]:
    """Of a student at work."""
    ada.start()
    kernel = ada.kernel()
    assert kernel.run("open('notes', 'w').write('what ada found out'); known = 6 * 7") == ""
    return kernel


def test_one_command_ends_with_what_a_student_does(first: Run, site: Site) -> None:
    assert {HUB, NODE} <= {*first.recap}
    assert "The hub is at" in first.output
    for name in site.project.servers():
        assert site.inside(name, "hostname") == name


def test_a_host_is_known_by_the_key_that_its_cloud_init_made(first: Run, site: Site) -> None:
    assert first.returncode == 0
    known = {tuple(line.split()[:3]) for line in site.project.known_hosts.read_text().splitlines()}
    assert known == {
        (server.id, *site.inside(name, "cat", f"/etc/ssh/ssh_host_{kind}_key.pub").split()[:2])
        for name, server in site.project.servers().items()
        for kind in ("ecdsa", "ed25519")
    }


def test_a_student_runs_a_cell(kernel: Kernel) -> None:
    assert kernel.run("print(known)") == "42"


def test_a_second_run_changes_nothing(kernel: Kernel, site: Site) -> None:
    run = site.play("site.yml", openstack_nodes=1)
    assert set(run.changed.values()) == {0}, run.output
    assert kernel.run("print(known)") == "42"


def test_nodes_come_and_are_drained_before_they_go(kernel: Kernel, site: Site) -> None:
    site.play("site.yml", openstack_nodes=2)
    assert {*site.project.servers()} == {HUB, NODE, f"{CLUSTER}-node-2"}
    assert kernel.run("print(known)") == "42", "nobody was disturbed"
    site.play("site.yml", openstack_nodes=1)
    assert {*site.project.servers()} == {HUB, NODE}
    assert {*site.inside(HUB, "docker", "node", "ls", "--format", "{{.Hostname}}").split()} == {HUB, NODE}


def test_a_server_that_is_deleted_behind_our_back_is_made_anew(ada: Student, site: Site) -> None:
    site.project.cloud.delete_server(site.project.servers()[NODE].id, wait=True, timeout=300)
    site.play("site.yml", openstack_nodes=1)
    ada.stop()
    ada.start()
    assert ada.run("print(open('notes').read())") == "what ada found out"


def test_the_next_cluster_has_the_homes_of_one_that_was_deleted(ada: Student, site: Site) -> None:
    ada.stop()
    site.play("teardown.yml", openstack_nodes=1, openstack_deleted_cluster=CLUSTER)
    assert site.project.servers() == {}
    listing = ["ps", "--all", "--quiet", "--filter", "label=galilean.server"]
    eventually(lambda: not Lab("nobody").docker(*listing), "the containers of the servers are removed")
    site.play("site.yml", openstack_nodes=1)
    hub = site.hub()
    hub.api("POST", "/users/ada")
    again = Student(hub, "ada")
    again.start()
    assert again.run("print(open('notes').read())") == "what ada found out"
