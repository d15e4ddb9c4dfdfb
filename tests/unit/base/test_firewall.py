"""Who gets through a host's firewall, with the real rules between network namespaces."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.galilean.hub.plugins.plugin_utils.declared import role_defaults

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/base"


def telling(address: str) -> dict[str, Any]:
    """Variables of a host whose facts were gathered."""
    facts = {"default_ipv4": {"address": address}, "hostname": "any"}
    return {"ansible_facts": facts, "cluster_facts": {}, "groups": {"hub": ["jupiter"]}}


# jupiter has all but the servers of students, which io has.
CLUSTER = {
    "ansible_managed": "managed",
    "base_ssh": {"ports": [22, 2222]},
    "base_ssh_port": 2022,
    "cluster_public_url": "https://hub.example.org",
    "groups": {"hub": ["jupiter"], "nodes": ["io"]},
}
JUPITER = {
    **CLUSTER,
    "inventory_hostname": "jupiter",
    "hostvars": {"jupiter": telling("10.0.0.1"), "io": telling("10.0.0.12")},
}
IO = {**CLUSTER, "inventory_hostname": "io", "hostvars": {"io": telling("10.0.0.1"), "jupiter": telling("10.0.0.12")}}
# Bridges with containers, by the part of their networks' addresses that is theirs.
BRIDGES = {17: "docker0", 18: "docker_gwbridge", 19: "gal-main", 20: "br-0123456789ab"}
NEIGHBOUR, PEER = "10.0.0.66", "10.0.0.12"
Attempt = tuple[str, str, str, int]
OPEN: dict[str, Attempt] = {
    "SSH": ("outside", NEIGHBOUR, "10.0.0.1", 22),
    "SSH over IPv6": ("outside", "fd00::66", "fd00::1", 22),
    "SSH where it listens too": ("outside", NEIGHBOUR, "10.0.0.1", 2222),
    "SSH where the inventory says": ("outside", NEIGHBOUR, "10.0.0.1", 2022),
    "SSH behind a port that the host translates": ("outside", NEIGHBOUR, "10.0.0.1", 2200),
    "a published port that is public": ("outside", NEIGHBOUR, "10.0.0.1", 80),
    "a published port within the cluster": ("outside", PEER, "10.0.0.1", 5000),
    **{f"from {name} to the world": (f"c{part}-2", "", NEIGHBOUR, 9999) for part, name in BRIDGES.items()},
    **{f"from {name} to the world over IPv6": (f"c{part}-2", "", "fd00::66", 80) for part, name in BRIDGES.items()},
    **{f"within {name}": (f"c{part}-2", "", f"172.{part}.0.3", 9999) for part, name in BRIDGES.items()},
    "from the hub to the engine API and the keeper": ("c19-2", "", "172.19.0.1", 8444),
}
CLOSED: dict[str, Attempt] = {
    "a port of the cluster": ("outside", NEIGHBOUR, "10.0.0.1", 8000),
    "a port that nobody opened": ("outside", PEER, "10.0.0.1", 9999),
    "a published port within the cluster": ("outside", NEIGHBOUR, "10.0.0.1", 5000),
    "the port of SSH on a container": ("outside", NEIGHBOUR, "10.0.0.1", 2300),
    "a service on loopback": ("outside", NEIGHBOUR, "127.0.0.1", 80),
    "what is published on loopback": ("outside", NEIGHBOUR, "127.0.0.1", 443),
    **{f"a container on {name}": ("outside", NEIGHBOUR, f"172.{part}.0.2", 9999) for part, name in BRIDGES.items()},
    **{f"its public port on {name}": ("outside", NEIGHBOUR, f"172.{part}.0.3", 80) for part, name in BRIDGES.items()},
    **{f"a peer to {name}": ("outside", PEER, f"172.{part}.0.2", 5000) for part, name in BRIDGES.items()},
    **{f"IPv6 to {name}": ("outside", "fd00::66", f"fd00:{part}::2", 80) for part, name in BRIDGES.items()},
    **{f"from {name} to its host": (f"c{part}-2", "", "10.0.0.1", 22) for part, name in BRIDGES.items()},
}


MOVED: dict[str, Attempt] = {
    "the keeper": ("outside", PEER, "10.0.0.1", 9444),
    "the keeper from the hub": ("c19-2", "", "172.19.0.1", 9444),
}
LEFT: dict[str, Attempt] = {
    "the keeper": ("outside", PEER, "10.0.0.1", 8444),
    "the keeper from the hub": ("c19-2", "", "172.19.0.1", 8444),
}
OPEN_ON_A_NODE: dict[str, Attempt] = {
    "SSH": ("outside", NEIGHBOUR, "10.0.0.1", 22),
    "the engine API": ("outside", PEER, "10.0.0.1", 2376),
    "the Swarm": ("outside", PEER, "10.0.0.1", 7946),
    "the guard of the homes": ("outside", PEER, "10.0.0.1", 8445),
}
CLOSED_ON_A_NODE: dict[str, Attempt] = {
    "nginx": ("outside", NEIGHBOUR, "10.0.0.1", 80),
    "NFS": ("outside", PEER, "10.0.0.1", 2049),
    "the manager of the Swarm": ("outside", PEER, "10.0.0.1", 2377),
    "the registry": ("outside", PEER, "10.0.0.1", 5000),
    "configurable-http-proxy": ("outside", PEER, "10.0.0.1", 8000),
    "the keeper": ("outside", PEER, "10.0.0.1", 8444),
    "the engine API to others": ("outside", NEIGHBOUR, "10.0.0.1", 2376),
    "what is for the hub's container": ("c19-2", "", "172.19.0.1", 8444),
}


def rendered(**host: Any) -> str:
    """The rules of a host with these variables, of what the roles declare."""
    loader = DataLoader()
    files = ("roles/base/vars/main.yml", "roles/cluster/vars/main.yml", "playbooks/vars/cluster.yml")
    variables = role_defaults()
    for file in files:
        variables |= loader.load_from_file(str(ROOT / file), trusted_as_template=True)
    (play,) = loader.load_from_file(str(ROOT / "playbooks/hosts.yml"), trusted_as_template=True)
    (handed_over,) = (role["vars"] for role in play["roles"] if role["role"] == "galilean.hub.base")
    template = trust_as_template((ROLE / "templates/firewall.nft.j2").read_text())
    return str(Templar(loader, variables={**variables, **host, **handed_over}).template(template))


def answers(rules: Path, *attempts: Attempt, **host: Any) -> dict[Attempt, bool]:
    """Which attempts are answered by a host with these variables."""
    rules.write_text(rendered(**host))
    apart = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    program = [sys.executable, Path(__file__).with_name("namespaces.py")]
    command = [*apart, *program, rules, json.dumps(BRIDGES), json.dumps(attempts)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return dict(zip(attempts, json.loads(told), strict=True))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[Attempt, bool]:
    """What the host of the hub answers."""
    rules = tmp_path_factory.mktemp("firewall") / "firewall.nft"
    return answers(rules, *OPEN.values(), *CLOSED.values(), **JUPITER)


@pytest.mark.parametrize("attempt", OPEN.values(), ids=OPEN)
def test_what_is_open(answered: dict[Attempt, bool], attempt: Attempt) -> None:
    assert answered[attempt]


@pytest.mark.parametrize("attempt", CLOSED.values(), ids=CLOSED)
def test_what_is_closed(answered: dict[Attempt, bool], attempt: Attempt) -> None:
    assert not answered[attempt]


def test_a_host_opens_only_the_ports_of_what_runs_there(tmp_path: Path) -> None:
    answered = answers(tmp_path / "rules", *OPEN_ON_A_NODE.values(), *CLOSED_ON_A_NODE.values(), **IO)
    assert [name for name, attempt in OPEN_ON_A_NODE.items() if not answered[attempt]] == []
    assert [name for name, attempt in CLOSED_ON_A_NODE.items() if answered[attempt]] == []


def test_a_port_that_is_moved_takes_its_rules_along(tmp_path: Path) -> None:
    answered = answers(tmp_path / "rules", *MOVED.values(), *LEFT.values(), **JUPITER, keeper_port=9444)
    assert [name for name, attempt in MOVED.items() if not answered[attempt]] == []
    assert [name for name, attempt in LEFT.items() if answered[attempt]] == []


def test_a_node_that_is_not_reached_keeps_its_rules() -> None:
    """The hub remembers where it is."""
    hub = telling("10.0.0.1")
    remembers = {"ansible_local": {"hosts": {"io": {"address": "10.0.0.12", "hostname": "any"}}}}
    hostvars: dict[str, Any] = {
        "jupiter": {**hub, "ansible_facts": {**hub["ansible_facts"], **remembers}},
        "io": {"ansible_facts": {}, "groups": CLUSTER["groups"]},
    }
    assert rendered(**{**JUPITER, "hostvars": hostvars}) == rendered(**JUPITER)


def test_who_serves_the_hub_alone_opens_what_browsers_ask_for() -> None:
    groups = {**CLUSTER["groups"], "edge": ["io"]}
    url = "https://hub.example.org:8443"
    edge, hub = (rendered(**{**host, "groups": groups, "cluster_public_url": url}) for host in (IO, JUPITER))
    assert "{ 80, 8443 } accept" in edge
    assert "8443" not in hub
    # Where both are one, it listens on loopback.
    assert "{ 8000 } accept" in hub
    assert "8000" not in edge + rendered(**JUPITER)


def test_encrypted_networks_get_through_between_hosts_of_the_swarm() -> None:
    groups = {**CLUSTER["groups"], "edge": ["callisto"]}
    hostvars = {**JUPITER["hostvars"], "callisto": telling("10.0.0.13")}
    hosts = {**JUPITER, "groups": groups, "hostvars": hostvars}
    assert "saddr 10.0.0.12 meta l4proto esp accept" in rendered(**hosts)
    assert "esp" not in rendered(**{**hosts, "inventory_hostname": "callisto"})
