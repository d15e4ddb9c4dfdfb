"""What is to be restored is given back by the host that keeps it, and what nobody keeps is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
KEPT = [
    {"name": "homes", "kind": "tree", "path": "/srv/homes/main", "hosts": ["localhost"]},
    {"name": "certificates", "kind": "tree", "path": "/etc/x.d", "hosts": ["edge"]},
    {"name": "secrets", "kind": "controller", "path": "/root/secrets", "hosts": ["localhost"]},
]
PATHS = ["/srv/homes/main/ada", "/srv/homes/mainland", "/etc/x.d", "/etc/xxd", "/root/secrets"]
ADA = {"backup_restore_user": "ada", "backup_restore_home": "/srv/homes/main/ada-1f"}
CASES = [
    ({"backup_restore_paths": PATHS}, PATHS[:1], [PATHS[1], *PATHS[3:]]),
    ({"backup_restore_paths": PATHS[0]}, PATHS[:1], []),
    ({**ADA, "backup_restore_paths": []}, ["/srv/homes/main/ada-1f"], []),
    ({**ADA, "backup_restore_paths": "notes/a.ipynb"}, ["/srv/homes/main/ada-1f/notes/a.ipynb"], []),
    ({**ADA, "backup_restore_paths": ["a", "b"]}, ["/srv/homes/main/ada-1f/a", "/srv/homes/main/ada-1f/b"], []),
]


def play_of(given: dict[str, Any], here: list[str], nobodys: list[str]) -> dict[str, Any]:
    return {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles/backup/vars/main.yml")],
        "vars": {"backup_kept": KEPT, "backup_restore_user": "", "backup_restore_home": "", **given},
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [f"__backup_restore_paths == {here}", f"__backup_unkept_paths == {nobodys}"]
                }
            }
        ],
    }


def test_each_path_is_of_a_host_or_of_nobody(tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([play_of(*case) for case in CASES]))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "--inventory",
            "localhost,",
            "--connection",
            "local",
            play,
        ],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
