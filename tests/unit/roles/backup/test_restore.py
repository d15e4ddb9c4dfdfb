"""A restore that fails is told as what it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
HOMES = {"name": "homes", "kind": "tree", "path": "/srv/homes/main", "hosts": ["storage"]}


@pytest.mark.parametrize(
    ("target", "told", "not_told"),
    [("file:///mnt", "non-zero return code", "No host has backups of"), ("", "No host has backups of", "non-zero")],
)
def test_a_host_that_fails_is_not_taken_for_one_that_keeps_nothing(
    tmp_path: Path, target: str, told: str, not_told: str
) -> None:
    play = {
        "hosts": "hub:storage",
        "gather_facts": False,
        "strategy": "linear",
        "vars_files": [str(ROOT / f"roles/backup/{part}/main.yml") for part in ("defaults", "vars")],
        "tasks": [{"ansible.builtin.import_tasks": str(ROOT / "roles/backup/tasks/restore.yml")}],
    }
    given = {
        "__backup_command": "grep --quiet --regexp",
        "backup_kept": [HOMES],
        "backup_restore_paths": ["/srv/homes/main/ada"],
        "backup_target": target,
        "cluster_instance": "main",
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    command = [
        Path(sys.executable).with_name("ansible-playbook"),
        "--inventory",
        "hub,storage,",
        "--connection",
        "local",
    ]
    done = subprocess.run(
        [*command, "--extra-vars", json.dumps(given), tmp_path / "play.yml"],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert told in done.stdout + done.stderr
    assert not_told not in done.stdout + done.stderr
