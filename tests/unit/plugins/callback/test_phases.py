"""A run ends with a table of its phases and with what the run had to say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.callback.phases import (
    Failure,
    Phase,
    left_out,
    phase_name,
    table,
    where,
)

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


FAILING = """
- hosts: one:two
  gather_facts: false
  tags: [never, broken]
  tasks:
    - name: Rescue what fails
      block: [{ansible.builtin.fail: {}}]
      rescue: [{ansible.builtin.debug: {}}]
    - name: Fail
      ansible.builtin.fail: {msg: "The disk is full\\nand more"}
      when: inventory_hostname == "two"
- hosts: one:two
  gather_facts: false
  tags: [never, refused]
  tasks:
    - name: Refuse
      ansible.builtin.fail: {msg: "Nothing was changed"}
      run_once: true
"""


def run(directory: Path, *arguments: str, code: int = 0) -> str:
    """Output of a run of site.yml, which imports its playbooks as the real one does."""
    files = {
        "broken.yml": FAILING,
        "hosts.yml": PLAY.format(tags="tags: [hosts]", changed="true") * 2,
        "engine.yml": PLAY.format(tags="", changed="inventory_hostname == 'one'"),
        "verify.yml": SUMMARY,
        "site.yml": "".join(f"- import_playbook: {name}.yml\n" for name in ("hosts", "engine", "verify", "broken")),
    }
    for name, content in files.items():
        (directory / name).write_text(content)
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "one,two,", directory / "site.yml", *arguments]
    settings = {"ANSIBLE_CONFIG": ROOT / "ansible.cfg", "ANSIBLE_CALLBACKS_ENABLED": "galilean.hub.phases"}
    environment = {**os.environ, **{name: str(value) for name, value in settings.items()}}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == code, ended.stdout
    return ended.stdout


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


def test_the_last_lines_name_who_was_left_out(tmp_path: Path) -> None:
    assert run(tmp_path, "--tags", "broken", code=2).endswith(
        "\n\nLeft out in broken, and left as it is: two\n"
        "  Fail: The disk is full\n"
        "  Mend this, and run this again: it goes on from there.\n"
    )


def test_a_task_for_all_hosts_ends_the_run(tmp_path: Path) -> None:
    assert run(tmp_path, "--tags", "refused", code=2).endswith(
        "\n\nEnded in refused, for all hosts\n"
        "  Refuse: Nothing was changed\n"
        "  Mend this, and run this again: it goes on from there.\n"
    )


def test_nobody_is_left_out_of_a_run_that_ends_well(tmp_path: Path) -> None:
    assert "Left out" not in run(tmp_path)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"msg": "The disk is full"}, "The disk is full"),
        ({"msg": "", "stderr": "cannot lock\n"}, "cannot lock"),
        (
            {"msg": "non-zero return code", "stderr": "Attempt 1\n401 Unauthorized\n"},
            "non-zero return code: 401 Unauthorized",
        ),
        ({"msg": "hunter2", "censored": "the output has been hidden"}, "the output has been hidden"),
        ({"msg": "No JSON", "module_stderr": "Traceback\nOSError: no disk\n"}, "No JSON: OSError: no disk"),
        ({"censored": "the output has been hidden", "module_stderr": "hunter2"}, "the output has been hidden"),
        ({}, "it says nothing"),
    ],
)
def test_a_failure_has_the_words_of_the_result(result: dict[str, str], reason: str) -> None:
    assert Failure.of("engine", "Install the engine", result).reason == reason


def test_a_task_that_was_delegated_has_failed_elsewhere() -> None:
    assert where("Hold the lease", "jupiter", "io") == "Hold the lease (on jupiter)"
    assert where("Hold the lease", "io", "io") == "Hold the lease"
    assert where("Hold the lease", None, "io") == "Hold the lease"


def test_hosts_that_fail_alike_are_told_together() -> None:
    away = Failure.of("hosts", "Gather the facts", {"msg": "Connection refused"}, is_unreachable=True)
    full = Failure("engine", "Install the engine", "No space left on device")
    assert left_out({"io": away, "europa": full, "callisto": away}) == [
        "Left out in hosts, and left as it is: io, callisto",
        "  Gather the facts: Connection refused",
        "  Have it answer, and run this again: it goes on from there.",
        "Left out in engine, and left as it is: europa",
        "  Install the engine: No space left on device",
        "  Mend this, and run this again: it goes on from there.",
    ]


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
    assert phase_name(["day", "two"], "/c/playbooks/remove_nodes.yml:2") == "remove_nodes"
    assert phase_name([], "/c/playbooks/remove_nodes.yml:2") == "remove_nodes"
