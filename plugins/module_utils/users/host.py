# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host has of accounts, read once, and how what a plan says is done there."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably
from ansible_collections.galilean.hub.plugins.module_utils.ssh import ancestors, connected, environments
from ansible_collections.galilean.hub.plugins.module_utils.users.databases import Databases, Login, rows
from ansible_collections.galilean.hub.plugins.module_utils.users.plan import HOMES, KEYS_FILE, Found, HandOver, Known
from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import fingerprints
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import MAIN, included, is_read

RECORD = Path("/var/lib/galilean/users/accounts.json")
ARCHIVE = Path("/var/lib/galilean/users/archive")
SKELETON = Path("/etc/skel")
CRONTABS, AT_JOBS, LINGER = (
    Path("/var/spool/cron/crontabs"),
    Path("/var/spool/cron/atjobs"),
    Path("/var/lib/systemd/linger"),
)
# In the order in which they are written: an account is there when /etc/passwd has it, and then all else of it is.
# So are members of a group when /etc/group has them.
DATABASES = {"gshadow": 0o640, "group": 0o644, "shadow": 0o640, "passwd": 0o644}
# What glibc's lckpwdf(3) locks, and so shadow-utils, PAM and systemd. The kernel gives it back when its holder dies,
# and what shadow-utils locks beside it, and leaves behind when the power fails, is in nobody's way here.
LOCK = Path("/etc/.pwd.lock")
LOCK_SECONDS, POLL_SECONDS = 60, 0.2
KEYS_FILES, NEW_KEYS = (KEYS_FILE, "authorized_keys2"), f".{KEYS_FILE}.new"
LARGEST_KEYS_FILE = 1_000_000
NOBODY_LOGGED_IN = 2**32 - 1
ASK_SERVICES = ["systemctl", "show", "--all", "--property=User,Id", "*.service"]
# Zombies and the dead of proc_pid_stat(5) run no more.
GONE = ("Z", "X")
TERM_SECONDS, KILL_SECONDS = 10, 60
# Where sshd with ExposeAuthInfo says by what somebody got in: sshd_config(5).
EXPOSED = re.compile(rb"(?:^|\0)SSH_USER_AUTH=([^\0]+)")


class HostError(Exception):
    """What of a plan cannot be done on this host, in words for the one who runs the play."""


@contextmanager
def locked_accounts() -> Iterator[None]:
    """Keep all others from changing accounts. Raises HostError when somebody else does so for a minute."""
    with os.fdopen(os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise HostError(f"Somebody else is changing accounts, and holds {LOCK}") from error
                time.sleep(POLL_SECONDS)
        yield


def read(names: Collection[str]) -> Found:
    """What this host has of the accounts that are ours and of those with these names. Raises OSError."""
    texts = {name: _text(Path("/etc", name)) for name in DATABASES}
    record = read_record()
    passwd = {row[0]: row for row in rows(texts["passwd"]).values() if len(row) > 5}
    ours = {*names, *record}
    homes = {name: passwd[name][5] if name in passwd else f"{HOMES}/{name}" for name in ours}
    uids = {int(passwd[name][2]): name for name in ours if name in passwd}
    return Found(
        databases=Databases(**texts),
        record=record,
        keys={name: files for name in ours & passwd.keys() if (files := read_keys(Path(homes[name])))},
        sudoers=_sudoers(),
        belongings=belongings(uids),
        services=_services(),
        running={uid for uid, _process in _processes()},
        owners={home: os.lstat(home).st_uid for home in homes.values() if os.path.lexists(home)},
        comes_as=_comes_as(),
        comes_by=_comes_by(),
        foreign={name for name in ours - passwd.keys() if _resolves(name)},
    )


def read_record() -> dict[str, Known]:
    if not RECORD.exists():
        return {}
    accounts = json.loads(RECORD.read_text(encoding="utf-8"))
    return {
        name: Known(known["uid"], frozenset(known["keys"]), frozenset(known.get("rights", ())))
        for name, known in accounts.items()
    }


def write_record(record: dict[str, Known]) -> None:
    RECORD.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    accounts = {
        name: {"uid": known.uid, "keys": sorted(known.keys), "rights": sorted(known.rights)}
        for name, known in sorted(record.items())
    }
    write_durably(RECORD, json.dumps(accounts, indent=2) + "\n", mode=0o600)


def write_databases(before: Databases, after: Databases) -> None:
    for name, mode in DATABASES.items():
        if getattr(before, name) != (content := getattr(after, name)):
            path = Path("/etc", name)
            owner = path.stat() if path.exists() else None
            write_durably(path, content, mode, owner.st_uid if owner else 0, owner.st_gid if owner else 0)


def make_homes(homes: dict[str, tuple[int, int]]) -> None:
    """Homes with what /etc/skel has. They are made beside their place and renamed, so that none is half made."""
    made = []
    for home, (uid, gid) in homes.items():
        path = Path(home)
        temporary = path.with_name(f".{path.name}.new")
        shutil.rmtree(temporary, ignore_errors=True)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(SKELETON, temporary, symlinks=True) if SKELETON.is_dir() else temporary.mkdir()
        # What is given away first is within what is root's: nobody puts a link into the way that is yet to go.
        for entry in reversed([temporary, *temporary.rglob("*")]):
            os.chown(entry, uid, gid, follow_symlinks=False)
        temporary.chmod(0o700)
        made.append((temporary, path))
    _rename_all(made)


def read_keys(home: Path) -> dict[str, str]:
    """The files of keys of an account by name. What is no file, leads elsewhere, or is in a file system that somebody
    has mounted there and that keeps root out, is taken for an empty one."""
    ssh, found = home / ".ssh", {}
    try:
        is_directory = stat.S_ISDIR(os.lstat(ssh).st_mode)
    except FileNotFoundError:
        return {}
    except OSError:
        is_directory = False
    if not is_directory:
        return {KEYS_FILE: ""}
    for name in KEYS_FILES:
        if os.path.lexists(ssh / name):
            found[name] = _text_of_a_file(ssh / name)
    return found


def write_keys(keys: Mapping[str, str | None], logins: Mapping[str, Login]) -> None:
    """Give accounts exactly these keys, by name, None for none. All are on the disk before the first is in force.

    Raises HostError, with the name of the account.
    """
    for name, content in keys.items():
        with _naming(name), _ssh_directory(logins[name], is_made=content is not None) as directory:
            if directory is not None and content is not None:
                _write_beside(directory, content, logins[name])
    os.sync()
    for name, content in keys.items():
        with _naming(name), _ssh_directory(logins[name], is_made=False) as directory:
            if directory is not None:
                _put_in_force(directory, content is not None)
    os.sync()


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HostError(f"{name}: the keys cannot be written: {error}") from error


@contextmanager
def _ssh_directory(login: Login, is_made: bool) -> Iterator[int | None]:
    """A descriptor of ~/.ssh, None where it is missing. Whoever owns a home may put links there: none is followed."""
    with ExitStack() as opened:
        directory = None
        with suppress(FileNotFoundError):
            home = opened.enter_context(_directory(login.home))
            if not _is(stat.S_ISDIR, ".ssh", home):
                _clear(".ssh", home)
            if is_made:
                with suppress(FileExistsError):
                    os.mkdir(".ssh", mode=0o700, dir_fd=home)
            directory = opened.enter_context(_directory(".ssh", home))
            if is_made:
                os.fchown(directory, login.uid, login.gid)
        yield directory


@contextmanager
def _directory(path: str, parent: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if parent is None else os.O_NOFOLLOW), dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_beside(directory: int, content: str, login: Login) -> None:
    _clear(NEW_KEYS, directory)
    descriptor = os.open(NEW_KEYS, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchown(descriptor, login.uid, login.gid)
        stream.write(content)


def _put_in_force(directory: int, has_keys: bool) -> None:
    for name in KEYS_FILES:
        if not has_keys or name != KEYS_FILE or not _is(stat.S_ISREG, name, directory):
            _clear(name, directory)
    if has_keys:
        os.rename(NEW_KEYS, KEYS_FILE, src_dir_fd=directory, dst_dir_fd=directory)


def _is(kind: Callable[[int], bool], name: str, directory: int) -> bool:
    try:
        return kind(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def _clear(name: str, directory: int) -> None:
    """Have nothing at a name. A directory that somebody has put there, to be in the way, is renamed."""
    with suppress(FileNotFoundError):
        try:
            os.unlink(name, dir_fd=directory)
        except IsADirectoryError:
            os.rename(name, f"{name}.{secrets.token_hex(8)}", src_dir_fd=directory, dst_dir_fd=directory)


def take_away(belongings: Mapping[str, Sequence[str]]) -> None:
    """Keep what would go on running without people, by name, where nothing runs it. Raises OSError."""
    paths = [(ARCHIVE / name, Path(path)) for name, found in belongings.items() for path in found]
    for directory, path in paths:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A job whose hour has come has another name by now.
        with suppress(FileNotFoundError):
            shutil.copy2(path, directory / f"{path.parent.name}-{path.name}")
    os.sync()
    for _directory, path in paths:
        path.unlink(missing_ok=True)


def end_processes(uids: Collection[int]) -> None:
    """End all that runs as one of these, and what they have started through sudo. Raises HostError."""
    for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        while left := {process for uid, process in _processes() if uid in uids}:
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process, number)
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        else:
            return
    raise HostError(f"These processes do not end: {', '.join(map(str, left))}")


def hand_over(change: HandOver) -> None:
    """Give files to another owner, the home itself last: by it the next run knows that nothing is left to be done.

    Only what is the giver's, on the same file system, and without following a link.
    """
    device = os.lstat(change.home).st_dev
    for _path, directories, files, descriptor in os.fwalk(change.home, topdown=False, follow_symlinks=False):
        if os.fstat(descriptor).st_dev == device:
            for name in [*directories, *files]:
                _give(name, change, descriptor)
    _give(change.home, change)


def _give(name: str, change: HandOver, directory: int | None = None) -> None:
    with suppress(FileNotFoundError):
        if os.stat(name, dir_fd=directory, follow_symlinks=False).st_uid == change.giver:
            os.chown(name, change.taker, -1, dir_fd=directory, follow_symlinks=False)


def _rename_all(paths: Sequence[tuple[Path, Path]]) -> None:
    """Rename what is on the disk by then, all of it with two waits for the disk."""
    if paths:
        os.sync()
        for temporary, path in paths:
            temporary.rename(path)
        os.sync()


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""


def _text_of_a_file(path: Path) -> str:
    """Of a file that somebody else owns, who may have made anything of it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, LARGEST_KEYS_FILE).decode("utf-8", "replace") if is_file else ""
    finally:
        os.close(descriptor)


def _sudoers() -> dict[str, str]:
    """The files that sudo reads, by path: the main one, and those that are included."""
    found: dict[str, str] = {}
    ahead = [Path(MAIN)]
    while ahead:
        path = ahead.pop()
        if path.is_file() and str(path) not in found:
            found[str(path)] = _text(path)
            for name, is_directory in included(str(path), found[str(path)]):
                others = Path(name).glob("*") if is_directory else [Path(name)]
                ahead += [each for each in others if not is_directory or is_read(each.name)]
    return found


def belongings(uids: Mapping[int, str]) -> dict[str, list[str]]:
    """Crontabs and lingering by name, jobs of at by owner."""
    found: dict[str, list[str]] = {}
    for name in uids.values():
        for path in (CRONTABS / name, LINGER / name):
            if path.exists():
                found.setdefault(name, []).append(str(path))
    for path in sorted(AT_JOBS.glob("*")) if AT_JOBS.is_dir() else []:
        if path.is_file() and (owner := uids.get(path.stat().st_uid)):
            found.setdefault(owner, []).append(str(path))
    return found


def _services() -> dict[str, str]:
    """Names or uids as which services run, by unit, without those that systemd has for each person."""
    told = subprocess.run(ASK_SERVICES, check=False, capture_output=True, text=True).stdout
    units = [dict(line.split("=", 1) for line in block.splitlines()) for block in told.split("\n\n")]
    return {unit["Id"]: unit["User"] for unit in units if unit.get("User") and not unit["Id"].startswith("user@")}


def _processes() -> Iterator[tuple[int, int]]:
    """Uids and processes that run, without those by which this run comes."""
    spared, inherited = set(ancestors()), _login_uid(1)
    for path in Path("/proc").glob("[0-9]*"):
        if (process := int(path.name)) not in spared:
            for uid in _uids(process, inherited):
                yield uid, process


def _uids(process: int, inherited: int) -> set[int]:
    """Those of a process, root aside, nothing when it has ended: the real, effective and saved uid, and the one that
    logged in, which sudo and su leave as it is: proc_pid_status(5), proc_pid_loginuid(5). All of a container have the
    latter from whoever started its engine, so what the first process has tells nothing."""
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
        lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if lines["State"].split()[0] not in GONE:
            login_uid = _login_uid(process)
            uids = set() if _is_contained(process, lines["NSpid"]) else {int(uid) for uid in lines["Uid"].split()}
            return (uids | ({login_uid} - {inherited})) - {0, NOBODY_LOGGED_IN}
    return set()


def _is_contained(process: int, process_ids: str) -> bool:
    """Whether it is in a container that root has started, where the uids of people are those of others.

    Nobody else gets namespaces but in a user namespace of one's own: user_namespaces(7).
    """
    spaces = {os.readlink(f"/proc/{each}/ns/user") for each in (process, "self")}
    return len(process_ids.split()) > 1 and len(spaces) == 1


def _login_uid(process: int) -> int:
    """The uid that logged in, if the kernel keeps it."""
    path = Path(f"/proc/{process}/loginuid")
    return int(path.read_text()) if path.exists() else NOBODY_LOGGED_IN


def _comes_as() -> set[str]:
    """The accounts, root aside, whose processes led to this one. Who owns /proc/PID says it not of those like sshd."""
    found, inherited = set(), _login_uid(1)
    for uid in {uid for process in ancestors() for uid in _uids(process, inherited)}:
        with suppress(KeyError):
            found.add(pwd.getpwuid(uid).pw_name)
    return found


def _comes_by() -> frozenset[str] | None:
    """The keys by which this run came, none when it came otherwise than over SSH, None when sshd does not tell."""
    for environment in environments():
        if exposed := EXPOSED.search(environment):
            return frozenset(fingerprints(_text_of_a_file(Path(os.fsdecode(exposed[1])))))
    return None if connected() else frozenset()


def _resolves(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
