"""Backups into Swift, by its own protocol and as S3, and into a directory, with duplicity 0.8."""

from __future__ import annotations

import pytest
from looking import without_caches
from sites import ADA, MakeSite, Site
from stores import Store


@pytest.fixture(scope="module")
def site(make_site: MakeSite, store: Store) -> Site:
    store.start_swift()
    return make_site("bookworm", "swift", "targets", backup_sample=1)


@pytest.mark.seldom
@pytest.mark.parametrize("target", ["swift", "s3", "path"])
def test_a_home_comes_back(site: Site, store: Store, target: str) -> None:
    site.variables.update(store.variables(target, "targets"))
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    assert "A full backup: there is none" in site.log()
    site.run("sh", "-c", f"echo {target} >>{ADA}/notes/00.ipynb")
    site.back_up()
    assert "The store answered after several attempts" not in site.log()
    assert site.prove() == "inactive", site.log("galilean-backup-proof-main")

    before = without_caches(site.look(ADA))
    run = site.restore(paths=[ADA])
    assert run.returncode == 0, run.output
    (restored,) = site.beside(ADA)
    assert site.look(restored) == before
    site.run("rm", "-r", restored)


@pytest.mark.seldom
def test_who_does_not_log_in_is_told_so_by_swift(site: Site, store: Store) -> None:
    wrong = {**store.variables("swift", "targets")["backup_credentials"], "SWIFT_PASSWORD": "of somebody else"}
    run = site.play("backup.yml", **{**store.variables("swift", "targets"), "backup_credentials": wrong})
    assert run.returncode != 0
    assert "401" in run.output or "Unauthorized" in run.output, run.output
    assert "of somebody else" not in run.output
