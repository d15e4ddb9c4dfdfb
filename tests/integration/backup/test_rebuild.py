"""All is lost, the controller's secrets too, and comes back from the store and the operator's key."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from looking import without_caches
from sites import DATABASE, HOMES, MakeSite, Site
from stores import Store

UNIT_OF_A_HUB = "/etc/systemd/system/galilean-hub@.service"
READ = f"import sqlite3; print(sqlite3.connect('{DATABASE}').execute('SELECT name FROM users').fetchall())"


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    site = make_site("bookworm", "sftp", "rebuild", backup_sample=1)
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    return site


def people_have(site: Site) -> dict[str, Any]:
    """All below the directory of the homes, which itself is nobody's."""
    return {path: row for path, row in without_caches(site.look(HOMES)).items() if path != "."}


def files(directory: Path) -> dict[str, bytes]:
    """Those of a directory that are not hidden."""
    found = {str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if "/." not in f"/{name}"}


def starts(site: Site, unit: str) -> bool:
    site.run("systemctl", "start", unit, check=False)
    return site.run("systemctl", "is-active", unit, check=False) == "active"


@pytest.mark.seldom
def test_hosts_and_secrets_come_back(site: Site, operator: Path) -> None:
    before, secrets = people_have(site), files(site.secrets)
    assert "backup_cluster" in secrets
    site.renew()
    shutil.rmtree(site.secrets)

    # It ends in the middle: then there was no backup.
    given = {"environment": {"GNUPGHOME": str(operator)}, "backup_restore_time": "2020-01-01T00:00:00+00:00"}
    run = site.play("rebuild.yml", "--tags", "rebuild", **given)
    assert run.returncode != 0
    assert "There is no backup of 2020" in run.output
    site.run("sh", "-c", f"printf '[Service]\\nExecStart=sleep infinity\\n' >{UNIT_OF_A_HUB}")
    site.run("systemctl", "daemon-reload")
    assert not starts(site, "galilean-hub@main.service")

    run = site.play("rebuild.yml", "--tags", "rebuild", environment={"GNUPGHOME": str(operator)})
    assert run.returncode == 0, run.output
    assert "Not as it was" not in run.output
    assert files(site.secrets) == secrets
    assert people_have(site) == before
    assert site.python(READ) == "[('ada',), ('emil',)]"
    assert starts(site, "galilean-hub@main.service")
    site.run("systemctl", "stop", "galilean-hub@main.service")
    site.run("rm", UNIT_OF_A_HUB)

    # It is the same cluster, and goes on where it was.
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    assert "A full backup" not in site.log()


@pytest.mark.seldom
def test_another_rebuild_leaves_all_as_it_is(site: Site, store: Store) -> None:  # noqa: ARG001
    site.run("sh", "-c", f"echo work >>{HOMES}/main/ada/notes/00.ipynb")
    before = site.look(HOMES)
    # Nobody has to bring the key: the secrets are there.
    run = site.play("rebuild.yml", "--tags", "rebuild", environment={"GNUPGHOME": "/nowhere"})
    assert run.returncode == 0, run.output
    assert f'Left as it is: "{HOMES}/main"' in run.output.replace("\\", "")
    assert site.look(HOMES) == before
