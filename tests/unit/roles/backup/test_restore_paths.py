"""What is to be restored is given back by the host that keeps it, and what nobody keeps is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles/backup/vars/main.yml")],
        "vars": {
            "backup_kept": [
                {"name": "homes", "kind": "tree", "path": "/srv/homes/main", "hosts": ["localhost"]},
                {"name": "certificates", "kind": "tree", "path": "/etc/x.d", "hosts": ["edge"]},
                {"name": "secrets", "kind": "controller", "path": "/root/secrets", "hosts": ["localhost"]},
            ],
            "backup_restore_paths": [
                "/srv/homes/main/ada",
                "/srv/homes/mainland",
                "/etc/x.d",
                "/etc/xxd",
                "/root/secrets",
            ],
        },
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [
                        "__backup_restore_paths == ['/srv/homes/main/ada']",
                        "__backup_unkept_paths == ['/srv/homes/mainland', '/etc/xxd', '/root/secrets']",
                    ]
                }
            }
        ],
    }
]


def test_each_path_is_of_a_host_or_of_nobody(tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    play.write_text(json.dumps(PLAY))
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
