"""A host has backups when it is told where to, and nothing of them when it is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab
from testinfra.host import Host

UNITS = ("galilean-backup-main", "galilean-backup-proof-main")
PROGRAM = "/usr/local/lib/galilean/galilean_backup.py"
MANIFEST = "/var/lib/galilean/instances/main/backup/staged/manifest.jsonl"


@pytest.fixture
def public_key(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "operator"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "operator", "default", "default", "never"], check=True)
    subprocess.run([*gpg, "--armor", "--output", str(home / "public.asc"), "--export"], check=True)
    yield home / "public.asc"
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)


def test_without_a_target_there_is_nothing(hosts: dict[str, Host]) -> None:
    for unit in UNITS:
        assert not hosts["jupiter"].file(f"/etc/systemd/system/{unit}.timer").exists
    assert not hosts["jupiter"].file(PROGRAM).exists


def test_what_roles_keep_is_backed_up_and_proved_until_it_is_told_otherwise(
    lab: Lab, hosts: dict[str, Host], public_key: Path
) -> None:
    jupiter = hosts["jupiter"]
    given = {"backup_target": "file:///var/lib/backup-store", "backup_public_key": str(public_key)}
    run = lab.play("playbooks/backup.yml", "--extra-vars", json.dumps(given))
    assert run.returncode == 0, run.output
    for unit in UNITS:
        jupiter.check_output(f"systemctl start {unit}.service")

    names = [json.loads(line)[0] for line in jupiter.file(MANIFEST).content_string.splitlines()[1:]]
    kept = lab.evaluated("{{ lookup('galilean.hub.declared', 'kept') }}")
    trees = [each["path"] for each in kept if each["kind"] == "tree" and jupiter.file(each["path"]).exists]
    assert trees
    assert set(trees) <= set(names)

    run = lab.play("playbooks/backup.yml")
    assert run.returncode == 0, run.output
    for unit in UNITS:
        assert not jupiter.file(f"/etc/systemd/system/{unit}.service").exists
        assert jupiter.run(f"systemctl is-active {unit}.timer").stdout.strip() == "inactive"
    assert not jupiter.file("/etc/galilean/instances/main/backup/private-key.asc").exists
    for left in ("home", "staged", "archive"):
        assert not jupiter.file(f"/var/lib/galilean/instances/main/backup/{left}").exists
    state = "/etc/galilean/instances/main/backup /var/lib/galilean/instances/main/backup"
    jupiter.check_output(f"rm -r /var/lib/backup-store {PROGRAM} {state}")
