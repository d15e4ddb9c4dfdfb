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

ROLE = Path(__file__).resolve().parents[3] / "roles/base"
HOST = {
    "ansible_managed": "managed",
    "base_cluster_addresses": ["10.0.0.1", "10.0.0.12"],
    "base_public_ports": [80, 443],
    "base_ssh": {"ports": [22, 2222]},
    "base_ssh_port": 2022,
}
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


def rendered(**variables: Any) -> str:
    """The rules of a host with these variables of its own."""
    loader = DataLoader()
    defaults, constants = (
        loader.load_from_file(str(ROLE / folder / "main.yml"), trusted_as_template=True)
        for folder in ("defaults", "vars")
    )
    template = trust_as_template((ROLE / "templates/firewall.nft.j2").read_text())
    return str(Templar(loader, variables={**defaults, **constants, **HOST, **variables}).template(template))


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[Attempt, bool]:
    """Which attempts were answered."""
    rules = tmp_path_factory.mktemp("firewall") / "firewall.nft"
    rules.write_text(rendered())
    attempts = [*OPEN.values(), *CLOSED.values()]
    apart = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    program = [sys.executable, Path(__file__).with_name("namespaces.py")]
    command = [*apart, *program, rules, json.dumps(BRIDGES), json.dumps(attempts)]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return dict(zip(attempts, json.loads(told), strict=True))


@pytest.mark.parametrize("attempt", OPEN.values(), ids=OPEN)
def test_what_is_open(answered: dict[Attempt, bool], attempt: Attempt) -> None:
    assert answered[attempt]


@pytest.mark.parametrize("attempt", CLOSED.values(), ids=CLOSED)
def test_what_is_closed(answered: dict[Attempt, bool], attempt: Attempt) -> None:
    assert not answered[attempt]
