"""What the hosts are to each other, and what containers on them reach."""

from __future__ import annotations

import ipaddress
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from client import eventually
from lab import HOSTS, ROOT, Lab
from testinfra.host import Host

NETWORK = "galilean-main"
SERVE = "mkdir /data; cd /data; head -c 10000000 /dev/urandom >load; sha256sum load >sum; exec python3 -m http.server"
FETCH = """
import hashlib, urllib.request
load, line = (urllib.request.urlopen("http://talker:8000/" + name, timeout=30).read() for name in ("load", "sum"))
assert hashlib.sha256(load).hexdigest() == line.split()[0].decode()
print(len(load))
"""


@pytest.fixture
def talker(hosts: dict[str, Host], probe: str) -> Iterator[Host]:
    """io, where a container on the servers' network serves ten megabytes."""
    io = hosts["io"]
    options = f"--detach --name talker --network {NETWORK} --network-alias talker"
    remove = "docker rm --force talker"
    # A node that is about to forget a network, after its last container there, does not find it.
    start = f"docker run {options} {probe} sh -c {shlex.quote(SERVE)} || {{ {remove}; false; }}"
    eventually(lambda: io.run(start).succeeded, "io is on the network")
    yield io
    io.check_output(remove)


def fetch(listener: Host, probe: str) -> str:
    return listener.run(f"docker run --rm --network {NETWORK} {probe} python3 -c {shlex.quote(FETCH)}").stdout.strip()


def test_the_hub_manages_and_the_nodes_run_servers(hosts: dict[str, Host]) -> None:
    names = hosts["jupiter"].check_output("docker node ls --quiet")
    nodes = json.loads(hosts["jupiter"].check_output(f"docker node inspect {names.replace(chr(10), ' ')}"))
    found = {
        node["Description"]["Hostname"]: (
            node["Status"]["State"],
            node["Spec"]["Role"],
            node["Spec"]["Labels"]["galilean.servers"],
        )
        for node in nodes
    }
    assert found == {
        "jupiter": ("ready", "manager", "false"),
        "io": ("ready", "worker", "true"),
        "europa": ("ready", "worker", "true"),
    }


def test_the_network_has_room_for_the_class(hosts: dict[str, Host]) -> None:
    (network,) = json.loads(hosts["jupiter"].check_output(f"docker network inspect {NETWORK}"))
    subnet = ipaddress.ip_network(network["IPAM"]["Config"][0]["Subnet"])
    assert subnet.num_addresses >= 2 * 40 + 64
    assert network["Attachable"]


@pytest.mark.usefixtures("talker")
def test_ten_megabytes_cross_from_node_to_node(hosts: dict[str, Host], probe: str) -> None:
    eventually(lambda: fetch(hosts["europa"], probe) == "10000000", "the load arrives whole")


@pytest.mark.seldom
def test_a_node_that_joins_later_touches_nothing_else(
    lab: Lab, talker: Host, hosts: dict[str, Host], probe: str
) -> None:
    jupiter, europa = hosts["jupiter"], hosts["europa"]
    started = "docker inspect --format '{{.State.StartedAt}}' talker"
    before = talker.check_output(started)
    europa.check_output("docker swarm leave")
    eventually(lambda: lab.ready_nodes() == {"jupiter", "io"}, "europa has left")
    jupiter.check_output("docker node rm --force europa")

    run = lab.play("playbooks/swarm.yml")
    assert run.returncode == 0, run.output
    assert run.changed["io"] == 0, run.output
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}
    assert talker.check_output(started) == before
    eventually(lambda: fetch(europa, probe) == "10000000", "the load arrives at the node that has joined")


def known_nodes(lab: Lab) -> list[str]:
    """The host names of all nodes, those that are down too."""
    return sorted(lab.run("jupiter", "docker", "node", "ls", "--format", "{{.Hostname}}").split())


def test_a_node_that_was_taken_out_joins_again_and_carries_traffic(
    lab: Lab, talker: Host, hosts: dict[str, Host], probe: str
) -> None:
    before = talker.check_output("docker inspect --format '{{.State.StartedAt}}' talker")
    hosts["jupiter"].check_output("docker node rm --force europa")
    run = lab.play("playbooks/swarm.yml")
    assert run.returncode == 0, run.output
    assert lab.ready_nodes() == {"jupiter", "io", "europa"}
    assert talker.check_output("docker inspect --format '{{.State.StartedAt}}' talker") == before
    eventually(lambda: fetch(hosts["europa"], probe) == "10000000", "the load arrives at the node that has joined")
    assert set(lab.play("playbooks/swarm.yml").changed.values()) == {0}


@pytest.mark.seldom
def test_a_node_at_another_address_joins_anew_when_it_is_empty_and_is_named_when_not(
    lab: Lab, addresses: dict[str, str], hosts: dict[str, Host], probe: str
) -> None:
    jupiter, europa = hosts["jupiter"], hosts["europa"]
    other = addresses["europa"].rpartition(".")[0] + ".99"
    token = jupiter.check_output("docker swarm join-token --quiet worker")
    europa.check_output("docker swarm leave")
    europa.check_output(f"ip address add {other}/16 dev eth0")
    manager = f"{addresses['jupiter']}:2377"
    join = f"docker swarm join --advertise-addr {other} --token {token} {manager}"
    eventually(lambda: europa.run(join).succeeded, "europa has joined at another address")
    europa.check_output(f"ip address del {other}/16 dev eth0")
    node_id = europa.check_output("docker info --format '{{.Swarm.NodeID}}'")
    ours = "--label-add galilean.servers=true --label-add galilean.host=europa"
    jupiter.check_output(f"docker node update {ours} {node_id}")
    constraint = f"--constraint node.id=={node_id}"
    jupiter.check_output(f"docker service create --detach --name sleeper {constraint} {probe} sleep 600")
    try:
        eventually(lambda: europa.check_output("docker ps --quiet --filter name=sleeper"), "the service runs")
        refused = lab.play("playbooks/swarm.yml")
        assert f"in which it is {other}, though it is {addresses['europa']} now" in " ".join(refused.output.split())
        assert europa.check_output("docker info --format '{{.Swarm.NodeID}}'") == node_id
    finally:
        jupiter.check_output("docker service rm sleeper")
    eventually(lambda: not europa.check_output("docker ps --quiet --filter name=sleeper"), "nothing runs there")
    run = lab.play("playbooks/swarm.yml")
    assert run.returncode == 0, run.output
    assert europa.check_output("docker info --format '{{.Swarm.NodeAddr}}'") == addresses["europa"]
    assert known_nodes(lab) == ["europa", "io", "jupiter"]
    assert set(lab.play("playbooks/swarm.yml").changed.values()) == {0}


@pytest.mark.seldom
def test_a_hub_that_was_its_own_node_keeps_the_servers_that_run_there(
    lab: Lab, hosts: dict[str, Host], probe: str
) -> None:
    jupiter = hosts["jupiter"]
    jupiter.check_output("docker node update --label-add galilean.servers=true jupiter")
    constraints = "--constraint node.labels.galilean.servers==true --constraint node.hostname==jupiter"
    jupiter.check_output(f"docker service create --detach --name sleeper {constraints} {probe} sleep 600")
    container = "docker ps --quiet --filter name=sleeper"
    try:
        eventually(lambda: jupiter.check_output(container), "the service runs on the hub")
        before = jupiter.check_output(container)
        run = lab.play("playbooks/swarm.yml")
        assert run.returncode == 0, run.output
        assert jupiter.check_output(container) == before
        form = "{{ .Spec.Availability }} {{ .Spec.Labels }}"
        told = jupiter.check_output(f"docker node inspect --format '{form}' jupiter")
        assert told == "pause map[galilean.host:jupiter galilean.servers:false]"
    finally:
        jupiter.check_output("docker service rm sleeper")
        lab.activate("jupiter")


def test_a_network_in_use_stays_as_it_is(lab: Lab, talker: Host, hosts: dict[str, Host], probe: str) -> None:
    run = lab.play("playbooks/swarm.yml", "--extra-vars", "swarm_overlay_subnet=10.80.0.0/19")
    assert run.returncode == 0, run.output
    assert set(run.changed.values()) == {0}
    assert f"The network {NETWORK} is not as it should be" in " ".join(run.output.split())
    assert talker.check_output("docker inspect --format '{{.State.Running}}' talker") == "true"
    eventually(lambda: fetch(hosts["europa"], probe) == "10000000", "the load arrives whole")


def test_nobody_is_torn_out_of_a_swarm_of_others(lab: Lab, tmp_path: Path) -> None:
    inventory = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())
    hub, nodes = inventory["hub"]["hosts"], inventory["nodes"]["hosts"]
    # In this inventory io, a worker, is the hub, and the manager is among the nodes.
    hub["io"], nodes["jupiter"] = nodes.pop("io"), hub.pop("jupiter")
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories/lab/group_vars")
    options = ("--inventory", str(tmp_path), "--extra-vars", f"lab_directory={ROOT / '.lab' / lab.name}")

    refused = lab.play("playbooks/validate.yml", *options)
    words = " ".join(refused.output.split())
    assert refused.returncode != 0
    assert "europa, jupiter: Swarm: the host is in a Swarm that is not the cluster's" in words
    assert "io: Swarm: the host is in a Swarm that it does not manage" in words
    assert lab.play("playbooks/swarm.yml", *options).returncode != 0
    assert lab.ready_nodes() == set(HOSTS)
