"""Nodes whose hosts left the inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from client import eventually
from lab import Lab, Run
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


def drain(lab: Lab, addresses: dict[str, str], *kept: str, **variables: bool) -> Run:
    """Run the playbook as for an inventory of the hosts that are kept."""
    inventory = {"drain_hostnames": kept, "drain_addresses": [addresses[host] for host in kept]}
    return lab.play("playbooks/drain.yml", "--extra-vars", json.dumps(inventory | variables))


def test_a_node_at_work_is_left_alone_and_the_run_says_who_works_there(
    lab: Lab, addresses: dict[str, str], sleeper: Host
) -> None:
    run = drain(lab, addresses, "jupiter", "io")
    told = " ".join(run.output.split())
    assert run.returncode != 0
    assert "Not in the inventory any more, but at work: europa, with sleeper. Nothing was changed." in told
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


def test_a_host_that_was_renamed_or_moved_is_still_there(lab: Lab, addresses: dict[str, str]) -> None:
    renamed = {"drain_hostnames": ["jupiter", "io", "ganymede"], "drain_addresses": list(addresses.values())}
    run = lab.play("playbooks/drain.yml", "--extra-vars", json.dumps(renamed))
    assert run.returncode == 0, run.output
    assert run.changed["jupiter"] == 0
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}


@pytest.mark.seldom
def test_a_removed_node_goes_when_its_services_run_elsewhere_and_may_come_back(
    lab: Lab, addresses: dict[str, str], sleeper: Host
) -> None:
    run = drain(lab, addresses, "jupiter", "io", drain_moves_servers=True)
    assert run.returncode == 0, run.output
    assert sleeper.check_output(WHERE).startswith("io Running")
    assert "europa" not in sleeper.check_output("docker node ls --format '{{.Hostname}}'")
    assert drain(lab, addresses, "jupiter", "io").changed["jupiter"] == 0

    again = lab.play("playbooks/swarm.yml")
    assert again.returncode == 0, again.output
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}
    assert sleeper.check_output(WHERE).startswith("io Running")
