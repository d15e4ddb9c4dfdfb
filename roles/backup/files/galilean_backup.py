"""Back up what roles keep on a host, prove that it can be restored, and restore it.

    galilean_backup.py SETTINGS claim                what a run of the play does: the store is this cluster's
    galilean_backup.py SETTINGS begin                the same, where the store has lost what it had, too
    galilean_backup.py SETTINGS run                  what the timer does
    galilean_backup.py SETTINGS prove                restore a sample aside, and compare it
    galilean_backup.py SETTINGS drill                restore everything aside, and compare it
    galilean_backup.py SETTINGS restore              restore what a request in JSON asks for, read from standard input
    galilean_backup.py SETTINGS controller           tell in JSON whose the store is, and what the controller has sealed

One at a time: whoever comes second says for whom it waits. Each looks at what is there, so what one has left undone
the next does.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import math
import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.backup import manifest, projects
from ansible_collections.galilean.hub.plugins.module_utils.backup.decisions import (
    NAMED,
    alarm,
    changed_between,
    changed_in,
    earlier,
    gone,
    had,
    in_words,
    kept_of,
    left_out_whole,
    mounted_in,
    reason_for_full,
    refuse_without_room,
    samples,
    selection,
    source_of,
    unseen_between,
)
from ansible_collections.galilean.hub.plugins.module_utils.backup.duplicity import (
    RETRIED,
    Duplicity,
    DuplicityError,
    NoBackupError,
    NotInBackupError,
    environment_of,
    oldest_to_keep,
    version_of,
)
from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import (
    BackupError,
    Kept,
    Settings,
    State,
    read_settings,
    read_state,
    write_state,
)
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

CLUSTER = "cluster"
MARK, SEALED, MANIFEST = "cluster.json", "controller.asc", "manifest.jsonl"
BRING_BACK = (
    "Bring it back, or run galilean.hub.backup with backup_store_lost_confirmed: true, which begins there anew."
)
# https://www.sqlite.org/tempfiles.html
JOURNALS = ("-journal", "-wal", "-shm")
# Who restores sits and waits.
PATIENCE_SECONDS = 600
# capabilities(7), the twenty-second.
CAP_SYS_ADMIN = 1 << 21
# Of a mount. https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/linux/statfs.h
NO_LINKS_FOLLOWED = 0x2000
# What proofs and drills leave to those who work on the same file system.
RESERVED_BYTES = 1 << 30
METRICS = """\
# HELP galilean_backup_newest_seconds When the newest backup was made, in seconds since 1970.
# TYPE galilean_backup_newest_seconds gauge
galilean_backup_newest_seconds{{instance="{instance}"}} {newest}
# HELP galilean_backup_proved_seconds When the newest backup whose sample restores was made, in seconds since 1970.
# TYPE galilean_backup_proved_seconds gauge
galilean_backup_proved_seconds{{instance="{instance}"}} {proved}
# HELP galilean_backup_drilled_seconds When the newest backup that restores whole was made, in seconds since 1970.
# TYPE galilean_backup_drilled_seconds gauge
galilean_backup_drilled_seconds{{instance="{instance}"}} {drilled}
# HELP galilean_backup_drill_duration_seconds How long it took to restore and compare everything.
# TYPE galilean_backup_drill_duration_seconds gauge
galilean_backup_drill_duration_seconds{{instance="{instance}"}} {drill_seconds}
# HELP galilean_backup_failing Whether the last look at the backups ended with a problem.
# TYPE galilean_backup_failing gauge
galilean_backup_failing{{instance="{instance}"}} {failing}
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


# The backup


@contextmanager
def prepared(settings: Settings, bandwidth_kib: int = 0) -> Iterator[Duplicity]:
    """A duplicity with keys and credentials of its own, which takes no more of the network. Raises BackupError."""
    home = settings.directory / "home"
    gnupg = home / ".gnupg"
    # Keys are where the role has put them, and nowhere else for longer than they are used.
    shutil.rmtree(gnupg, ignore_errors=True)
    gnupg.mkdir(mode=0o700, parents=True)
    credentials = json.loads(settings.credentials.read_text())
    environment = {
        "HOME": str(home),
        "GNUPGHOME": str(gnupg),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PATH": os.environ.get("PATH", os.defpath),
        "TMPDIR": os.environ.get("TMPDIR", "/var/tmp"),
        # Keys without a passphrase are asked for one otherwise.
        "PASSPHRASE": "",
        **environment_of(credentials),
        # Rclone is no Python that could be paced.
        **({"RCLONE_BWLIMIT": f"{bandwidth_kib}Ki"} if bandwidth_kib else {}),
    }
    try:
        for key in settings.keys:
            gpg("--quiet", "--import", str(key), environment=environment)
        known = fingerprints(gpg("--with-colons", "--list-keys", environment=environment))
        for key in settings.earlier_keys:
            gpg("--quiet", "--import", str(key), environment=environment)
        yield Duplicity(
            settings.duplicity,
            version_of(settings.duplicity, environment),
            settings.directory / "archive",
            environment,
            [] if settings.is_symmetric else known,
            ["--verbosity=warning", "--gpg-options=--trust-model=always", "--num-retries=3", *settings.options],
            paced(settings.duplicity, bandwidth_kib) if bandwidth_kib else [],
            may_mount(),
        )
    except subprocess.CalledProcessError as error:
        raise BackupError(f"gpg takes no key: {error.stderr.strip()}") from error
    except DuplicityError as error:
        raise BackupError(str(error)) from error
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=environment, check=False, capture_output=True)
        shutil.rmtree(gnupg, ignore_errors=True)


def may_mount() -> bool:
    """Whether it is run by somebody, and not by a unit, which has a mount of its own in the place of the directory."""
    (effective,) = (row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) & CAP_SYS_ADMIN)


def paced(program: str, bandwidth_kib: int) -> list[str]:
    """What runs a program by its own interpreter, so that it takes no more of the network."""
    return [str(Path(program).with_name("python3")), str(Path(__file__).with_name("paced.py")), str(bandwidth_kib)]


def gpg(*arguments: str, environment: Mapping[str, str]) -> str:
    """Raises CalledProcessError."""
    command = ["gpg", "--batch", *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def fingerprints(listed: str) -> list[str]:
    """Those of the primary keys that gpg lists with colons."""
    rows = [line.split(":") for line in listed.splitlines()]
    return [after[9] for before, after in itertools.pairwise(rows) if before[0] == "pub" and after[0] == "fpr"]


@contextmanager
def scratch(beside: Path, instance: str) -> Iterator[Path]:
    """A directory that only root reaches and only an instance uses, on the file system of a directory."""
    directory = beside / f".galilean-restored-{instance}"
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(mode=0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def room_in(directory: Path) -> int:
    """How many bytes the file system of a directory takes."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


def published(settings: Settings, duplicity: Duplicity) -> tuple[dict[str, str], str]:
    """The mark at the target, empty where there is none, and what the controller has sealed. Raises DuplicityError."""
    url = f"{settings.place}/{CLUSTER}"
    duplicity.forget(url)
    with scratch(settings.directory, settings.instance) as aside:
        try:
            duplicity.fetch(url, aside / CLUSTER)
        except NoBackupError:
            return {}, ""
        sealed = aside / CLUSTER / SEALED
        return json.loads((aside / CLUSTER / MARK).read_text()), sealed.read_text() if sealed.exists() else ""


def refuse_the_store_of_another(settings: Settings, mark: Mapping[str, str]) -> None:
    if mark and mark["cluster"] != settings.cluster:
        raise BackupError(
            f"{settings.place} holds the backups of another cluster, {mark['cluster']}, whose hub is {mark['host']}. "
            "Where it is the one to be rebuilt, run galilean.hub.rebuild; otherwise write another backup_target."
        )


def refuse_a_store_without_our_mark(settings: Settings, duplicity: Duplicity) -> None:
    """Raises BackupError and DuplicityError."""
    mark, _sealed = published(settings, duplicity)
    if not mark:
        raise BackupError(
            f"{settings.place} lacks the mark of this cluster: what was there is gone, or something else is there. "
            f"{BRING_BACK}"
        )
    refuse_the_store_of_another(settings, mark)


def claim(settings: Settings, may_begin_anew: bool = False) -> list[str]:
    """Have the store marked as this cluster's, with what the controller has sealed. What was changed.

    Raises BackupError where it is another cluster's, or was marked and is no more.
    """
    state = read_state(settings)
    with prepared(settings) as duplicity:
        mark, sealed = published(settings, duplicity)
        refuse_the_store_of_another(settings, mark)
        if state.is_claimed and not mark and not may_begin_anew:
            raise BackupError(
                f"{settings.place} has lost the mark of this cluster: it is not mounted, or what was there is gone. "
                f"{BRING_BACK}"
            )
        wanted = settings.sealed.read_text() if settings.sealed else sealed
        changes = []
        if settings.sealed and (not mark or sealed != wanted):
            with scratch(settings.directory, settings.instance) as aside:
                content = {"cluster": settings.cluster, "instance": settings.instance, "host": settings.set}
                (aside / MARK).write_text(json.dumps(content))
                if wanted:
                    (aside / SEALED).write_text(wanted)
                duplicity.publish(f"{settings.place}/{CLUSTER}", aside)
            changes.append("what the controller keeps is in the store")
        if settings.sealed and not mark and state.is_claimed:
            # The store is another one, or has lost what it had.
            duplicity.forget(settings.url)
    if not state.is_claimed and (mark or settings.sealed):
        state.is_claimed = True
        write_state(settings, state)
    return changes


def stage(settings: Settings) -> None:
    """Copy databases as they are at one moment. Raises OSError and sqlite3.Error."""
    if settings.staged.exists():
        for copy in settings.staged.rglob("*.sqlite*"):
            copy.unlink()
    settings.staged.mkdir(mode=0o700, exist_ok=True)
    for kept in settings.kept:
        if kept.kind == "sqlite" and kept.path.exists():
            copy = settings.staged_copy(kept)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (
                closing(sqlite3.connect(f"{kept.path.as_uri()}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
            status = kept.path.stat()
            os.chown(copy, status.st_uid, status.st_gid)
            copy.chmod(stat.S_IMODE(status.st_mode))


def scan(
    settings: Settings, known: manifest.Entries, leave_out: Callable[[str], object] = str
) -> dict[str, manifest.Entry]:
    """All that is backed up but the manifest itself. Names that are left out are told."""
    found: dict[str, manifest.Entry] = {}
    for kept in settings.kept:
        path = settings.staged_copy(kept) if kept.kind == "sqlite" else kept.path
        if path.exists():
            found |= manifest.scan(path, str(path), settings.excludes, known, leave_out)
    return found


def known_entries(settings: Settings) -> dict[str, manifest.Entry]:
    try:
        return manifest.read(settings.staged / MANIFEST)[1]
    except (OSError, ValueError, TypeError):
        # There is none yet, or it is of another release: all is read.
        return {}


def back_up(settings: Settings, state: State) -> list[str]:
    """Make the backup that is due. What is to be told. Raises BackupError, OSError and sqlite3.Error."""
    # Where a mount of the unit failed, there is nothing to be seen of what it shows.
    refuse_to_follow_links(settings)
    with prepared(settings, settings.bandwidth_kib) as duplicity:
        refuse_a_store_without_our_mark(settings, duplicity)
        known = known_entries(settings)
        stage(settings)
        left_out: list[str] = []
        found = scan(settings, known, left_out.append)
        whole = left_out_whole(left_out, settings.kept)
        before = manifest.without(found, whole)
        has = had(settings, before)
        # A host that was lost and not rebuilt has nothing, and would back that up. The role has claimed the store on
        # it, as it has not where a state was removed on purpose.
        if not (state.newest or state.had) and (state.is_claimed or not duplicity.chains(settings.url)):
            state.had = had_in_store(settings, duplicity)
        if lost := gone(state.had, has, settings.kept):
            raise BackupError(
                f"{in_words(lost)} was backed up, and is gone or empty. Bring it back, by mounting its disk or by "
                f"galilean.hub.rebuild. Where that is meant, remove {settings.directory}/state.json"
            )
        header = {"cluster": settings.cluster, "instance": settings.instance, "time": utc_now().isoformat()}
        new = settings.staged / f".{MANIFEST}.new"
        manifest.write(new, header, before)
        new.replace(settings.staged / MANIFEST)
        if duplicity.was_broken_off(settings.url):
            duplicity.clean(settings.url)
        chains = chains_of(duplicity, settings)
        reason = reason_for_full(chains, state, settings.full_days, duplicity.encryption, utc_now())
        unseen = sorted({*state.unseen, *unseen_between(known, before)})
        told = make(duplicity, settings.url, "full" if reason else "incremental", selection(settings, left_out, whole))
        state.unseen = [] if reason else unseen
        state.newest = newest(duplicity, settings, utc_now()).timestamp()
        state.encryption = duplicity.encryption
        if reason and state.broken:
            state.broken, state.replaced = "", utc_now().timestamp()
        state.had = has
        state.changed = changed_between(before, manifest.without(scan(settings, found), whole))
        told += shortcomings(settings, state, left_out, whole)
        write_state(settings, state)
        if reason:
            told.append(f"A full backup: {reason}")
            told += prove_with(settings, state, duplicity)
            forget(settings, state, duplicity)
    return told


def shortcomings(settings: Settings, state: State, left_out: Sequence[str], whole: Sequence[str]) -> Iterator[str]:
    """What the newest backup may lack, or have that it should not."""
    names = {
        "Links that took the place of files meanwhile were followed in": mounts_that_follow(settings),
        "In the next full backup, because time and mode stayed the same:": state.unseen,
        "Left out, because the path is too long or the file all holes:": left_out,
        "Left out with all that is in it, because too many files there are all holes:": whole,
        "Changed while they were read:": state.changed,
    }
    return (f"{what} {in_words(which)}" for what, which in names.items() if which)


def had_in_store(settings: Settings, duplicity: Duplicity) -> dict[str, bool]:
    """Which of the kept things the newest backup in the store has, nothing where there is none that tells."""
    # It is the backup's fault where the store answers, and the same goes wrong again.
    for _attempt in range(2):
        if not duplicity.look(settings.url):
            return {}
        with suppress(DuplicityError), scratch(settings.directory, settings.instance) as aside:
            restore_path(settings, duplicity, settings.staged / MANIFEST, utc_now(), aside / MANIFEST)
            _header, entries = manifest.read(aside / MANIFEST)
            return had(settings, entries)
    return {}


def refuse_to_follow_links(settings: Settings) -> None:
    """Raises BackupError where owners of files could have others read by links, as by the unit's mounts they cannot."""
    if exposed := list(filter(follows_links, directories_of(settings))):
        raise BackupError(
            f"Links would be followed in {in_words(exposed)}. Have backups made by systemctl start "
            f"galilean-backup-{settings.instance}, whose mounts follow none; where that says so, one of them failed, "
            "and systemctl --failed names it"
        )


def directories_of(settings: Settings) -> list[str]:
    return [str(kept.path) for kept in settings.kept if kept.kind == "tree" and kept.path.is_dir()]


def mounts_that_follow(settings: Settings) -> list[str]:
    """Other file systems that are mounted in a tree: what the unit's mounts forbid they do not forbid there."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    return [place for tree in directories_of(settings) for place in mounted_in(tree, mounts) if follows_links(place)]


def follows_links(place: str) -> bool:
    return not os.statvfs(place).f_flag & NO_LINKS_FOLLOWED


def make(duplicity: Duplicity, url: str, verb: str, select: Sequence[str]) -> list[str]:
    try:
        said = duplicity.back_up(verb, url, select)
    except NoBackupError:
        said = duplicity.back_up("full", url, select)
    return [f"The store answered after several attempts: {line}" for line in dict.fromkeys(RETRIED.findall(said))]


def forget(settings: Settings, state: State, duplicity: Duplicity) -> None:
    """Remove what is kept long enough, and what was broken off."""
    since, proved = utc_now() - timedelta(days=settings.keep_days), datetime.fromtimestamp(state.proved, UTC)
    duplicity.clean(settings.url)
    if oldest := oldest_to_keep(duplicity.chains(settings.url), settings.keep_chains, since, proved):
        duplicity.remove_before(oldest, settings.url)


# The proof


Look = Callable[[Path, datetime], tuple[dict[str, str], str]]


def judged(settings: Settings, state: State, duplicity: Duplicity, look: Look) -> list[str]:
    """Look at the newest backup, restored aside. What was proved. Raises BackupError and OSError.

    A look gives what is not as it was, by name, and says what it has looked at.
    """
    backup = newest(duplicity, settings, utc_now())
    of = f"of {backup:%Y-%m-%d %H:%M} UTC"
    try:
        wrong, seen = looked(settings, look, backup)
    except DuplicityError:
        # It is the backup's fault where the store answers, and the same goes wrong again.
        duplicity.look(settings.url)
        refuse_a_store_without_our_mark(settings, duplicity)
        try:
            wrong, seen = looked(settings, look, backup)
        except DuplicityError as error:
            state.broken = f"the one {of} does not restore: {error}"
            write_state(settings, state)
            raise BackupError(f"The backup {of} does not restore: {error}") from error
    changed = {*changed_in(state, backup), *state.unseen}
    wrong = {name: what for name, what in wrong.items() if name not in changed}
    if wrong:
        state.broken = f"the one {of} restores something else"
        write_state(settings, state)
        named = [f"{in_words([name])} {what}" for name, what in wrong.items()]
        raise BackupError(f"The backup {of} restores something else: {'; '.join(named[:NAMED])}")
    state.proved = backup.timestamp()
    write_state(settings, state)
    return [f"Restored as they were in the backup {of}: {seen}"]


def looked(settings: Settings, look: Look, backup: datetime) -> tuple[dict[str, str], str]:
    with scratch(settings.directory, settings.instance) as aside:
        return look(aside, backup)


def prove_with(settings: Settings, state: State, duplicity: Duplicity) -> list[str]:
    """Judge the newest backup by a sample."""

    def look(aside: Path, backup: datetime) -> tuple[dict[str, str], str]:
        staged = aside / "staged"
        restore_path(settings, duplicity, settings.staged, backup, staged)
        _header, entries = manifest.read(staged / MANIFEST)
        wrong = dict.fromkeys(gone(state.had, had(settings, entries), settings.kept), "is missing")
        for kept in (each for each in settings.kept if each.kind == "sqlite"):
            wrong |= compared_database(settings, kept, staged / kept.path.relative_to("/"), entries)
        room = room_in(aside) - RESERVED_BYTES
        names = samples(entries, settings.kept, settings.sample, room, random.Random())
        for place, name in enumerate(names):
            wrong |= bring(duplicity, settings, name, backup, aside / str(place), entries)
        return wrong, in_words(names)

    return judged(settings, state, duplicity, look)


def drill(settings: Settings, state: State) -> list[str]:
    """Judge the newest backup by all that is in it, as after the loss of the host."""
    began = time.monotonic()

    def look(aside: Path, backup: datetime) -> tuple[dict[str, str], str]:
        restore_path(settings, duplicity, settings.staged / MANIFEST, backup, aside / MANIFEST)
        header, _entries = manifest.read(aside / MANIFEST)
        refuse_without_room(settings.directory, header["bytes"], room_in(aside) - RESERVED_BYTES)
        everything = aside / "all"
        duplicity.restore(settings.url, everything, time=backup)
        header, entries = manifest.read(everything / (settings.staged / MANIFEST).relative_to("/"))
        wrong = dict.fromkeys(gone(state.had, had(settings, entries), settings.kept), "is missing")
        for kept in settings.kept:
            name = source_of(settings, kept, str(kept.path))
            restored = everything / name.removeprefix("/")
            if kept.kind == "sqlite":
                wrong |= compared_database(settings, kept, restored, entries)
            else:
                wrong |= compared(restored, name, entries)
        return wrong, f"{header['files']} files of {header['bytes']} bytes"

    with prepared(settings, settings.bandwidth_kib) as duplicity:
        told = judged(settings, state, duplicity, look)
    state.drilled, state.drill_seconds = state.proved, time.monotonic() - began
    return [*told, f"It took {state.drill_seconds / 60:.1f} minutes"]


def prove(settings: Settings, state: State) -> list[str]:
    with prepared(settings, settings.bandwidth_kib) as duplicity:
        return prove_with(settings, state, duplicity)


def newest(duplicity: Duplicity, settings: Settings, until: datetime) -> datetime:
    """The time of the newest backup until then. Raises BackupError."""
    times = [time for chain in chains_of(duplicity, settings) for time in chain]
    if not times:
        raise BackupError(
            f"{settings.place} has no backup of the host {settings.set}. Where another host has made it, write that "
            "one's name as backup_set in this one's host_vars; where there never was one, galilean.hub.site goes on "
            "without it."
        )
    found = [time for time in times if time <= until]
    if not found:
        oldest = f"the oldest is of {min(times):%Y-%m-%d %H:%M:%S} UTC"
        raise BackupError(f"There is no backup of {until:%Y-%m-%d %H:%M:%S} UTC or before; {oldest}")
    return max(found)


def chains_of(duplicity: Duplicity, settings: Settings) -> list[list[datetime]]:
    return duplicity.chains(settings.url) or duplicity.look(settings.url)


def restore_path(settings: Settings, duplicity: Duplicity, path: Path, backup: datetime, into: Path) -> None:
    duplicity.restore(settings.url, into, str(path.relative_to("/")), backup)


def bring(
    duplicity: Duplicity, settings: Settings, name: str, backup: datetime, into: Path, entries: manifest.Entries
) -> dict[str, str]:
    """Restore a name of the manifest to a path, with all that it had. What is not as it was, by name."""
    try:
        restore_path(settings, duplicity, Path(name), backup, into)
    except NotInBackupError:
        return {name: "is missing"}
    return compared(into, name, entries)


def compared(restored: Path, name: str, entries: manifest.Entries) -> dict[str, str]:
    """Give what was restored all that it had. What is not as it was, by name."""
    wanted = manifest.below(entries, name)
    if not wanted:
        return {}
    if not (restored.exists() or restored.is_symlink()):
        return {name: "is missing"}
    manifest.mend(restored, name, wanted)
    return manifest.differences(wanted, manifest.scan(restored, name))


def compared_database(settings: Settings, kept: Kept, copy: Path, entries: manifest.Entries) -> dict[str, str]:
    """What is wrong with a restored copy of a database, by name."""
    name = str(settings.staged_copy(kept))
    wrong = compared(copy, name, entries)
    if wrong or name not in entries:
        return wrong
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return {} if found == "ok" else {name: f"is damaged: {found}"}


# The restore


@dataclass(frozen=True)
class Request:
    """What to restore: paths that are kept or below such, all that is kept where there are none; as of a time or now.

    `beside` the original, `in_place` with what stands there moved aside, or only what is `missing`. A plan changes
    nothing.
    """

    place: str
    paths: list[str] = field(default_factory=list)
    time: str = ""
    is_plan: bool = False


def restore(settings: Settings, request: Request) -> Iterator[str]:
    """What was restored, when it is, and what of it is not as it was. Raises BackupError, then too, and OSError."""
    until = datetime.fromisoformat(request.time).astimezone(UTC) if request.time else utc_now()
    wanted = {path: kept_of(settings, path) for path in request.paths} or {str(k.path): k for k in settings.kept}
    with prepared(settings) as duplicity:
        backup = newest(duplicity, settings, until)
        with earlier_ones_named(settings, duplicity, backup), scratch(settings.directory, settings.instance) as aside:
            restore_path(settings, duplicity, settings.staged / MANIFEST, backup, aside / MANIFEST)
            _header, entries = manifest.read(aside / MANIFEST)
        of = f"of {backup:%Y-%m-%d %H:%M:%S} UTC"
        sources = {path: source_of(settings, kept, path) for path, kept in wanted.items()}
        absent = [path for path in wanted if sources[path] not in entries]
        if absent and (request.paths or len(absent) == len(wanted)):
            raise BackupError(f"The backup {of} has no {in_words(absent)}")
        if absent:
            yield f"Not in the backup {of}: {in_words(absent)}"
        changed = changed_in(read_state(settings), backup)
        has_other = False
        for path, kept in ((each, wanted[each]) for each in wanted if each not in absent):
            places = lacking(path, entries) if request.place == "missing" else [path]
            if not places:
                yield f"Left as it is: {in_words([path])}"
            for each in places:
                source = source_of(settings, kept, each)
                inner = manifest.below(entries, source)
                what = f"{in_words([each])} {of}, {len(inner)} files of {manifest.bytes_of(inner)} bytes"
                if request.is_plan:
                    yield f"Would restore {what}"
                else:
                    place = Place(kept, each, request.place)
                    with earlier_ones_named(settings, duplicity, backup):
                        target, wrong = put(settings, duplicity, place, source, backup, entries, changed)
                    yield f"Restored {what}, as {in_words([target])}"
                    yield from (f"Not as it was: {in_words([name])} {how}" for name, how in wrong.items())
                    has_other = has_other or bool(wrong)
        if has_other:
            raise BackupError(
                "Not all that came back is as it was backed up, as named above. It has replaced nothing, and where "
                "nothing stood it is in its place. A rebuild that is run again goes on with it."
            )


@contextmanager
def earlier_ones_named(settings: Settings, duplicity: Duplicity, backup: datetime) -> Iterator[None]:
    """Raises BackupError where a backup does not restore, which nobody need have tried before."""
    try:
        yield
    except DuplicityError as error:
        said = f"The backup of {backup:%Y-%m-%d %H:%M:%S} UTC does not restore: {error}"
        raise BackupError(f"{said}. {earlier(chains_of(duplicity, settings), backup)}") from error


def lacking(path: str, entries: manifest.Entries) -> list[str]:
    """What is not there of a kept path: it, or what stands directly in it, such as homes."""
    if not is_something(Path(path)):
        return [path]
    return [name for name in entries if os.path.dirname(name) == path and not os.path.lexists(name)]


def is_something(path: Path) -> bool:
    return path.is_symlink() or (any(path.iterdir()) if path.is_dir() else path.exists())


@dataclass(frozen=True)
class Place:
    """A path that is kept, and where it is restored: beside itself or in place."""

    kept: Kept
    path: str
    which: str

    @property
    def parts(self) -> tuple[str, ...]:
        """Its names below the directory in which the kept one stands."""
        return Path(self.path).relative_to(self.kept.path.parent).parts


def put(
    settings: Settings,
    duplicity: Duplicity,
    place: Place,
    source: str,
    backup: datetime,
    entries: manifest.Entries,
    changed: Collection[str] = (),
) -> tuple[str, dict[str, str]]:
    """Restore one path. Where it is now, and what of it is not as it was though it did not change meanwhile.

    What is not as it was replaces nothing: it is left beside. Raises BackupError where there is nothing of it.
    """
    above = place.kept.path.parent
    above.mkdir(mode=0o755, parents=True, exist_ok=True)
    with scratch(above, settings.instance) as aside:
        refuse_without_room(above, manifest.bytes_of(manifest.below(entries, source)), room_in(aside))
        tree = aside / "tree"
        tree.mkdir(mode=0o700)
        wrong = bring(duplicity, settings, source, backup, tree / "restored", entries)
        if not os.path.lexists(tree / "restored"):
            raise BackupError(
                f"The backup of {backup:%Y-%m-%d %H:%M:%S} UTC names {in_words([place.path])} and lacks it"
            )
        wrong = {name: how for name, how in wrong.items() if name not in changed}
        stamp, name = f"{utc_now():%Y%m%dT%H%M%SZ}", place.parts[-1]
        with parent_of(place, entries) as parent, manifest.opened(str(tree)) as restored:
            count_as_made_there(place, restored, parent)
            # Before names say so, what was restored is on the disk.
            os.sync()
            if place.which == "beside" or (place.which == "in_place" and wrong):
                target = with_suffix(name, f".restored-{stamp}")
                os.rename("restored", target, src_dir_fd=restored, dst_dir_fd=parent)
            else:
                target = name
                with stopped(place.kept.services):
                    replace(restored, parent, place, f".before-restore-{stamp}")
            os.fsync(parent)
    return str(Path(place.path).with_name(target)), wrong


def count_as_made_there(place: Place, restored: int, parent: int) -> None:
    """Count what was restored to the quota of the home into which it comes. Raises BackupError where that is full."""
    if project := projects.handed_down(parent):
        try:
            projects.join("restored", restored, project)
        except OSError as error:
            if error.errno == errno.EDQUOT:
                problem = f"{in_words([place.path])} does not fit into the quota of the home"
                raise BackupError(f"{problem}: give it a larger one, or have its owner make room") from error
            raise


def replace(restored: int, parent: int, place: Place, suffix: str) -> None:
    """Move aside what stands in a place, and put there what was restored, or else have it as it was. Raises OSError."""
    name = place.parts[-1]
    aside = {each: with_suffix(each, suffix) for each in names_of(place.kept, name)}
    try:
        for each, other in aside.items():
            move_aside(parent, each, other)
        os.rename("restored", name, src_dir_fd=restored, dst_dir_fd=parent)
    except OSError:
        for each, other in aside.items():
            with suppress(FileNotFoundError):
                os.rename(other, each, src_dir_fd=parent, dst_dir_fd=parent)
        raise


@contextmanager
def stopped(services: Sequence[str]) -> Iterator[None]:
    """Those of the services that run do not run for a while. Raises BackupError."""
    # One that systemd is about to start again is neither inactive nor failed.
    running = [service for service in services if state_of(service) not in ("inactive", "failed")]
    try:
        for service in running:
            systemctl("stop", service)
        yield
    finally:
        for service in running:
            systemctl("start", service)


def state_of(service: str) -> str:
    return systemctl("show", "--property", "ActiveState", "--value", service).strip()


def names_of(kept: Kept, name: str) -> list[str]:
    """All that goes when one is put in its place: by its journals SQLite would have a database as it was before."""
    return [name, *(f"{name}{suffix}" for suffix in JOURNALS if kept.kind == "sqlite")]


def with_suffix(name: str, suffix: str) -> str:
    """A name beside another, no longer than a file system takes."""
    return os.fsdecode(os.fsencode(name)[: 255 - len(suffix)]) + suffix


def systemctl(*arguments: str) -> str:
    """What it says. Raises BackupError."""
    done = subprocess.run(["systemctl", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise BackupError(f"systemctl {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def parent_of(place: Place, entries: manifest.Entries) -> Iterator[int]:
    """The directory in which a path stands, reached without a link; what is missing of it is made as it was."""
    path = place.kept.path.parent
    with manifest.opened(str(path)) as directory:
        current = os.dup(directory)
        try:
            for part in place.parts[:-1]:
                path /= part
                entry = entries.get(str(path))
                if entry and part not in os.listdir(current):
                    make_as_it_was(current, part, entry)
                following = os.open(part, manifest.FILE | os.O_DIRECTORY, dir_fd=current)
                os.close(current)
                current = following
            yield current
        except NotADirectoryError as error:
            raise BackupError(f"{path} is no directory any more. Move it away, or restore beside it") from error
        finally:
            os.close(current)


def make_as_it_was(parent: int, name: str, entry: manifest.Entry) -> None:
    """Make a directory whose parent others may write to. Raises BackupError where they put another in its place."""
    os.mkdir(name, mode=0o700, dir_fd=parent)
    with manifest.opened(name, parent) as made:
        if os.fstat(made).st_uid != os.geteuid() or os.listdir(made):
            raise BackupError(f"{in_words([name])} was put in the place of what is restored")
        os.fchown(made, entry.uid, entry.gid)
        os.fchmod(made, entry.mode)


def move_aside(directory: int, name: str, other: str) -> None:
    """Give what has a name another one. An empty directory goes."""
    try:
        os.rmdir(name, dir_fd=directory)
    except FileNotFoundError:
        return
    except OSError:
        os.rename(name, other, src_dir_fd=directory, dst_dir_fd=directory)


def controller(settings: Settings) -> list[str]:
    """The mark of the store and what the controller has sealed, as JSON. Raises BackupError."""
    with prepared(settings) as duplicity:
        mark, sealed = published(settings, duplicity)
    if not mark:
        raise BackupError(f"{settings.place} has no backup of a cluster")
    return [json.dumps({"cluster": mark["cluster"], "sealed": sealed})]


# How it is called


# What the timers do.
TIMED: Mapping[str, Callable[[Settings, State], list[str]]] = {"run": back_up, "prove": prove, "drill": drill}


def watched(settings: Settings, work: Callable[[Settings, State], list[str]]) -> list[str]:
    """Do what the timers do, and have others know how it ended, whatever ended it."""
    state = read_state(settings)
    state.problem = "It ended before it was done"
    state.began = state.began or utc_now().timestamp()
    try:
        told = work(settings, state)
        state.problem = alarm(state, settings.alarm_hours, utc_now())
        if state.problem:
            raise BackupError(state.problem)
        write_state(settings, state)
    except (BackupError, OSError, sqlite3.Error) as error:
        state.problem = str(error)
        raise BackupError(str(error)) from error
    else:
        return told
    finally:
        write_metrics(settings, state)
        write_state(settings, state)


def write_metrics(settings: Settings, state: State) -> None:
    text = METRICS.format(
        instance=settings.instance,
        newest=int(state.newest),
        proved=int(state.proved),
        drilled=int(state.drilled),
        drill_seconds=int(state.drill_seconds),
        failing=int(bool(state.problem)),
    )
    write_durably(settings.metrics, text, mode=0o644)


def locks_within(lock: int, seconds: float) -> bool:
    """Whether a lock was had, for which one waits so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(1)
        else:
            return True
    return False


@contextmanager
def alone(settings: Settings, verb: str) -> Iterator[None]:
    """Waits until no other one is at work, and says for whom. Raises BackupError where that is an alarm."""
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read()
            print(f"Waits for another: {holder}", file=sys.stderr, flush=True)
            state = read_state(settings)
            state.problem = alarm(state, settings.alarm_hours, utc_now())
            if verb in TIMED and state.problem:
                write_metrics(settings, state)
                raise BackupError(f"{state.problem}. Another is still at work: {holder}") from None
            if not locks_within(lock.fileno(), PATIENCE_SECONDS if verb == "restore" else math.inf):
                raise BackupError(f"Another is still at work: {holder}. Try again, or end it") from None
        lock.truncate(0)
        lock.write(f"{verb} since {utc_now():%Y-%m-%d %H:%M} UTC, process {os.getpid()}")
        lock.flush()
        yield


def main(arguments: Sequence[str]) -> str | None:
    path, verb = arguments
    settings = read_settings(Path(path))
    os.umask(0o077)
    verbs: Mapping[str, Callable[[], Iterable[str]]] = {
        "claim": lambda: [f"Changed: {change}" for change in claim(settings)],
        "begin": lambda: [f"Changed: {change}" for change in claim(settings, may_begin_anew=True)],
        **{name: partial(watched, settings, work) for name, work in TIMED.items()},
        "restore": lambda: restore(settings, Request(**json.load(sys.stdin))),
        "controller": lambda: controller(settings),
    }
    # What is to be said at the end is said when systemd ends it, too.
    signal.signal(signal.SIGTERM, lambda *_given: sys.exit("It was ended"))
    try:
        with alone(settings, verb):
            for line in verbs[verb]():
                print(line, flush=True)
    except (BackupError, OSError, ValueError, sqlite3.Error) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
