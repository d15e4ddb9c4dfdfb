"""A run ends with a table of its phases and with what the run had to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ansible_collections.galilean.hub.plugins.callback.phases import Phase, phase_name, table

ROOT = Path(__file__).resolve().parents[4]
PLAY = """
- hosts: one:two
  gather_facts: false
  {tags}
  tasks:
    - ansible.builtin.debug:
      changed_when: {changed}
"""
SUMMARY = """
- hosts: one
  gather_facts: false
  tags: [never, verify]
  tasks:
    - ansible.builtin.set_stats:
        data: {galilean_summary: ["Open https://localhost:8443", "  and log in"]}
"""


def run(directory: Path, *arguments: str) -> str:
    """Output of a run of site.yml, which imports three playbooks as the real one does."""
    files = {
        "hosts.yml": PLAY.format(tags="tags: [hosts]", changed="true") * 2,
        "engine.yml": PLAY.format(tags="", changed="inventory_hostname == 'one'"),
        "verify.yml": SUMMARY,
        "site.yml": "".join(f"- import_playbook: {name}.yml\n" for name in ("hosts", "engine", "verify")),
    }
    for name, content in files.items():
        (directory / name).write_text(content)
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "one,two,", directory / "site.yml", *arguments]
    settings = {"ANSIBLE_CONFIG": ROOT / "ansible.cfg", "ANSIBLE_CALLBACKS_ENABLED": "galilean.hub.phases"}
    environment = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout


def rows(output: str) -> list[tuple[str, int]]:
    """Phases and changes of the table."""
    return [(name, int(changed)) for name, changed in re.findall(r"^(\w+) +\d+\.\d +(\d+)$", output, re.MULTILINE)]


def test_table_of_imported_playbooks(tmp_path: Path) -> None:
    output = run(tmp_path)
    assert rows(output) == [("hosts", 4), ("engine", 1), ("total", 5)]
    assert "phase   seconds  changed" in output


def test_summary_comes_last_and_phases_without_tasks_are_left_out(tmp_path: Path) -> None:
    output = run(tmp_path, "--tags", "verify")
    assert rows(output) == [("verify", 0), ("total", 0)]
    assert output.endswith("\nOpen https://localhost:8443\n  and log in\n")


def test_columns_are_aligned() -> None:
    lines = table([Phase("validate", 2.04, 0), Phase("images", 1234.5, 12)])
    assert lines == [
        "phase     seconds  changed",
        "validate      2.0        0",
        "images     1234.5       12",
        "total      1236.5       12",
    ]


def test_name_of_a_phase() -> None:
    assert phase_name(["hosts"], "/c/playbooks/other.yml:2") == "hosts"
    assert phase_name(["always", "validate"], "/c/playbooks/other.yml:2") == "validate"
    assert phase_name(["day", "two"], "/c/playbooks/drain.yml:2") == "drain"
    assert phase_name([], "/c/playbooks/drain.yml:2") == "drain"
