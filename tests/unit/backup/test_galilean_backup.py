"""What ends a backup is known, what was broken is replaced, and what is restored replaces nothing it should not."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import galilean_backup as program
import pytest
from ansible_collections.galilean.hub.plugins.module_utils.backup import decisions, manifest, settings
from ansible_collections.galilean.hub.plugins.module_utils.backup.duplicity import (
    Duplicity,
    DuplicityError,
    NotInBackupError,
)
from ansible_collections.galilean.hub.plugins.module_utils.backup.manifest import Entry
from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import BackupError, Kept, Settings, State
from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp
from backups import HOMES, NOW, SETTINGS, ago


def test_a_proof_takes_what_fits(tmp_path: Path) -> None:
    directory, file = Entry("directory", 0o700, 1, 1, 0), Entry("file", 0o600, 1, 1, 0)
    sizes = {"ada": 60, "emil": 60, "mallory": 500 << 30}
    homes = {f"/srv/homes/main/{name}": directory for name in sizes}
    files = {f"/srv/homes/main/{name}/x": replace(file, size=size) for name, size in sizes.items()}
    entries = {"/srv/homes/main": directory, **homes, **files}
    for seed in range(9):
        (chosen,) = decisions.samples(entries, [HOMES], 3, 100, random.Random(seed))
        assert chosen in ("/srv/homes/main/ada", "/srv/homes/main/emil")
    with pytest.raises(BackupError, match="no room"):
        decisions.samples(entries, [HOMES], 3, 50, random.Random(1))
    with pytest.raises(BackupError, match="no room"):
        decisions.refuse_without_room(tmp_path, 1 << 62, program.room_in(tmp_path))


def test_the_store_of_another_cluster_is_refused() -> None:
    program.refuse_the_store_of_another(SETTINGS, {})
    program.refuse_the_store_of_another(SETTINGS, {"cluster": "0123", "host": "jupiter"})
    with pytest.raises(BackupError, match="another cluster, 4567, whose hub is saturn"):
        program.refuse_the_store_of_another(SETTINGS, {"cluster": "4567", "host": "saturn"})


def test_a_name_beside_another_fits_into_a_directory() -> None:
    assert program.with_suffix("notes", ".restored-now") == "notes.restored-now"
    long = program.with_suffix("é" * 127, ".restored-20261130T120000Z")
    assert len(long.encode("utf-8", "surrogateescape")) <= 255


def metric(settings: Settings, name: str) -> float:
    (line,) = [line for line in settings.metrics.read_text().splitlines() if line.startswith(f"{name}{{")]
    return float(line.split()[-1])


@pytest.mark.parametrize("error", [RecursionError, KeyError, BackupError, OSError])
def test_whatever_ends_a_backup_others_know(tmp_path: Path, error: type[Exception]) -> None:
    here = replace(SETTINGS, directory=tmp_path, metrics=tmp_path / "metrics.prom")

    def work(_settings: Settings, _state: State) -> list[str]:
        raise error("in the midst")

    with pytest.raises((error, BackupError)):
        program.watched(here, work)
    assert metric(here, "galilean_backup_failing") == 1
    assert program.watched(here, lambda _settings, _state: ["done"]) == ["done"]
    assert metric(here, "galilean_backup_failing") == 0


def test_what_systemd_ends_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(SETTINGS, directory=tmp_path, metrics=tmp_path / "metrics.prom")

    def work(_settings: Settings, _state: State) -> list[str]:
        signal.raise_signal(signal.SIGTERM)
        return ["went on"]

    monkeypatch.setattr(program, "TIMED", {"run": work})
    monkeypatch.setattr(program, "read_settings", lambda _path: here)
    before = signal.getsignal(signal.SIGTERM)
    mask = os.umask(0o077)
    try:
        with pytest.raises(SystemExit, match="It was ended"):
            program.main(["settings.json", "run"])
    finally:
        signal.signal(signal.SIGTERM, before)
        os.umask(mask)
    assert metric(here, "galilean_backup_failing") == 1
    assert settings.read_state(here).problem == "It ended before it was done"


def test_no_backup_is_made_where_no_mount_forbids_links(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    program.refuse_to_follow_links(replace(SETTINGS, kept=[Kept("admins", file, "tree")]))
    with pytest.raises(BackupError, match=str(tmp_path)):
        program.refuse_to_follow_links(replace(SETTINGS, kept=[Kept("homes", tmp_path, "tree")]))


def test_a_state_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    here = replace(SETTINGS, directory=tmp_path, metrics=tmp_path / "metrics.prom")
    (tmp_path / ".state.json.new").mkdir()
    with pytest.raises((BackupError, OSError)):
        program.watched(here, lambda _settings, _state: [])
    assert metric(here, "galilean_backup_failing") == 1


def test_what_was_proved_is_as_old_as_its_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(SETTINGS, directory=tmp_path)
    monkeypatch.setattr(program, "newest", lambda *_: ago(days=21))
    state = State()
    program.judged(here, state, cast(Duplicity, None), lambda _aside, _backup: ({}, "a sample"))
    assert state.proved == ago(days=21).timestamp()


def test_backups_that_are_not_made_are_an_alarm_whoever_looks(tmp_path: Path) -> None:
    here = replace(SETTINGS, directory=tmp_path, metrics=tmp_path / "metrics.prom")
    old = datetime.now(UTC) - timedelta(days=21)

    def prove(_settings: Settings, state: State) -> list[str]:
        state.proved = old.timestamp()
        return []

    settings.write_state(here, State(target=here.place, began=old.timestamp()))
    with pytest.raises(BackupError, match="No backup of the last 26 hours has been proved"):
        program.watched(here, prove)
    assert metric(here, "galilean_backup_failing") == 1


def test_a_backup_that_hangs_is_heard_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = replace(SETTINGS, directory=tmp_path, metrics=tmp_path / "metrics.prom")
    old = datetime.now(UTC) - timedelta(days=2)
    settings.write_state(here, State(target=here.place, began=old.timestamp()))
    running, waiting = program.alone(here, "run"), program.alone(here, "prove")
    with running, pytest.raises(BackupError, match="still at work: run since"), waiting:
        pass
    assert "Waits for another: run since" in capsys.readouterr().err
    assert metric(here, "galilean_backup_failing") == 1


@pytest.mark.parametrize("other", ["link", "directory of another"])
def test_what_is_put_in_the_place_of_a_directory_keeps_its_mode(
    tmp_path: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, entry = tmp_path / "system", Entry("directory", 0o4777, os.getuid(), os.getgid(), 0)
    system.mkdir(mode=0o711)
    (system / "file").touch()
    make = os.mkdir

    def make_and_swap(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(name, mode, dir_fd=dir_fd)
        (tmp_path / name).rmdir()
        if other == "link":
            (tmp_path / name).symlink_to(system)
        else:
            system.rename(tmp_path / name)

    monkeypatch.setattr(os, "mkdir", make_and_swap)
    with manifest.opened(str(tmp_path)) as parent, pytest.raises((BackupError, OSError)):
        program.make_as_it_was(parent, "notes", entry)
    assert (tmp_path / "notes").stat().st_mode & 0o7777 == 0o711


def test_who_restores_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(SETTINGS, directory=tmp_path)
    monkeypatch.setattr(program, "PATIENCE_SECONDS", 0)
    running, waiting = program.alone(here, "run"), program.alone(here, "restore")
    with running, pytest.raises(BackupError, match="still at work: run since"), waiting:
        pass


class Bare:
    """A duplicity that restores what somebody else has put aside."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def restore(self, _url: str, into: Path, _path: str = "", _time: datetime | None = None) -> None:
        copy = shutil.copytree if self.source.is_dir() else shutil.copy2
        copy(self.source, into)


def database(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("INSERT INTO users VALUES (?)", (name,))


@pytest.mark.parametrize("which", ["in_place", "missing"])
def test_a_database_is_restored_without_the_journals_of_the_one_before(tmp_path: Path, which: str) -> None:
    path = tmp_path / "hub" / "hub.sqlite"
    path.parent.mkdir()
    database(path, "lost")
    backed_up = tmp_path / "backed-up"
    database(backed_up, "restored")
    for suffix in program.JOURNALS:
        path.with_name(f"{path.name}{suffix}").write_text("of the one before")
    if which == "missing":
        path.unlink()
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("database", path, "sqlite")])
    place = program.Place(here.kept[0], str(path), which)
    entries = manifest.scan(backed_up, str(here.staged_copy(here.kept[0])))
    _target, wrong = program.put(
        here, cast(Duplicity, Bare(backed_up)), place, str(here.staged_copy(here.kept[0])), NOW, entries
    )
    assert wrong == {}
    assert not [
        other
        for other in path.parent.iterdir()
        if other.name.startswith(f"{path.name}-") and ".before-restore-" not in other.name
    ]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM users").fetchall() == [("restored",)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that was backed up as something else than what comes back. What a restore asks for it."""
    home = tmp_path / "homes" / "ada"
    home.mkdir(parents=True)
    (home / "notes").write_text("as they were")
    entries = manifest.scan(home.parent, str(home.parent))
    (home / "notes").write_text("as they are")
    backed_up = tmp_path / "backed-up"
    backed_up.mkdir()
    (backed_up / "notes").write_text("damaged")

    @contextmanager
    def prepared(_settings: Settings, _bandwidth_kib: int = 0) -> Iterator[Bare]:
        yield Bare(backed_up)

    monkeypatch.setattr(program, "prepared", prepared)
    monkeypatch.setattr(program, "newest", lambda *_: NOW)
    monkeypatch.setattr(program, "restore_path", partial(restore_with_manifest, entries, backed_up))
    return home


def restore_with_manifest(
    entries: manifest.Entries, source: Path, _settings: Settings, _duplicity: Duplicity, path: Path, *rest: Any
) -> None:
    if path.name == program.MANIFEST:
        manifest.write(rest[-1], {}, entries)
    else:
        shutil.copytree(source, rest[-1])


@pytest.mark.parametrize("place", ["beside", "in_place", "missing"])
def test_what_comes_back_damaged_is_an_error_and_replaces_nothing(home: Path, tmp_path: Path, place: str) -> None:
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree")])
    if place == "missing":
        shutil.rmtree(home)
    told: list[str] = []
    with pytest.raises(BackupError, match="Not all that came back is as it was"):
        told.extend(program.restore(here, program.Request(place, [str(home)])))
    assert any(line.startswith(f'Not as it was: "{home}/notes"') for line in told)
    assert (home / "notes").read_text() == ("damaged" if place == "missing" else "as they are")


def test_what_the_manifest_has_and_the_backup_has_not_replaces_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restore(*_arguments: object) -> None:
        raise NotInBackupError("not found in archive")

    monkeypatch.setattr(program, "restore_path", restore)
    here, place = replace(SETTINGS, directory=tmp_path), program.Place(HOMES, str(home), "in_place")
    place = replace(place, kept=Kept("homes", home.parent, "tree"))
    entries = manifest.scan(home.parent, str(home.parent))
    with pytest.raises(BackupError, match="and lacks it"):
        program.put(here, cast(Duplicity, None), place, str(home), NOW, entries, list(entries))
    assert (home / "notes").read_text() == "as they are"


def test_a_newest_backup_that_does_not_restore_is_told_with_an_earlier_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "chains_of", lambda *_: [[ago(days=1), NOW]])

    def put(*_arguments: object) -> None:
        raise DuplicityError("hash mismatch for file: duplicity-inc.difftar.gpg")

    monkeypatch.setattr(program, "put", put)
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree")])
    shutil.rmtree(home)
    with pytest.raises(BackupError, match=r"hash mismatch .* backup_restore_time: 2026-11-29T12:00:00Z"):
        list(program.restore(here, program.Request("missing", [str(home)])))


def test_a_host_without_a_backup_is_told_where_it_could_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "chains_of", lambda *_: [])
    with pytest.raises(BackupError, match=r"has no backup of the host jupiter.*backup_set.*galilean\.hub\.site"):
        program.newest(cast(Duplicity, None), SETTINGS, NOW)


def test_what_is_not_in_the_backup_is_told(home: Path, tmp_path: Path) -> None:
    other = Kept("certificates", tmp_path / "certificates", "tree")
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree"), other])
    told = list(program.restore(here, program.Request("missing")))
    assert any(line.startswith("Not in the backup") and "certificates" in line for line in told)
    with pytest.raises(BackupError, match="has no"):
        list(program.restore(replace(here, kept=[other]), program.Request("missing")))


class Stored(Bare):
    """A duplicity by which nothing is to be backed up."""

    def back_up(self, *_arguments: object) -> str:
        raise AssertionError("what is gone is backed up as deleted")


def test_a_disk_that_is_not_mounted_is_not_backed_up_as_empty(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree")])

    @contextmanager
    def prepared(_settings: Settings, _bandwidth_kib: int = 0) -> Iterator[Bare]:
        yield Stored(home)

    monkeypatch.setattr(program, "prepared", prepared)
    monkeypatch.setattr(program, "published", lambda *_: ({"cluster": here.cluster}, ""))
    shutil.rmtree(home)
    state = State(target=here.place, had={str(home.parent): True})
    with pytest.raises(BackupError, match="one of them failed"):
        program.back_up(here, state)
    monkeypatch.setattr(program, "follows_links", lambda _place: False)
    with pytest.raises(BackupError, match="is gone or empty"):
        program.back_up(here, state)


@pytest.mark.parametrize("failures", [0, 1])
@pytest.mark.parametrize("others_have_looked", [False, True])
def test_a_host_that_was_not_rebuilt_is_not_backed_up_as_empty(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others_have_looked: bool, failures: int
) -> None:
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree")])
    stored = Stored(home)
    monkeypatch.setattr(stored, "look", lambda _url: [[NOW]], raising=False)
    # By a proof, or a restore of one home, before there is a backup of this host.
    remembered: list[list[datetime]] = [[NOW]] if others_have_looked else []
    monkeypatch.setattr(stored, "chains", lambda _url: remembered, raising=False)

    @contextmanager
    def prepared(_settings: Settings, _bandwidth_kib: int) -> Iterator[Bare]:
        yield stored

    monkeypatch.setattr(program, "prepared", prepared)
    monkeypatch.setattr(program, "published", lambda *_: ({"cluster": here.cluster}, ""))
    restore, left = program.restore_path, iter([DuplicityError("connection refused")] * failures)

    def restore_after_failures(*arguments: Any) -> None:
        for error in left:
            raise error
        restore(*arguments)

    monkeypatch.setattr(program, "restore_path", restore_after_failures)
    monkeypatch.setattr(program, "follows_links", lambda _place: False)
    shutil.rmtree(home)
    state = State(target=here.place, is_claimed=True)
    for _hour in range(2):
        with pytest.raises(BackupError, match=r"is gone or empty.*galilean\.hub\.rebuild"):
            program.back_up(here, state)
        # To have looked is to remember.
        remembered.append([NOW])


class Marked(Bare):
    """A duplicity by which a store is marked."""

    marks = 0

    def publish(self, *_arguments: object) -> None:
        self.marks += 1

    def forget(self, _url: str) -> None:
        pass


def test_a_store_that_has_lost_its_mark_is_marked_when_that_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sealed").write_text("of the controller")
    here = replace(SETTINGS, directory=tmp_path, sealed=tmp_path / "sealed")
    marked = Marked(tmp_path)

    @contextmanager
    def prepared(_settings: Settings, _bandwidth_kib: int = 0) -> Iterator[Bare]:
        yield marked

    monkeypatch.setattr(program, "prepared", prepared)
    monkeypatch.setattr(program, "published", lambda *_: ({}, ""))
    program.claim(here)
    assert marked.marks == 1
    with pytest.raises(BackupError, match="has lost the mark"):
        program.claim(here)
    assert marked.marks == 1
    program.claim(here, may_begin_anew=True)
    assert marked.marks == 2


class Answering(Bare):
    """A duplicity whose store answers, or does not."""

    answers = True

    def look(self, _url: str) -> list[list[datetime]]:
        if not self.answers:
            raise DuplicityError("connection refused")
        return []


@pytest.mark.parametrize(
    ("answers", "is_marked", "failures", "is_broken", "is_proved"),
    [
        (True, True, 2, True, False),
        (True, True, 1, False, True),
        (False, True, 2, False, False),
        # A disk that is not mounted answers, too.
        (True, False, 2, False, False),
    ],
)
def test_a_backup_is_broken_when_the_store_answers_and_it_fails_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: bool,
    is_marked: bool,
    failures: int,
    is_broken: bool,
    is_proved: bool,
) -> None:
    here = replace(SETTINGS, directory=tmp_path)
    monkeypatch.setattr(program, "published", lambda *_: ({"cluster": here.cluster} if is_marked else {}, ""))
    monkeypatch.setattr(program, "newest", lambda *_: NOW)
    state, duplicity = State(), Answering(tmp_path)
    duplicity.answers = answers
    left = iter([DuplicityError("hash mismatch")] * failures)

    def look(_aside: Path, _backup: datetime) -> tuple[dict[str, str], str]:
        for error in left:
            raise error
        return {}, "a sample"

    with suppress(BackupError, DuplicityError):
        program.judged(here, state, cast(Duplicity, duplicity), look)
    assert (bool(state.broken), bool(state.proved)) == (is_broken, is_proved)


def test_a_home_that_is_there_keeps_no_other_from_coming_back(home: Path) -> None:
    other = home.with_name("emil")
    directory = Entry("directory", 0o700, 1, 1, 0)
    entries = dict.fromkeys([str(home.parent), str(home), str(other), str(other / "notes")], directory)
    assert program.lacking(str(home.parent), entries) == [str(other)]
    other.mkdir()
    assert program.lacking(str(home.parent), entries) == []
    shutil.rmtree(home.parent)
    assert program.lacking(str(home.parent), entries) == [str(home.parent)]


def test_what_cannot_be_put_in_place_leaves_what_stands_there(home: Path, tmp_path: Path) -> None:
    place = program.Place(Kept("homes", home.parent, "tree"), str(home), "in_place")
    with (
        manifest.opened(str(home.parent)) as parent,
        manifest.opened(str(tmp_path)) as restored,
        pytest.raises(FileNotFoundError),
    ):
        program.replace(restored, parent, place, ".before-restore-now")
    assert (home / "notes").read_text() == "as they are"


def test_what_one_instance_restores_no_other_removes(tmp_path: Path) -> None:
    with program.scratch(tmp_path, "main") as ours, program.scratch(tmp_path, "physics") as theirs:
        assert ours.is_dir()
        assert theirs.is_dir()


class BrokenOff(Bare):
    """A duplicity with a backup that was broken off, which remembers what it is asked."""

    encryption = "of ada"

    def __init__(self, source: Path) -> None:
        super().__init__(source)
        self.asked: list[str] = []

    def was_broken_off(self, _url: str) -> bool:
        return "clean" not in self.asked

    def clean(self, _url: str) -> None:
        self.asked.append("clean")

    def chains(self, _url: str) -> list[list[datetime]]:
        return [[datetime.now(UTC)]]

    def back_up(self, verb: str, *_rest: object) -> str:
        self.asked.append(verb)
        return ""


def test_a_backup_that_was_broken_off_is_begun_afresh(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(SETTINGS, directory=tmp_path, kept=[Kept("homes", home.parent, "tree")])
    duplicity = BrokenOff(home)

    @contextmanager
    def prepared(_settings: Settings, _bandwidth_kib: int = 0) -> Iterator[Bare]:
        yield duplicity

    monkeypatch.setattr(program, "prepared", prepared)
    monkeypatch.setattr(program, "published", lambda *_: ({"cluster": here.cluster}, ""))
    monkeypatch.setattr(program, "follows_links", lambda _place: False)
    state = State(target=here.place)
    program.back_up(here, state)
    assert duplicity.asked == ["clean", "incremental"]
    assert state.encryption == duplicity.encryption


def test_no_key_stays_in_a_keyring(tmp_path: Path) -> None:
    duplicity, credentials, key, earlier = (
        tmp_path / name for name in ("duplicity", "credentials", "key.asc", "earlier-key.asc")
    )
    duplicity.write_text("#!/bin/sh\necho duplicity 3.0.4\n")
    duplicity.chmod(0o755)
    credentials.write_text("{}")
    key.write_text(openpgp.make_key("backups"))
    earlier.write_text(openpgp.make_key("earlier backups"))
    here = replace(
        SETTINGS,
        directory=tmp_path,
        duplicity=str(duplicity),
        credentials=credentials,
        keys=[key],
        earlier_keys=[earlier],
    )
    with program.prepared(here) as prepared:
        listed = program.gpg("--with-colons", "--list-secret-keys", environment=prepared.environment)
        assert listed.count("uid:") == 2
        assert len(prepared.recipients) == 1, "nothing is encrypted to an earlier key"
    assert not (tmp_path / "home" / ".gnupg").exists()


SYSTEMCTL = """#!/bin/sh
echo "$@" >>{log}
case "$1" in
show) echo {state};;
stop) exit {stop};;
esac
"""


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("active", ["show", "stop", "start"]),
        ("activating", ["show", "stop", "start"]),
        ("inactive", ["show"]),
        ("failed", ["show"]),
    ],
)
def test_a_service_that_runs_or_is_about_to_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, verbs: list[str]
) -> None:
    log = systemctl(tmp_path, monkeypatch, state)
    with program.stopped(["hub.service"]):
        pass
    assert [line.split()[0] for line in log.read_text().splitlines()] == verbs


def test_nothing_is_replaced_under_a_service_that_does_not_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemctl(tmp_path, monkeypatch, "active", stop=1)
    with pytest.raises(BackupError, match="systemctl stop"), program.stopped(["hub.service"]):
        pytest.fail("it is replaced")


def systemctl(directory: Path, monkeypatch: pytest.MonkeyPatch, state: str, stop: int = 0) -> Path:
    """Have another one on the path. Where it writes how it was called."""
    log, path = directory / "systemctl.log", directory / "systemctl"
    path.write_text(SYSTEMCTL.format(log=log, state=state, stop=stop))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    return log
