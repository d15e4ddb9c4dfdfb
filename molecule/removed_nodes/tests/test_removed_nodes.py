"""Nodes whose hosts left the inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from client import eventually
from lab import ROOT, Lab, Run
from testinfra.host import Host

WHERE = "docker service ps --filter desired-state=running --format '{{.Node}} {{.CurrentState}}' sleeper"


@pytest.fixture
def sleeper(hosts: dict[str, Host], lab: Lab, probe: str) -> Iterator[Host]:
    """The manager, with a service on europa that may run on io as well."""
    jupiter = hosts["jupiter"]
    lab.pause("io")
    options = "--detach --name sleeper --constraint node.labels.galilean.servers==true --no-resolve-image"
    jupiter.check_output(f"docker service create {options} {probe} sleep 600")
    eventually(lambda: jupiter.check_output(WHERE).startswith("europa Running"), "the service runs on europa")
    lab.activate("io")
    yield jupiter
    jupiter.run("docker service rm sleeper")


def remove(lab: Lab, *kept: str, moves: bool = False) -> Run:
    """Run the playbook as for an inventory of the hosts that are kept."""
    variables = {"removed_nodes_hosts": kept, "removed_nodes_moves_servers": moves}
    return lab.play("playbooks/remove_nodes.yml", "--extra-vars", json.dumps(variables))


def test_a_node_at_work_is_left_alone_and_the_run_says_who_works_there(
    lab: Lab, addresses: dict[str, str], sleeper: Host
) -> None:
    run = remove(lab, "jupiter", "io")
    told = " ".join(run.output.split())
    assert run.returncode != 0
    node = f"europa ({addresses['europa']})"
    assert f"Not in the inventory any more, but at work: {node}, with sleeper. Nothing was changed." in told
    assert sleeper.check_output(WHERE).startswith("europa Running")
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}


@pytest.mark.seldom
def test_a_node_that_a_dead_run_has_drained_takes_servers_again_when_its_host_is_back(
    lab: Lab, hosts: dict[str, Host]
) -> None:
    drained = "docker node update --availability drain --label-add galilean.leaving=true europa"
    hosts["jupiter"].check_output(drained)
    back = lab.play("playbooks/swarm.yml")
    assert back.returncode == 0, back.output
    form = "{{.Spec.Availability}} {{.Spec.Labels}}"
    assert hosts["jupiter"].check_output("docker node inspect --format %s europa", form).startswith("active")
    assert "leaving" not in hosts["jupiter"].check_output("docker node inspect --format %s europa", form)
    assert lab.play("playbooks/swarm.yml").changed["jupiter"] == 0


def test_a_host_that_was_renamed_is_still_there(lab: Lab, tmp_path: Path) -> None:
    inventory = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())
    nodes = inventory["nodes"]["hosts"]
    nodes["ganymede"] = nodes.pop("europa")
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories/lab/group_vars")
    options = ("--inventory", str(tmp_path), "--extra-vars", f"lab_directory={ROOT / '.lab' / lab.name}")
    run = lab.play("playbooks/remove_nodes.yml", *options)
    assert run.returncode == 0, run.output
    assert run.changed["jupiter"] == 0
    # Of a host of a new name that does not answer it is not known which node it is.
    silent = lab.play("playbooks/remove_nodes.yml", *options, "--limit", "!ganymede")
    assert "It may be ganymede, of which that is not known" in " ".join(silent.output.split())
    assert silent.changed["jupiter"] == 0
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}


@pytest.mark.seldom
def test_a_host_that_is_dead_stops_no_run(lab: Lab) -> None:
    lab.docker("pause", lab.container("io"))
    try:
        for options in ([], ["--limit", "!io"]):
            run = lab.play("playbooks/remove_nodes.yml", *options, ANSIBLE_TIMEOUT="5")
            assert run.recap["jupiter"]["failed"] == run.changed["jupiter"] == 0, run.output
    finally:
        lab.docker("unpause", lab.container("io"))
    eventually(lambda: lab.ready_nodes() == {"jupiter", "io", "europa"}, "io is back")


@pytest.mark.seldom
def test_a_removed_node_goes_when_its_services_run_elsewhere_and_may_come_back(lab: Lab, sleeper: Host) -> None:
    run = remove(lab, "jupiter", "io", moves=True)
    assert run.returncode == 0, run.output
    assert sleeper.check_output(WHERE).startswith("io Running")
    assert "europa" not in sleeper.check_output("docker node ls --format '{{.Hostname}}'")
    assert remove(lab, "jupiter", "io").changed["jupiter"] == 0

    again = lab.play("playbooks/swarm.yml")
    assert again.returncode == 0, again.output
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}
    assert sleeper.check_output(WHERE).startswith("io Running")
