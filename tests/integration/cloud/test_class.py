"""From an empty project to a class in one command, and back to nothing but its homes."""

from __future__ import annotations

import pytest
from browser import Browser
from campus import NAME, PASSWORD, URL, Site
from chromium import Notebook, chromium, log_in, new_page
from client import Kernel, Student, eventually
from lab import ROOT, Lab, Run
from projects import CLUSTER

pytestmark = pytest.mark.usefixtures("_resolved")

HUB, *NODES = f"{CLUSTER}-hub", *(f"{CLUSTER}-node-{number}" for number in (1, 2, 3))
NODE = NODES[0]


@pytest.fixture(scope="module")
def first(site: Site) -> Run:
    """One command in an empty project."""
    return site.play("site.yml", openstack_nodes=2)


@pytest.fixture(scope="module")
def administrator(site: Site, first: Run) -> Browser:
    assert first.returncode == 0
    return site.administrator()


@pytest.fixture(scope="module")
def ada(site: Site, administrator: Browser) -> Student:
    return site.student(administrator, "ada")


@pytest.fixture(scope="module")
def kernel(site: Site, ada: Student) -> Kernel:
    """Of a student at work, on the node that stays to the end."""
    with site.paused(NODES[1]):
        ada.start()
    kernel = ada.kernel()
    assert kernel.run("open('notes', 'w').write('what ada found out'); known = 6 * 7") == ""
    return kernel


def test_one_command_ends_with_what_a_student_does(first: Run, site: Site) -> None:
    assert {HUB, *NODES[:2]} <= {*first.recap}
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


def test_a_student_runs_a_cell_in_a_browser(ada: Student, kernel: Kernel, site: Site) -> None:
    assert kernel.run("print(known)") == "42"
    with chromium(f"--host-resolver-rules=MAP {NAME} {site.floating_ip}") as browser, new_page(browser) as page:
        log_in(page, URL, ada.name, PASSWORD)
        assert Notebook(page).run("print(open('notes').read())") == "what ada found out"
        page.screenshot(path=ROOT / "artifacts/cloud.png")


def test_a_second_run_changes_nothing(kernel: Kernel, site: Site) -> None:
    run = site.play("site.yml", openstack_nodes=2)
    assert set(run.changed.values()) == {0}, run.output
    assert kernel.run("print(known)") == "42"


def test_nodes_come_while_somebody_works(kernel: Kernel, site: Site) -> None:
    site.play("site.yml", openstack_nodes=3)
    assert {*site.project.servers()} == {HUB, *NODES}
    assert kernel.run("print(known)") == "42"


def test_nodes_go_when_nobody_works_there(administrator: Browser, kernel: Kernel, site: Site) -> None:
    bob = site.student(administrator, "bob")
    with site.paused(NODE):
        bob.start()
    refused = site.run("site.yml", openstack_nodes=1)
    assert refused.returncode != 0
    assert "bob" in refused.output
    assert {*site.project.servers()} == {HUB, *NODES}
    bob.stop()
    site.play("site.yml", openstack_nodes=1)
    assert {*site.project.servers()} == {HUB, NODE}
    assert {*site.inside(HUB, "docker", "node", "ls", "--format", "{{.Hostname}}").split()} == {HUB, NODE}
    assert kernel.run("print(known)") == "42"


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
    again = site.student(site.administrator(), "ada")
    again.start()
    assert again.run("print(open('notes').read())") == "what ada found out"
