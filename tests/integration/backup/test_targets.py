"""Backups into Swift, by its own protocol, as S3 and by rclone, and into a directory, with duplicity 0.8."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from looking import without_caches
from sites import ADA, HOST, PROGRAM, UNIT, MakeSite, Site
from stores import Store

FILE = f"{ADA}/notes/00.ipynb"
PINNED = "/opt/galilean/duplicity-main/bin/duplicity"


@pytest.fixture(scope="module")
def site(make_site: MakeSite, store: Store) -> Site:
    store.start_swift()
    return make_site("bookworm", "swift", "targets", backup_sample=1)


def comes_back(site: Site) -> None:
    before = without_caches(site.look(ADA))
    run = site.restore(paths=[ADA])
    assert run.returncode == 0, run.output
    (restored,) = site.beside(ADA)
    assert site.look(restored) == before
    site.run("rm", "-r", restored)


@pytest.mark.seldom
@pytest.mark.parametrize("target", ["swift", "s3", "rclone", "path"])
def test_a_home_comes_back_and_a_file_as_of_a_time(site: Site, store: Store, target: str) -> None:
    site.variables.update(store.variables(target, "targets"))
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    assert "A full backup: there is none" in site.log()
    site.run("sleep", "1")
    full = datetime.now(UTC)
    site.run("sh", "-c", f"echo {target} >>{FILE}")
    site.back_up()
    assert "The store answered after several attempts" not in site.log()
    assert site.prove() == "inactive", site.log("galilean-backup-proof-main")

    comes_back(site)
    run = site.restore(paths=[FILE], time=full.isoformat())
    assert run.returncode == 0, run.output
    (earlier,) = site.beside(FILE)
    assert site.run("tail", "-n", "1", FILE) == target
    assert site.run("tail", "-n", "1", earlier) != target
    site.run("rm", earlier)


@pytest.mark.seldom
def test_a_pinned_release_goes_on_with_what_another_began(site: Site, store: Store) -> None:
    site.variables.update(store.variables("swift", "targets"), backup_source="pinned")
    site.lab.have_pip_ask_whom_this_machine_asks(HOST)
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    assert site.run(PINNED, "--version").startswith("duplicity 3.2")
    begun = site.run("date", "+%s")
    site.back_up()
    assert "A full backup" not in site.log(since=begun)
    assert "The store answered after several attempts" not in site.log(since=begun)
    comes_back(site)
    again = site.play("backup.yml")
    assert again.changed == {HOST: 0}, again.output


@pytest.mark.seldom
def test_no_more_of_the_network_than_is_allowed(site: Site) -> None:
    run = site.play("backup.yml", backup_bandwidth_kib=1024)
    assert run.returncode == 0, run.output
    site.run("sh", "-c", f"head -c 8M /dev/urandom >{ADA}/large")
    site.back_up()
    began, ended = (
        int(site.run("systemctl", "show", "--property", f"ExecMain{when}TimestampMonotonic", "--value", UNIT))
        for when in ("Start", "Exit")
    )
    assert ended - began >= 8 * 10**6, "eight mebibytes took as many seconds"
    comes_back(site)
    site.run("rm", f"{ADA}/large")


@pytest.mark.seldom
def test_a_passphrase_in_the_place_of_a_key(site: Site) -> None:
    site.variables.update(backup_public_key="", backup_passphrase="eight words that nobody would guess")
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    assert "nobody would guess" not in run.output
    site.back_up()
    assert "A full backup: keys or passphrase are others" in site.log()
    comes_back(site)
    assert json.loads(site.run(*PROGRAM, "controller"))["sealed"] == ""


@pytest.mark.seldom
def test_who_does_not_log_in_is_told_so_by_swift(site: Site, store: Store) -> None:
    wrong = {**store.variables("swift", "targets")["backup_credentials"], "SWIFT_PASSWORD": "of somebody else"}
    run = site.play("backup.yml", **{**store.variables("swift", "targets"), "backup_credentials": wrong})
    assert run.returncode != 0
    assert "401" in run.output or "Unauthorized" in run.output, run.output
    assert "of somebody else" not in run.output


@pytest.mark.seldom
def test_who_does_not_log_in_is_told_so_by_s3(site: Site, store: Store) -> None:
    s3 = store.variables("s3", "targets")
    wrong = {**s3["backup_credentials"], "AWS_SECRET_ACCESS_KEY": "of somebody else"}
    run = site.play("backup.yml", **{**s3, "backup_credentials": wrong})
    assert run.returncode != 0
    assert "403" in run.output, run.output
    assert "Forbidden" in run.output, run.output
    assert "of somebody else" not in run.output
