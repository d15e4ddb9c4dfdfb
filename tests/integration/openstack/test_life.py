"""The life of a cluster in a cloud, from an empty project to one where its homes alone are left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import Run
from projects import CLOUD, CLUSTER, Project

DEPARTED = Path(__file__).with_name("departed.yml")
HUB, FIRST, SECOND, THIRD = f"{CLUSTER}-hub", *(f"{CLUSTER}-node-{number}" for number in (1, 2, 3))


def changes(run: Run) -> int:
    return sum(run.changed.values())


@pytest.fixture(scope="module")
def made(project: Project) -> Project:
    """A project in which the cluster of the example was made."""
    run = project.make()
    assert run.returncode == 0, run.output
    return project


@pytest.mark.seldom
def test_check_mode_makes_nothing_of_an_empty_project(project: Project) -> None:
    run = project.make("--check", "--diff")
    assert run.returncode == 0, run.output
    assert changes(run) > 0
    assert project.everything() == {}


def test_it_makes_what_is_described(made: Project) -> None:
    servers = made.servers()
    assert {name: (each.status, each.metadata["role"]) for name, each in servers.items()} == {
        HUB: ("ACTIVE", "hub"),
        FIRST: ("ACTIVE", "nodes"),
        SECOND: ("ACTIVE", "nodes"),
    }
    (volume,) = made.cloud.block_storage.volumes()
    assert volume.size == 100
    assert [each["server_id"] for each in volume.attachments] == [servers[HUB].id]
    assert servers[HUB].metadata["volume"] == volume.id


def test_the_hub_alone_has_a_floating_ip(made: Project) -> None:
    (floating,) = made.cloud.network.ips(project_id=made.project.id)
    (port,) = made.cloud.network.ports(device_id=made.servers()[HUB].id)
    assert floating.port_id == port.id


def test_nodes_are_kept_apart_as_far_as_there_is_room(made: Project) -> None:
    (group,) = made.cloud.compute.server_groups()
    servers = made.servers()
    assert {*group.member_ids} == {servers[FIRST].id, servers[SECOND].id}


def test_it_opens_what_the_roles_of_the_cluster_need_and_no_more(made: Project) -> None:
    groups = {each.name: each for each in made.cloud.network.security_groups(project_id=made.project.id)}

    def opened(group: str) -> set[tuple[str, int | None, str]]:
        names = {each.id: each.name for each in groups.values()}
        return {
            (rule["protocol"], rule["port_range_min"], names.get(rule["remote_group_id"]) or rule["remote_ip_prefix"])
            for rule in groups[group].security_group_rules
            if rule["direction"] == "ingress"
        }

    everybody = {("tcp", 443, "0.0.0.0/0"), ("tcp", 80, "::/0"), ("tcp", 22, "0.0.0.0/0")}
    assert opened(f"{CLUSTER}-hub") >= everybody | {("tcp", 2049, CLUSTER), ("tcp", 2377, CLUSTER)}
    assert ("udp", 4789, CLUSTER) in opened(f"{CLUSTER}-nodes")
    assert {source for _protocol, _port, source in opened(f"{CLUSTER}-nodes")} == {CLUSTER}
    assert {each["name"] for each in made.servers()[SECOND].security_groups} == {CLUSTER, f"{CLUSTER}-nodes"}


def test_it_knows_each_server_by_the_key_on_its_console(made: Project) -> None:
    known = dict(line.split(" ", 1) for line in made.known_hosts.read_text().splitlines())
    for server in made.servers().values():
        key = known.pop(server.id).removesuffix(f" galilean cluster {CLUSTER} in {CLOUD}")
        assert key in made.cloud.compute.get_server_console_output(server)["output"]
    assert known == {}


def test_the_inventory_finds_them_by_their_metadata(made: Project) -> None:
    assert made.members("hub") == {HUB}
    assert made.members("nodes") == {FIRST, SECOND}


@pytest.fixture
def by_hand(made: Project) -> Iterator[Any]:
    """A security group that somebody gives to a node for a while, with metadata."""
    compute, network = made.cloud.compute, made.cloud.network
    group, node = network.create_security_group(name="of-marina"), made.servers()[FIRST]
    compute.add_security_group_to_server(node, group)
    compute.set_server_metadata(node, owner="marina")
    yield group
    compute.remove_security_group_from_server(node, group)
    network.delete_security_group(group)


@pytest.mark.parametrize(
    "options", [pytest.param((), id="run"), pytest.param(("--check", "--diff"), id="check", marks=pytest.mark.seldom)]
)
def test_another_run_changes_nothing(made: Project, by_hand: Any, options: tuple[str, ...]) -> None:
    before = made.everything()
    run = made.make(*options)
    assert run.returncode == 0, run.output
    assert changes(run) == 0, run.output
    assert made.everything() == before
    node = made.servers()[FIRST]
    assert node.metadata["owner"] == "marina"
    assert by_hand.name in {each["name"] for each in node.security_groups}


def test_a_node_more_is_another_number(made: Project) -> None:
    before = made.servers()
    run = made.make(openstack_nodes=3)
    assert run.returncode == 0, run.output
    assert {*made.servers()} - {*before} == {THIRD}
    assert all(made.servers()[name].id == server.id for name, server in before.items())


def test_nodes_that_leave_are_drained_before_they_are_deleted(made: Project) -> None:
    """The inventory has them no more, so the playbook remove_nodes takes them out; then they go."""
    run = made.make(openstack_nodes=1)
    assert run.returncode == 0, run.output
    assert {*made.servers()} == {HUB, FIRST, SECOND, THIRD}
    assert made.members("nodes") == {FIRST}


@pytest.mark.seldom
def test_one_that_has_not_left_yet_comes_back(made: Project) -> None:
    before = made.servers()
    run = made.make(openstack_nodes=2)
    assert run.returncode == 0, run.output
    assert made.members("nodes") == {FIRST, SECOND}
    run = made.play(DEPARTED, openstack_nodes=2)
    assert run.returncode == 0, run.output
    assert {name: server.id for name, server in made.servers().items()} == {
        name: before[name].id for name in (HUB, FIRST, SECOND)
    }


@pytest.mark.seldom
def test_teardown_wants_to_be_told_twice(made: Project) -> None:
    before = made.everything()
    for variables in ({}, {"openstack_deleted_cluster": "another"}):
        run = made.tear_down(**variables)
        assert run.returncode != 0
        assert "Nothing was deleted" in run.output
    run = made.tear_down(openstack_deleted_cluster=CLUSTER, openstack_deleted_too=[f"{CLUSTER}-dat"])
    assert f"The cluster has no {CLUSTER}-dat" in " ".join(run.output.split())
    assert made.everything() == before


def test_teardown_keeps_homes_and_address_and_what_others_have(made: Project) -> None:
    foreign = made.cloud.network.create_network(name="of-others")
    before = made.everything()
    run = made.tear_down(openstack_deleted_cluster=CLUSTER)
    assert run.returncode == 0, run.output
    kept = {kind: before[kind] for kind in ("volumes", "floating IPs")}
    assert made.everything() == {**kept, "networks": {foreign.id}}
    made.cloud.network.delete_network(foreign)
    run = made.tear_down(openstack_deleted_cluster=CLUSTER)
    assert run.returncode == 0, run.output
    assert changes(run) == 0, run.output


@pytest.mark.seldom
def test_what_was_kept_is_there_again_for_the_next_cluster(made: Project) -> None:
    kept = made.everything()
    run = made.make(openstack_nodes=0)
    assert run.returncode == 0, run.output
    (volume,) = made.cloud.block_storage.volumes()
    (floating,) = made.cloud.network.ips(project_id=made.project.id)
    assert {volume.id} == kept["volumes"]
    assert {floating.id} == kept["floating IPs"]
    assert volume.attachments[0]["server_id"] == made.servers()[HUB].id
    named = [f"{CLUSTER}-data", floating.floating_ip_address]
    run = made.tear_down(openstack_deleted_cluster=CLUSTER, openstack_deleted_too=named)
    assert run.returncode == 0, run.output
    assert made.everything() == {}
