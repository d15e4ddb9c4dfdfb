"""The playbook in front of every run: it refuses wrong inventories by name, connects to nobody and prints no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
# Nobody answers at this address: whoever connects to a host does not end in time.
NOWHERE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_ssh_timeout": 60}
VARIABLES: dict[str, Any] = {"cluster_public_url": "https://hub.example.org", "jupyterhub_allowed_users": ["ada"]}

# This machine, whatever else it is used for.
HERE = {
    "ansible_connection": "local",
    "ansible_python_interpreter": sys.executable,
    "cluster_adopt_hosts": True,
    "jupyterhub_cpu_limit": 0.01,
}


def inventory(variables: dict[str, Any], nodes: int = 2, **groups: Any) -> dict[str, Any]:
    hosts = {f"moon{number:02}": {} for number in range(nodes)}
    volume = {"nfs_server_device": "/dev/vdb"} if nodes else {}
    everyone = {"vars": {**volume, **variables}}
    return {"all": everyone, "hub": {"hosts": {"jupiter": {}}}, "nodes": {"hosts": hosts}, **groups}


def run(
    directory: Path,
    hosts: dict[str, Any],
    *arguments: str,
    playbook: str | Path = "playbooks/validate.yml",
    **said: str,
) -> tuple[int, str]:
    """Exit code and output of validate on an inventory, with what is said in the environment."""
    path = directory / "hosts.yml"
    path.write_text(yaml.safe_dump(hosts))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", path, playbook, *arguments]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", **said}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    return ended.returncode, ended.stdout + ended.stderr


def findings(output: str) -> list[str]:
    _before, _heading, rest = output.partition("The inventory is refused, and nothing was changed. Findings: ")
    number, _newline, lines = rest.partition("\n")
    return lines.splitlines()[: int(number or 0)]


def test_twenty_hosts_are_judged_without_a_connection(tmp_path: Path) -> None:
    wrong = {**VARIABLES, **NOWHERE, "nfs_server_device": "", "swarm_overlay_subnet": "10.80.0.0/28"}
    code, output = run(tmp_path, inventory(wrong, nodes=20))
    assert code == 2
    volume, subnet = findings(output)
    assert volume.startswith("jupiter: nfs_server_device: expected a data volume, found none")
    assert volume.endswith("Write nfs_server_device: /dev/disk/by-id/virtio-volume in host_vars/jupiter.yml.")
    assert subnet.startswith(
        "jupiter: swarm_overlay_subnet: 10.80.0.0/28 has 16 addresses, and a class of 30 needs 93."
    )


def test_an_inventory_does_not_set_what_follows_from_its_groups(tmp_path: Path) -> None:
    derived = {"cluster_hub_host": "moon00", "cluster_addresses": ["192.0.2.99"]}
    code, output = run(tmp_path, inventory({**VARIABLES, **NOWHERE, **derived}))
    assert code == 2
    named = [line.partition(": ")[2].partition(".")[0] for line in findings(output)]
    assert named == [f"{name}: no role reads a variable of this name" for name in sorted(derived)]


def test_what_is_right_goes_on_to_the_hosts(tmp_path: Path) -> None:
    variables = {**VARIABLES, **HERE}
    templated = {
        "docker_mtu": "{{ ansible_facts['default_ipv4']['mtu'] - 50 }}",
        "proxy_logins_burst": "{{ cluster_class_size }}",
        "proxy_upstream": "{{ cluster_hub_address }}:8000",
    }
    code, output = run(tmp_path, inventory({**variables, **templated}, nodes=0))
    assert code == 0, output

    greedy = {**variables, "jupyterhub_memory_guarantee": "9T", "jupyterhub_memory_limit": "9T"}
    code, output = run(tmp_path, inventory({**greedy, "docker_mtu": "{{ ansible_facts['nothing']['mtu'] }}"}, nodes=0))
    assert code == 2
    docker, memory = findings(output)
    assert docker.startswith("jupiter: docker_mtu: expected a value, found a template that fails")
    assert memory.startswith(
        "jupiter: jupyterhub_memory_guarantee: 9T for each of 30 is promised, room is for 0 (jupiter"
    )


def test_a_host_that_is_not_reached_is_named_and_stops_nobody(tmp_path: Path) -> None:
    hosts = inventory({**VARIABLES, **NOWHERE, "nfs_server_device": "/dev/vdb"}, nodes=0)
    hosts["hub"]["hosts"]["jupiter"] = HERE
    hosts["nodes"] = {"hosts": {"io": {}, "europa": {"cluster_private_address": "192.0.2.12"}}}
    # So that its volume is not looked for on this machine.
    hosts["storage"] = {"hosts": {"callisto": {"cluster_private_address": "192.0.2.13"}}}
    code, output = run(tmp_path, hosts, "--check", "--limit", "jupiter")
    assert code == 0, output
    words = " ".join(output.split())
    assert "Not reached, so others keep what they have of it: callisto, europa" in words
    assert "Never reached, so left out of everything: io" in words


def test_nobody_goes_on_without_knowing_where_the_homes_are(tmp_path: Path) -> None:
    hosts = inventory({**VARIABLES, **NOWHERE}, nodes=0, storage={"hosts": {"callisto": {}}})
    hosts["hub"]["hosts"]["jupiter"] = HERE
    code, output = run(tmp_path, hosts, "--check", "--limit", "jupiter", "--extra-vars", "nfs_server_device=/dev/vdb")
    assert code == 2, output
    (line,) = findings(output)
    assert line.startswith("callisto: cluster_private_address: it is not known where the host of the homes is")


def test_what_a_host_tells_is_judged_like_what_is_written(tmp_path: Path) -> None:
    addresses = {"jupiter": "192.0.2.10", "moon00": "0.0.0.0/0", "limb": "192.0.2.10"}
    route = {"address": "{{ address }}", "interface": "eth0", "mtu": 1500}
    facts = {"default_ipv4": route, "hostname": "{{ inventory_hostname }}"}
    telling = {"ansible.builtin.set_fact": {**facts, "cacheable": True}}
    gathered = {"ansible.builtin.debug": {}, "register": "cluster_facts"}
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [telling, gathered]},
        {"ansible.builtin.import_playbook": str(ROOT / "playbooks/validate.yml")},
    ]
    playbook = tmp_path / "site.yml"
    playbook.write_text(yaml.safe_dump(plays))
    hosts = inventory({**VARIABLES, **NOWHERE}, nodes=1, edge={"hosts": {"limb": {}}})
    hosts["all"]["hosts"] = {host: {"address": address} for host, address in addresses.items()}
    code, output = run(tmp_path, hosts, playbook=playbook)
    assert code == 2
    twice, network = findings(output)
    assert twice.startswith("limb: cluster_private_address: 192.0.2.10 is the address of jupiter too.")
    assert network == (
        "moon00: cluster_private_address: expected the IP address of one host in the fact default_ipv4, "
        'found "0.0.0.0/0". Write cluster_private_address: "10.0.0.11" in host_vars/moon00.yml.'
    )


@pytest.mark.parametrize("name", ["single", "static"])
def test_an_example_is_right_as_it_stands(tmp_path: Path, name: str) -> None:
    playbook = tmp_path / "site.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": ["galilean.hub.validate"]}]))
    example = ("-i", f"inventories/{name}")
    code, output = run(tmp_path, {"all": None}, *example, playbook=playbook, GITHUB_CLIENT_SECRET="of nobody")
    assert code == 0, output


INI = """
[hub]
jupiter
[nodes]
moon00
[all:vars]
ansible_connection=local
cluster_public_url=https://hub.example.org
docker_mtu=1400
jupyterhub_allow_all=yes
nfs_server_device=/dev/vdb
"""
SAID = {
    "base_ssh_password_authentication": "false",
    "base_unattended_upgrades": "True",
    "docker_mtu": "1400",
    "keeper_address": "10.0.0.11",
    "keeper_uid_minimum": "200000",
    "removed_nodes_moves_servers": "true",
}


def test_text_of_ini_and_of_the_command_line_is_taken_for_what_it_says(tmp_path: Path) -> None:
    """A role that takes `false` for a text that is not empty, and so for true, does the opposite of what is written."""
    ini, playbook = tmp_path / "hosts.ini", tmp_path / "site.yml"
    ini.write_text(INI)
    made = {"sshd.conf": "base", "upgrades.conf": "base", "daemon.json": "docker", "keeper.json": "keeper"}
    sources = {name: f"{ROOT}/roles/{role}/templates/{name}.j2" for name, role in made.items()}
    tasks = [
        {"ansible.builtin.template": {"src": source, "dest": str(tmp_path / name)}} for name, source in sources.items()
    ]
    defaults = [f"{ROOT}/roles/{role}/defaults/main.yml" for role in ("cluster", "base", "docker", "keeper")]
    play = {"gather_facts": False, "vars": {"ansible_python_interpreter": sys.executable}}
    # What roles that ran before have registered is no misspelt variable.
    registered = {**play, "hosts": "hub", "tasks": [{"ansible.builtin.debug": {}, "register": "cluster_lock"}]}
    judged = {**play, "hosts": "all", "roles": ["galilean.hub.validate"]}
    nothing_before = {**play["vars"], "docker_before": {"contents": {"/etc/docker/daemon.json": ""}}}
    read = [*defaults, f"{ROOT}/roles/docker/vars/main.yml"]
    written = {**play, "hosts": "hub", "vars_files": read, "vars": nothing_before, "tasks": tasks}
    playbook.write_text(yaml.safe_dump([registered, judged, written]))
    said = " ".join(f"{name}={text}" for name, text in SAID.items())
    code, output = run(tmp_path, {"all": None}, "-i", str(ini), "-e", said, playbook=playbook)
    assert code == 0, output
    assert "PasswordAuthentication no" in (tmp_path / "sshd.conf").read_text()
    assert 'Unattended-Upgrade "1"' in (tmp_path / "upgrades.conf").read_text()
    assert json.loads((tmp_path / "daemon.json").read_text())["mtu"] == 1400
    assert json.loads((tmp_path / "keeper.json").read_text())["uid_minimum"] == 200_000


def test_an_empty_inventory_is_refused(tmp_path: Path) -> None:
    code, output = run(tmp_path, {"all": None})
    assert code == 2
    (line,) = findings(output)
    assert line.startswith("inventory: group hub: expected exactly one host, found none. Put the one host")


def test_variables_of_other_hosts_are_evaluated_as_theirs(tmp_path: Path) -> None:
    asked = [
        "hostvars['moon00'].twice",
        "groups['nodes'] | map('extract', hostvars, 'twice') | join",
        "hostvars.values() | map(attribute='twice') | sort | join",
        "lookup('vars', 'tw' ~ 'ice')",
        "lookup('env', 'ONCE')",
    ]
    hosts = inventory({**VARIABLES, **NOWHERE, "twice": "{{ once ~ once }}"})
    hosts["nodes"]["hosts"] = {"moon00": {"once": "a"}, "moon01": {"once": "b"}}
    hosts["hub"]["hosts"]["jupiter"] = {
        "once": "c",
        "proxy_server_name": f"?{{{{ [{', '.join(asked)}] | join(':') }}}}",
    }
    code, output = run(tmp_path, hosts, ONCE="d")
    assert code == 2
    (line,) = findings(output)
    assert "?aa:aabb:aabbcc:cc:d" in line


def test_a_secret_that_is_empty_in_this_shell_is_refused(tmp_path: Path) -> None:
    templates = {
        "client_secret": "{{ lookup('ansible.builtin.env', 'CLIENT_SECRET') }}",
        "password": "{{ lookup('ansible.builtin.env', 'CLIENT_SECRET', default=undef()) }}",
        "user_password": "{{ of_nobody }}",
    }
    github = {
        "jupyterhub_authenticator": "github",
        "jupyterhub_authenticator_options": {"client_id": "galilean"},
        "jupyterhub_authenticator_secrets": templates,
    }
    code, output = run(tmp_path, inventory({**VARIABLES, **NOWHERE, **github}))
    assert code == 2
    places = [line.removeprefix("jupiter: jupyterhub_authenticator_secrets.") for line in findings(output)]
    assert [place.partition(". ")[0] for place in places] == [f"{secret}: it is empty" for secret in templates]


def test_a_secret_is_read_without_a_word_and_never_drawn(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    dummy = {
        "jupyterhub_authenticator": "dummy",
        "cluster_public_url": "https://localhost",
        "jupyterhub_authenticator_secrets": {
            "admin_password": f"{{{{ lookup('galilean.hub.secret', '{mark}') }}}}",
            "client_secret": f"{{{{ lookup('pipe', 'touch {mark}') }}}}",
            "password": "{{ lookup('ansible.builtin.env', 'PASSWORD') }}",
            "user_password": f"{{{{ query('ansible.builtin.pipe', 'touch {mark}') | first }}}}",
        },
    }
    code, output = run(tmp_path, inventory({**VARIABLES, **NOWHERE, **dummy}), "-vvv", PASSWORD="hunter2")
    assert code == 2
    (line,) = findings(output)
    assert "jupyterhub_authenticator_secrets.password: expected a string of at least 8 characters." in line
    assert "hunter2" not in output
    assert not mark.exists()


def test_hostile_values_are_findings_and_nothing_else(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    hostile = {
        "cluster_instance": "{{ '{{' }} lookup('pipe', 'touch MARK') }}",
        "cluster_public_url": "https://hub.example.org\n{{ 'x' }}\"'",
        "docker_mtu": "{{ ''.__class__.__mro__ }}",
        "docker_log_files": "{{ 1 / 0 }}",
        "docker_registry_mirrors": ["UNSAFE"],
        "jupyterhub_admin_users": ["ada", "{% for"],
        "jupyterhub_allowed_users": "{{ jupyterhub_allowed_users }}",
        "jupyterhub_authenticator": "O'Neil; DROP TABLE users; --",
        "jupyterhub_authenticator_secrets": "UNSAFE",
        "jupyterhub_environment": {"A": "{{ nobody_said }}"},
        "jupyterhub_{{ evil }}": "x",
        "proxy_http_port": "8" * 5000,
        "proxy_server_name": "x;\n}\nserver {",
        "swarm_network": "x" * 100_000,
        "verify_timeout_seconds": "{{ lookup('no.such.lookup') }}",
    }
    unsafe = "!unsafe \"{{ lookup('pipe', 'touch MARK') }}hunter2-hunter2\""
    path = tmp_path / "hostile.yml"
    text = yaml.safe_dump(inventory({**NOWHERE, **hostile}), width=1_000_000)
    path.write_text(text.replace("UNSAFE", unsafe).replace("MARK", str(mark)))
    code, output = run(tmp_path, {"all": None}, "-i", str(path), "-vvv")
    assert code == 2
    lines = findings(output)
    assert {line.split(": ")[1].partition("[")[0] for line in lines} == set(hostile)
    assert all(line.startswith("jupiter, moon00, moon01: ") and len(line) < 400 for line in lines)
    assert any(
        "jupyterhub_authenticator_secrets: expected a mapping, found a string (hidden)" in line for line in lines
    )
    assert "Traceback" not in output
    assert not mark.exists()
