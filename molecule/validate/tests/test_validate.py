"""A wrong input stops site.yml before the first change, with the inventory of the lab."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HOSTS = "europa, io, jupiter"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"jupyterhub_admin_user": ["ada"]}, "jupyterhub_admin_user: no role reads a variable of this name"),
        ({"cluster_public_url": "https://hub.example.org"}, "jupyterhub_authenticator: the dummy authenticator"),
        (
            {"jupyterhub_memory_guarantee": "900G", "jupyterhub_memory_limit": "900G"},
            "jupyterhub_memory_guarantee: 900G for each of 40 is promised, room is for 0",
        ),
        # The hosts share a kernel that has neither; tests/cluster/machines/test_networks.py has one with both.
        ({"cluster_endpoint_mode": "vip"}, f"{HOSTS}: cluster_endpoint_mode: vip needs IPVS"),
        ({"swarm_network_encrypted": True}, f"{HOSTS}: swarm_network_encrypted: true needs ESP"),
    ],
)
def test_nothing_is_changed_after_a_wrong_input(variables: dict[str, object], words: str) -> None:
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventories/lab", "playbooks/site.yml"]
    ended = subprocess.run(
        [*command, "-e", json.dumps(variables)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 2
    assert words in ended.stdout + ended.stderr
    _output, _header, end = ended.stdout.partition("phase     seconds  changed\n")
    table, _empty, advice = end.partition("\n\n")
    assert [line.split()[0::2] for line in table.splitlines()] == [["validate", "0"], ["total", "0"]]
    assert advice.startswith("Ended in validate, for all hosts\n")
