"""How far a run goes when a host fails or cannot be reached: on this machine alone, by what every play begins with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Nobody listens at this port.
DEAD = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
VARIABLES = {"cluster_public_url": "https://hub.example.org"}


def play(hosts: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {
        "hosts": hosts,
        "gather_facts": False,
        "vars_files": [str(ROOT / "playbooks/vars/cluster.yml")],
        "roles": ["galilean.hub.cluster"],
        "tasks": list(tasks),
    }


def say(word: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": f"{word} on {{{{ inventory_hostname }}}}"}}


FAILING = [
    play("hub:nodes", {"ansible.builtin.fail": {}, "when": "inventory_hostname == failing"}, say("first")),
    play("hub:nodes:edge", say("next")),
    play("edge", say("last")),
]


def run(
    directory: Path, groups: dict[str, dict[str, Any]], site: list[dict[str, Any]], *arguments: str
) -> subprocess.CompletedProcess[str]:
    inventory = {group: {"hosts": hosts} for group, hosts in groups.items()}
    (directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": VARIABLES}, **inventory}))
    (directory / "site.yml").write_text(yaml.safe_dump(site))
    command: list[str | Path] = [
        Path(sys.executable).with_name("ansible-playbook"), "--check", "--inventory", directory / "hosts.yml",
        directory / "site.yml", *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize(
    ("failing", "dead", "said"),
    [
        ("io", "", {"first": {"jupiter"}, "next": {"jupiter", "callisto"}, "last": {"callisto"}}),
        ("", "io", {"first": {"jupiter"}, "next": {"jupiter", "callisto"}, "last": {"callisto"}}),
        ("jupiter", "", {"first": {"io"}}),
        ("", "jupiter", {}),
    ],
    ids=["a node fails", "a node is dead", "the hub fails", "the hub is dead"],
)
def test_others_go_on_without_a_node_and_nobody_without_the_hub(
    tmp_path: Path, failing: str, dead: str, said: dict[str, set[str]]
) -> None:
    dead_or_alive = {name: DEAD if name == dead else LOCAL for name in ("jupiter", "io", "callisto")}
    members = {"hub": ["jupiter"], "nodes": ["io"], "edge": ["callisto"]}
    groups = {group: {name: dead_or_alive[name] for name in names} for group, names in members.items()}
    ended = run(tmp_path, groups, FAILING, "--extra-vars", f"failing={failing or 'nobody'}")
    found: dict[str, set[str]] = {}
    for word, host in re.findall(r"msg: (\w+) on (\w+)", ended.stdout):
        found.setdefault(word, set()).add(host)
    assert found == said, ended.stdout
    assert ended.returncode != 0
    words = "jupiter, the host of the hub, has failed or cannot be reached, so this run ends for all hosts."
    assert (words in " ".join(ended.stdout.split())) == ("jupiter" in (failing, dead))


def test_what_is_remembered_does_not_come_from_facts_that_were_there_before(tmp_path: Path) -> None:
    (tmp_path / "hosts.fact").write_text('{"io": {"address": "192.0.2.66", "hostname": "io"}}')
    before = {"hosts": "hub", "gather_facts": True, "fact_path": str(tmp_path)}
    known = {"ansible.builtin.debug": {"msg": "known: {{ cluster_known_hosts }}"}}
    hub = {"jupiter": {**LOCAL, "cluster_private_address": "192.0.2.10"}}
    ended = run(tmp_path, {"hub": hub, "nodes": {"io": DEAD}}, [before, play("hub", known)])
    assert ended.returncode == 0, ended.stdout
    assert "192.0.2.10" in ended.stdout
    assert "192.0.2.66" not in ended.stdout


def test_exports_do_not_depend_on_the_order_of_the_inventory(tmp_path: Path) -> None:
    clients = play("hub", {"ansible.builtin.debug": {"msg": "{{ nfs_server_clients | join(' ') }}"}})
    clients["vars_files"].append(str(ROOT / "roles/nfs_server/defaults/main.yml"))
    nodes = {"europa": "192.0.2.12", "io": "192.0.2.11"}
    groups = {"hub": {"jupiter": LOCAL}, "nodes": {name: {"cluster_private_address": nodes[name]} for name in nodes}}
    assert "msg: 192.0.2.11 192.0.2.12" in run(tmp_path, groups, [clients]).stdout
