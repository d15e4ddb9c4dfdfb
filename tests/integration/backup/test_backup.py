"""What people have is backed up by SFTP and comes back as it was, with owners, modes, links and times."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from client import eventually
from looking import without_caches
from sites import ADA, DATABASE, EMIL, HOMES, HOST, MALLORY, UNIT, MakeSite, Site
from stores import DIRECTORY, Store

STORED = f"{DIRECTORY}/backup/main"
FILE = f"{ADA}/notes/07.ipynb"
SETTINGS = "/etc/galilean/instances/main/backup"
STATE = "/var/lib/galilean/instances/main/backup"
ARCHIVE = f"{STATE}/archive"
OTHER_KEY = f"""
set -e
export GNUPGHOME=$(mktemp --directory)
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key another default default never
gpg --batch --armor --export-secret-keys >{SETTINGS}/private-key.asc
"""
# A tenth of it is no hole.
LARGE = """
import os, sys
with open(sys.argv[1], "wb") as file:
    file.truncate(3_000_000_000)
    for place in range(0, 3_000_000_000, 40_000_000):
        file.seek(place)
        file.write(os.urandom(4_000_000))
"""
# An archive as the mark of the cluster is one, in which directories become links after they were backed up.
FORGE = f"""
import gzip, hashlib, io, os, re, subprocess, tarfile
from pathlib import Path
forged = Path("/root/forged")
for name in ("root", "state"):
    (forged / "tree" / name).mkdir(parents=True)
    (forged / "tree" / name / "written").write_text("by whoever has the store")
command = ["duplicity", "full", "--no-encryption", "--archive-dir", str(forged / "archive")]
subprocess.run([*command, str(forged / "tree"), f"file://{{forged}}/store"], check=True, stdout=subprocess.DEVNULL)
(volume,) = (forged / "store").glob("*.difftar.gz")
(manifest,) = (forged / "store").glob("*.manifest")
content = io.BytesIO()
with tarfile.open(volume) as old, tarfile.open(fileobj=content, mode="w") as new:
    for each in old:
        data = old.extractfile(each) if each.isfile() else None
        if each.name.rstrip("/") in ("snapshot/root", "snapshot/state"):
            each.name = each.name.rstrip("/")
            each.type, each.linkname = tarfile.SYMTYPE, {{"root": "/root", "state": "{STATE}/home"}}[each.name[9:]]
        new.addfile(each, data)
volume.write_bytes(gzip.compress(content.getvalue()))
digest = hashlib.sha1(volume.read_bytes()).hexdigest()
manifest.write_text(re.sub("SHA1 [0-9a-f]+", f"SHA1 {{digest}}", manifest.read_text()))
"""
READ = f"import sqlite3; print(sqlite3.connect('{DATABASE}').execute('SELECT name FROM users').fetchall())"


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """A host with one full backup, and an increment of a later hour."""
    site = make_site("trixie", "sftp", "backup")
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    site.back_up()
    return site


@pytest.fixture(scope="module")
def full(site: Site) -> datetime:
    """When there was a full backup and nothing else."""
    site.run("sleep", "1")
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def changed(site: Site, full: datetime) -> Site:  # noqa: ARG001
    """The host after an increment."""
    site.run("sh", "-c", f"echo changed >>{FILE}; rm {EMIL}/notes/03.ipynb")
    site.back_up()
    return site


def test_a_second_run_changes_nothing(site: Site) -> None:
    run = site.play("backup.yml")
    assert run.returncode == 0, run.output
    assert run.changed == {HOST: 0}, run.output


def test_a_full_backup_is_proved_at_once(site: Site) -> None:
    metrics = site.metrics()
    assert metrics["galilean_backup_failing"] == 0
    assert metrics["galilean_backup_proved_seconds"] >= metrics["galilean_backup_newest_seconds"] > 0


def test_nothing_in_the_store_can_be_read(site: Site, store: Store) -> None:  # noqa: ARG001
    kinds = store.run("sh", "-c", f"ls {STORED}/callisto")
    assert ".difftar.gpg" in kinds
    assert store.run("grep", "-rlaE", "notebook 1 of|jupyterhub", DIRECTORY, check=False) == ""


@pytest.mark.parametrize("home", [ADA, MALLORY])
def test_a_home_beside_the_original(changed: Site, home: str) -> None:
    before = without_caches(changed.look(home))
    run = changed.restore(paths=[home])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(home)
    assert changed.look(restored) == before
    changed.run("rm", "-r", restored)


def test_one_file_as_of_a_time_and_of_now(changed: Site, full: datetime) -> None:
    now = changed.look(FILE)
    run = changed.restore(paths=[FILE], time=full.isoformat())
    assert run.returncode == 0, run.output
    (earlier,) = changed.beside(FILE)
    assert changed.run("tail", "-n", "1", earlier) == "notebook 7 of ada"
    changed.run("rm", earlier, FILE)

    run = changed.restore(paths=[FILE])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(FILE)
    changed.run("mv", restored, FILE)
    assert changed.look(FILE) == now


def test_in_place_has_to_be_confirmed(changed: Site) -> None:
    before = changed.look(EMIL)
    run = changed.restore(paths=[EMIL], place="in_place")
    assert run.returncode != 0
    assert "backup_restore_confirmed" in run.output
    assert changed.look(EMIL) == before


def test_what_nobody_could_restore_is_left_out_by_name_and_stops_nothing(changed: Site) -> None:
    changed.run("python3", "-c", f"import os; os.makedirs('{MALLORY}/' + 'd/' * 700)")
    changed.run("truncate", "--size=4T", f"{MALLORY}/hollow")
    changed.back_up()
    (told,) = [line for line in changed.log().splitlines() if line.startswith("Left out")][-1:]
    assert f"{MALLORY}/hollow" in told
    assert f"{MALLORY}/d/d/d" in told
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")
    run = changed.restore(paths=[MALLORY])
    assert run.returncode == 0, run.output
    changed.run("sh", "-c", f"rm -r {MALLORY}.restored-* {MALLORY}/d {MALLORY}/hollow")


@pytest.mark.seldom
def test_somebody_with_more_files_of_holes_than_can_be_named_stops_nothing(changed: Site) -> None:
    make = f"for number in range(501): open(f'{MALLORY}/hollow-{{number}}', 'w').truncate(20 << 30)"
    changed.run("python3", "-c", make)
    changed.run("sh", "-c", f"echo work >>{FILE}")
    changed.back_up()
    assert f'too many files there are all holes: "{MALLORY}"' in changed.log()
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")
    before = without_caches(changed.look(ADA))
    run = changed.restore(paths=[ADA])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(ADA)
    assert changed.look(restored) == before
    changed.run("sh", "-c", f"rm -r {restored} {MALLORY}/hollow-*")
    changed.back_up()


def test_no_link_is_followed_while_files_are_read(changed: Site) -> None:
    changed.run("sh", "-c", f"head -c 60M /dev/urandom >{EMIL}/large")
    changed.run("systemctl", "start", "--no-block", f"{UNIT}.service")
    process = f"systemctl show --property MainPID --value {UNIT}.service"
    mounted = f'grep -c " {HOMES}/main .*nosymfollow" /proc/$({process})/mountinfo || true'
    eventually(lambda: changed.run("sh", "-c", mounted) == "1", "the unit reads homes through a mount of its own")
    inside = f"nsenter --target $({process}) --mount"
    assert changed.run("sh", "-c", f"{inside} readlink {MALLORY}/shadow") == "/etc/shadow"
    followed = changed.run("sh", "-c", f"{inside} head -c 1 {MALLORY}/shadow 2>&1 || true")
    assert "Too many levels of symbolic links" in followed
    eventually(lambda: changed.unit() not in ("active", "activating"), "it has ended")
    assert changed.unit() == "inactive", changed.log()
    assert "were followed in" not in changed.log()
    changed.run("rm", f"{EMIL}/large")


@pytest.mark.seldom
def test_a_mount_that_fails_is_an_alarm_and_nothing_is_read_without_it(changed: Site) -> None:
    found = changed.run("grep", "-rlx", f"What={HOMES}/main", "/etc/systemd/system", "--include=run-galilean-backup-*")
    unit = Path(found).name
    changed.run("mkdir", "-p", f"/run/systemd/system/{unit}.d")
    changed.python(f"open('/run/systemd/system/{unit}.d/broken.conf', 'w').write('[Mount]\\nOptions=no-such-one\\n')")
    changed.run("systemctl", "daemon-reload")
    changed.run("systemctl", "start", f"{UNIT}.service", check=False)
    state, log, metrics = changed.unit(), changed.log(), changed.metrics()
    changed.run("rm", "-r", f"/run/systemd/system/{unit}.d")
    changed.run("systemctl", "daemon-reload")
    changed.run("systemctl", "reset-failed")
    assert state == "failed"
    assert "Links would be followed in" in log
    assert metrics["galilean_backup_failing"] == 1
    changed.back_up()


@pytest.mark.seldom
def test_a_disk_that_is_mounted_in_a_home_is_backed_up_and_stays_mounted(changed: Site) -> None:
    disk = f"{EMIL}/disk"
    changed.run("mkdir", disk)
    changed.run("mount", "-t", "tmpfs", "emil", disk)
    changed.run("sh", "-c", f"echo results >{disk}/results")
    changed.back_up()
    changed.run("systemctl", "stop", "run-galilean-backup-*.mount")
    assert changed.run("cat", f"{disk}/results") == "results"
    changed.run("umount", disk)
    run = changed.restore(paths=[f"{disk}/results"])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(f"{disk}/results")
    assert changed.run("cat", restored) == "results"
    changed.run("rm", "-r", disk)


@pytest.mark.seldom
def test_a_file_of_three_gigabytes_with_holes_comes_back(changed: Site) -> None:
    changed.python(LARGE, f"{EMIL}/large")
    changed.back_up()
    before = changed.look(f"{EMIL}/large")
    run = changed.restore(paths=[f"{EMIL}/large"])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(f"{EMIL}/large")
    assert changed.look(restored) == before
    assert int(changed.run("du", "--block-size=1M", restored).split()[0]) < 1000, "its holes are holes again"
    changed.run("rm", restored, f"{EMIL}/large")


@pytest.mark.seldom
def test_a_key_that_does_not_open_the_store_moves_nothing(changed: Site) -> None:
    before = changed.look(EMIL)
    changed.run("sh", "-c", OTHER_KEY)
    run = changed.restore(paths=[EMIL], place="in_place", confirmed=True)
    assert run.returncode != 0
    assert "decrypt" in run.output.lower() or "secret key" in run.output.lower(), run.output
    assert changed.look(EMIL) == before
    mended = changed.play("backup.yml")
    assert mended.returncode == 0, mended.output


@pytest.mark.seldom
def test_what_was_backed_up_when_hosts_had_one_key_is_opened_by_it(changed: Site) -> None:
    changed.run("sh", "-c", OTHER_KEY)
    earlier = changed.secrets / "backup-key.asc"
    earlier.write_text(changed.run("cat", f"{SETTINGS}/private-key.asc") + "\n")
    earlier.chmod(0o600)
    changed.back_up()
    assert "A full backup: keys or passphrase are others" in changed.log()
    backed_up, now = datetime.now(UTC), changed.look(FILE)
    run = changed.play("backup.yml")
    assert run.returncode == 0, run.output
    changed.run("rm", "-r", ARCHIVE)
    run = changed.restore(paths=[FILE], time=backed_up.isoformat())
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(FILE)
    assert changed.look(restored) == now
    changed.run("rm", restored)
    changed.back_up()
    assert "A full backup: keys or passphrase are others" in changed.log()
    earlier.unlink()
    run = changed.play("backup.yml")
    assert run.returncode == 0, run.output
    assert changed.run("ls", SETTINGS).count("key.asc") == 2, "the operator's public one, and the host's own"
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")


@pytest.mark.seldom
def test_a_disk_that_is_full_is_named_and_the_next_backup_goes_on(changed: Site) -> None:
    changed.run("mount", "-t", "tmpfs", "-o", "size=4k", "full", ARCHIVE)
    changed.run("systemctl", "start", f"{UNIT}.service", check=False)
    state, log, metrics = changed.unit(), changed.log(), changed.metrics()
    changed.run("umount", ARCHIVE)
    changed.run("systemctl", "reset-failed", f"{UNIT}.service")
    assert state == "failed"
    assert "No space left on device" in log
    assert metrics["galilean_backup_failing"] == 1
    changed.back_up()
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")


@pytest.mark.seldom
def test_a_store_that_dies_and_comes_back(changed: Site, store: Store) -> None:
    changed.run("sh", "-c", f"head -c 90M /dev/urandom >{ADA}/large")
    before = len(store.run("ls", f"{STORED}/callisto").split())
    changed.run("systemctl", "start", "--no-block", f"{UNIT}.service")
    eventually(lambda: len(store.run("ls", f"{STORED}/callisto").split()) > before + 5, "volumes are in the store")
    store.run("sh", "-c", "systemctl stop ssh; pkill --signal KILL --uid backup-store")
    eventually(lambda: changed.unit() == "failed", "the store is missed", seconds=600)
    store.run("systemctl", "start", "ssh")
    changed.run("systemctl", "reset-failed", f"{UNIT}.service")
    changed.back_up()
    now = without_caches(changed.look(ADA))
    run = changed.restore(paths=[ADA])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(ADA)
    assert changed.look(restored) == now
    changed.run("rm", "-r", restored, f"{ADA}/large")


@pytest.mark.seldom
def test_check_says_what_it_would_do_and_does_nothing(changed: Site) -> None:
    before = changed.look(HOMES)
    run = changed.restore("--check", paths=[EMIL], place="in_place", confirmed=True)
    assert run.returncode == 0, run.output
    assert f'Would restore \\"{EMIL}\\"' in run.output or f'Would restore "{EMIL}"' in run.output
    assert changed.look(HOMES) == before


def test_what_is_kept_by_nobody_is_refused(changed: Site) -> None:
    run = changed.restore(paths=[EMIL, "/etc/shadow"])
    assert run.returncode != 0
    assert "No host has backups of /etc/shadow" in run.output
    assert changed.beside(EMIL) == []


@pytest.mark.seldom
def test_a_drill_restores_everything_and_touches_nothing(changed: Site) -> None:
    before = changed.look(HOMES)
    run = changed.play("drill.yml")
    assert run.returncode == 0, run.output
    assert "files of" in run.output
    assert "It took" in run.output
    assert changed.metrics()["galilean_backup_drilled_seconds"] > 0
    assert changed.look(HOMES) == before
    assert not changed.run("find", "/var/lib/galilean", "-name", ".galilean-restored*")


def test_everything_in_place_as_of_a_time(changed: Site, full: datetime) -> None:
    changed.run("sh", "-c", f"rm -r {EMIL} {HOMES}/.galilean-owners; chmod 0777 {ADA}")
    changed.run("python3", "-c", f"import sqlite3; sqlite3.connect('{DATABASE}').execute('DROP TABLE users')")
    run = changed.restore(time=full.isoformat(), place="in_place", confirmed=True)
    assert run.returncode == 0, run.output
    assert "Not as it was" not in run.output
    assert changed.run("tail", "-n", "1", FILE) == "notebook 7 of ada"
    assert changed.run("stat", "--format", "%u %a", f"{EMIL}/notes/03.ipynb") == "2100000002 644"
    assert changed.run("stat", "--format", "%a", ADA) == "700"
    assert changed.run("ls", f"{HOMES}/.galilean-owners").split() == [
        "2100000001.main.ada", "2100000002.main.emil", "2100000003.main.mallory"
    ]  # fmt: skip
    assert changed.python(READ) == "[('ada',), ('emil',)]"
    assert changed.run("stat", "--format", "%u:%g", DATABASE) == "860:860"
    assert changed.run("sh", "-c", f"ls -d {HOMES}/main.before-restore-*"), "what stood there is kept"


def test_a_damaged_store_is_found_by_the_proof_and_a_full_backup_is_made(changed: Site, store: Store) -> None:
    damage = "for file in *.vol*; do printf X | dd of=$file bs=1 seek=400 conv=notrunc status=none; done"
    store.run("sh", "-c", f"cd {STORED}/callisto && {damage}")
    before = store.run("ls", f"{STORED}/callisto").split()
    assert changed.prove() == "failed"
    assert ".difftar.gpg" in changed.log("galilean-backup-proof-main"), "it is named"
    assert changed.metrics()["galilean_backup_failing"] == 1

    changed.back_up()
    new = set(store.run("ls", f"{STORED}/callisto").split()) - set(before)
    assert any(name.startswith("duplicity-full.") for name in new)
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")
    assert changed.metrics()["galilean_backup_failing"] == 0


@pytest.mark.seldom
def test_a_backup_that_was_broken_off_is_begun_afresh(changed: Site, store: Store) -> None:
    changed.run("sh", "-c", f"for n in 1 2 3 4; do head -c 30M /dev/urandom >{ADA}/large-$n; done")
    changed.run("systemctl", "start", "--no-block", f"{UNIT}.service")
    before = store.run("ls", f"{STORED}/callisto").split()
    eventually(lambda: len(store.run("ls", f"{STORED}/callisto").split()) > len(before) + 5, "volumes are in the store")
    changed.run("systemctl", "kill", "--signal=KILL", f"{UNIT}.service")
    changed.run("sh", "-c", f"for n in 1 2 3 4; do head -c 30M /dev/urandom >{ADA}/large-$n; done")
    changed.run("systemctl", "reset-failed", f"{UNIT}.service")
    changed.back_up()
    now = without_caches(changed.look(ADA))
    run = changed.restore(paths=[ADA])
    assert run.returncode == 0, run.output
    (restored,) = changed.beside(ADA)
    assert changed.look(restored) == now
    changed.run("sh", "-c", f"rm -r {restored} {ADA}/large-*")


@pytest.mark.seldom
def test_the_store_of_another_cluster_is_refused(changed: Site, tmp_path: Path) -> None:
    run = changed.play("backup.yml", cluster_secrets_directory=str(tmp_path / "secrets"))
    assert run.returncode != 0
    assert "holds the backups of another cluster" in " ".join(run.output.split())
    mended = changed.play("backup.yml")
    assert mended.returncode == 0, mended.output


@pytest.mark.seldom
def test_who_writes_to_the_store_writes_nothing_elsewhere_on_a_host(changed: Site, store: Store) -> None:
    before = set(store.run("ls", f"{STORED}/cluster").split())
    changed.python(FORGE)
    archive = subprocess.run(
        changed.lab.on(HOST, "tar", "-c", "-C", "/root/forged/store", "."), check=True, capture_output=True
    )
    subprocess.run(store.lab.on("ganymede", "tar", "-x", "-C", f"{STORED}/cluster"), check=True, input=archive.stdout)
    changed.run("systemctl", "start", f"{UNIT}.service", check=False)
    assert changed.unit() == "failed"
    assert changed.play("backup.yml").returncode != 0
    assert changed.run("sh", "-c", f"ls /root/written {STATE}/home/written 2>/dev/null || true") == ""

    forged = set(store.run("ls", f"{STORED}/cluster").split()) - before
    store.run("rm", *(f"{STORED}/cluster/{name}" for name in forged))
    changed.run("systemctl", "reset-failed", f"{UNIT}.service")
    changed.back_up()


@pytest.mark.seldom
def test_a_store_that_lost_everything_is_named_and_begun_anew_when_it_is_confirmed(changed: Site, store: Store) -> None:
    store.run("sh", "-c", f"rm -r {STORED}")
    changed.run("systemctl", "start", f"{UNIT}.service", check=False)
    assert changed.unit() == "failed"
    assert "lacks the mark of this cluster" in changed.log()
    run = changed.play("backup.yml")
    assert run.returncode != 0
    assert "has lost the mark of this cluster" in " ".join(run.output.split())
    run = changed.play("backup.yml", backup_store_lost_confirmed=True)
    assert run.returncode == 0, run.output
    changed.back_up()
    assert changed.prove() == "inactive", changed.log("galilean-backup-proof-main")


@pytest.mark.seldom
def test_credentials_that_do_not_log_in_are_told_in_the_words_of_the_server(changed: Site, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    run = changed.play("backup.yml", backup_sftp_private_key=str(other))
    assert run.returncode != 0
    assert "Authentication failed" in run.output, run.output
