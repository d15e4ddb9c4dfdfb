"""Where secrets are by default: in the directory of the inventory, which Ansible reads whole, and no part of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[4]
DEFAULTS = yaml.safe_load((ROOT / "roles/cluster/defaults/main.yml").read_text())
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ lookup('galilean.hub.secret', cluster_secrets_directory ~ '/token') }}"}
    - galilean.hub.certificates:
        ca_directory: "{{ cluster_secrets_directory }}/ca"
        ca_path: "{{ directory }}/trusted.pem"
        certificates: []
"""


def test_secrets_of_an_earlier_run_are_no_hosts_of_the_next(tmp_path: Path) -> None:
    inventory = shutil.copytree(ROOT / "inventories/single", tmp_path / "inventory")
    (tmp_path / "play.yml").write_text(PLAY)
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_secrets_directory": DEFAULTS["cluster_secrets_directory"],
        "directory": str(tmp_path),
    }

    def run(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name(program), "--inventory", inventory, *arguments]
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    before = run("ansible-inventory", "--graph")
    run("ansible-playbook", tmp_path / "play.yml", "--extra-vars", json.dumps(variables))
    after = run("ansible-inventory", "--graph")
    assert {path.name for path in inventory.rglob("*") if path.is_file()} >= {"token", "ca.pem", "ca-key.pem"}
    assert "jupiter" in before.stdout
    assert (after.stdout, after.stderr) == (before.stdout, before.stderr)
