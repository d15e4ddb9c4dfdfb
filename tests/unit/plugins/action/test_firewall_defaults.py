"""The firewall follows the ports of the roles whose services it admits; defaults are evaluated by Ansible itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
CLUSTER = {
    "cluster_addresses": ["192.0.2.11"],
    "cluster_edge_host": "localhost",
    "cluster_public_url": "https://hub.example.org:8443",
}


def open_ports(**variables: int) -> set[int]:
    """The TCP ports that the defaults of the role open, to anybody or within the cluster."""
    command = [
        *(Path(sys.executable).with_name("ansible"), "localhost", "--connection", "local"),
        *("--extra-vars", f"@{ROOT / 'roles/base/defaults/main.yml'}"),
        *("--extra-vars", json.dumps({**CLUSTER, **variables})),
        *("--module-name", "debug"),
        *("--args", "msg={{ [base_public_ports, base_cluster_firewall_rules] | to_json }}"),
    ]
    plain = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "1"}
    said = subprocess.run(command, cwd=ROOT, env=os.environ | plain, capture_output=True, text=True, check=True).stdout
    public, rules = json.loads(json.loads(said.partition(" => ")[2])["msg"])
    return {*public, *(port for rule in rules if rule["protocol"] == "tcp" for port in rule["ports"])}


def test_ports_of_other_roles_are_open_where_they_were_moved() -> None:
    ordinary = open_ports()
    assert {80, 8443, 5000, 8000} < ordinary
    moved = open_ports(registry_port=5001, jupyterhub_proxy_port=8001, proxy_http_port=8080, proxy_https_port=9443)
    assert moved - ordinary == {5001, 8001, 8080, 9443}
    assert ordinary - moved == {80, 8443, 5000, 8000}
