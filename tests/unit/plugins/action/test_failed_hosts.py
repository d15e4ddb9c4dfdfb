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


SITE = [
    play("hub:nodes", {"ansible.builtin.fail": {}, "when": "inventory_hostname == failing"}, say("first")),
    play("hub:nodes:edge", say("next")),
    play("edge", say("last")),
]


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
    hosts = {name: DEAD if name == dead else LOCAL for name in ("jupiter", "io", "callisto")}
    members = {"hub": ["jupiter"], "nodes": ["io"], "edge": ["callisto"]}
    groups = {group: {"hosts": {name: hosts[name] for name in names}} for group, names in members.items()}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"vars": VARIABLES}, **groups}))
    (tmp_path / "site.yml").write_text(yaml.safe_dump(SITE))
    command = [
        Path(sys.executable).with_name("ansible-playbook"), "--check", "--inventory", tmp_path / "hosts.yml",
        "--extra-vars", f"failing={failing or 'nobody'}", tmp_path / "site.yml",
    ]  # fmt: skip
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    found: dict[str, set[str]] = {}
    for word, host in re.findall(r"msg: (\w+) on (\w+)", ended.stdout):
        found.setdefault(word, set()).add(host)
    assert found == said, ended.stdout
    assert ended.returncode != 0
    words = "jupiter, the host of the hub, has failed or cannot be reached, so this run ends for all hosts."
    assert (words in " ".join(ended.stdout.split())) == ("jupiter" in (failing, dead))
