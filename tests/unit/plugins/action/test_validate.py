"""The playbook in front of every run: it refuses wrong inventories by name, connects to nobody and prints no secret."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
SECONDS_AT_MOST = 10
# Nobody answers at this address: whoever connects to a host does not end in time.
NOWHERE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_ssh_timeout": 60}
VARIABLES: dict[str, Any] = {"cluster_public_url": "https://hub.example.org", "jupyterhub_allowed_users": ["ada"]}


def inventory(variables: dict[str, Any], nodes: int = 2, **groups: Any) -> dict[str, Any]:
    hosts = {f"moon{number:02}": {} for number in range(nodes)}
    return {"all": {"vars": variables}, "hub": {"hosts": {"jupiter": {}}}, "nodes": {"hosts": hosts}, **groups}


def run(directory: Path, hosts: dict[str, Any], *arguments: str) -> tuple[int, str, float]:
    """Exit code, output and seconds of validate on an inventory."""
    path = directory / "hosts.yml"
    path.write_text(yaml.safe_dump(hosts))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", path, "playbooks/validate.yml", *arguments]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    began = time.monotonic()
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr, time.monotonic() - began


def findings(output: str) -> list[str]:
    _before, _heading, rest = output.partition("The inventory is refused, and nothing was changed. Findings: ")
    number, _newline, lines = rest.partition("\n")
    return lines.splitlines()[: int(number or 0)]


def test_twenty_hosts_are_judged_in_seconds_without_a_connection(tmp_path: Path) -> None:
    wrong = {**VARIABLES, **NOWHERE, "swarm_overlay_subnet": "10.80.0.0/28"}
    code, output, seconds = run(tmp_path, inventory(wrong, nodes=20))
    assert code == 2
    (line,) = findings(output)
    assert line.startswith("jupiter: swarm_overlay_subnet: 10.80.0.0/28 has 16 addresses, and a class of 30 needs 93.")
    assert seconds < SECONDS_AT_MOST


def test_what_is_right_goes_on_to_the_hosts(tmp_path: Path) -> None:
    variables = {**VARIABLES, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    templated = {
        "docker_mtu": "{{ ansible_facts['default_ipv4']['mtu'] - 50 }}",
        "proxy_logins_burst": "{{ cluster_class_size }}",
        "proxy_upstream": "{{ cluster_hub_address }}:8000",
    }
    code, output, _seconds = run(tmp_path, inventory({**variables, **templated}, nodes=0))
    assert code == 0, output

    greedy = {**variables, "jupyterhub_memory_guarantee": "9T", "jupyterhub_memory_limit": "9T"}
    code, output, _seconds = run(
        tmp_path, inventory({**greedy, "docker_mtu": "{{ ansible_facts['nothing']['mtu'] }}"}, nodes=0)
    )
    assert code == 2
    docker, memory = findings(output)
    assert docker.startswith("jupiter: docker_mtu: expected a value, found a template that fails")
    assert memory.startswith(
        "jupiter: jupyterhub_memory_guarantee: 9T for each of 30 is promised, room is for 0 (jupiter"
    )


def test_an_empty_inventory_is_refused(tmp_path: Path) -> None:
    code, output, _seconds = run(tmp_path, {"all": None})
    assert code == 2
    (line,) = findings(output)
    assert line.startswith("inventory: group hub: expected exactly one host, found none. Put the one host")


@pytest.mark.parametrize(
    "template",
    [
        "{{ lookup('pi' ~ 'pe', 'touch MARK') }}",
        "{{ lookup(nobody | default('pipe'), 'touch MARK') }}",
        "{% set run = lookup %}{{ run('pipe', 'touch MARK') }}",
        "{{ lookup ( 'ansible.legacy.pipe', 'touch MARK') }}",
        "{{ lookup('password', 'MARK') }}",
        "{{ '{{' }} lookup('pipe', 'touch MARK') }}",
    ],
)
def test_a_template_that_acts_is_not_run_however_it_hides(tmp_path: Path, template: str) -> None:
    mark = tmp_path / "ran"
    hostile = {
        "cluster_instance": template.replace("MARK", str(mark)),
        "docker_registry_mirrors": ["{{ cluster_instance }}"],
        "proxy_server_name": "{{ nickname }}",
    }
    code, output, _seconds = run(
        tmp_path, inventory({**VARIABLES, **NOWHERE, **hostile, "nickname": hostile["cluster_instance"]})
    )
    assert code == 2
    assert [line.split(": ")[1].partition("[")[0] for line in findings(output)] == list(hostile)
    assert not mark.exists()


def test_what_is_marked_unsafe_is_data(tmp_path: Path) -> None:
    text = yaml.safe_dump(inventory({**VARIABLES, **NOWHERE, "jupyterhub_authenticator_secrets": "SECRET"}))
    path = tmp_path / "unsafe.yml"
    path.write_text(text.replace("SECRET", '!unsafe \'{{ lookup("pipe", "false") }}\''))
    code, output, _seconds = run(tmp_path, {}, "-i", str(path))
    assert code == 2
    assert "jupyterhub_authenticator_secrets: expected a mapping, found a string (hidden)" in output


@pytest.mark.parametrize("secret", ["hunter2-hunter2", "{{ lookup('pipe', 'touch MARK') }}hunter2-hunter2"])
def test_hostile_values_are_findings_and_nothing_else(tmp_path: Path, secret: str) -> None:
    mark = tmp_path / "ran"
    hostile = {
        "cluster_instance": "{{ lookup('pipe', 'touch MARK') }}",
        "cluster_public_url": "https://hub.example.org\n{{ 'x' }}\"'",
        "docker_live_restore": "{{ ''.__class__.__mro__ }}",
        "docker_log_files": "{{ 1 / 0 }}",
        "docker_registry_mirrors": ["{{ query('ansible.builtin.lines', 'touch MARK') }}"],
        "jupyterhub_admin_users": ["ada", "{% for"],
        "jupyterhub_allowed_users": "{{ jupyterhub_allowed_users }}",
        "jupyterhub_authenticator": "O'Neil; DROP TABLE users; --",
        "jupyterhub_authenticator_secrets": secret,
        "jupyterhub_environment": {"A": "{{ nobody_said }}"},
        "jupyterhub_{{ evil }}": "x",
        "proxy_http_port": "8" * 5000,
        "proxy_server_name": "x;\n}\nserver {",
        "swarm_network": "x" * 100_000,
        "verify_timeout_seconds": "{{ lookup('no.such.lookup') }}",
    }
    variables = yaml.safe_load(yaml.safe_dump({**NOWHERE, **hostile}).replace("MARK", str(mark)))
    code, output, seconds = run(tmp_path, inventory(variables), "-vvv")
    assert code == 2
    lines = findings(output)
    # A secret that is a template is not made here, so what it gives is not judged either.
    expected = set(hostile) - ({"jupyterhub_authenticator_secrets"} if "{{" in secret else set())
    assert {line.split(": ")[1] for line in lines} == expected
    assert all(line.startswith("jupiter, moon00, moon01: ") and len(line) < 400 for line in lines)
    assert "Traceback" not in output
    assert "hunter2" not in output
    assert not mark.exists()
    assert seconds < SECONDS_AT_MOST
