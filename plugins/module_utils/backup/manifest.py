# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a tree of files: by it a restored tree is compared, and given what duplicity does not keep.

That is hard links, holes in sparse files, extended attributes with the access control lists, and parts of a second.
Owners of files may change them all the time: no link is followed, and no path is read that has a link in it.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

CHUNK_BYTES = 1 << 20
SECTOR_BYTES = 512
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
# What people give to their files. The rest is the kernel's own.
ATTRIBUTES = ("user.", "system.posix_acl_")
# Of a path. A longer one is left out: below another directory it could not be restored, where PATH_MAX is 4096 bytes.
LONGEST_PATH = 1000
# A larger file of which not a tenth is more than holes is left out, too: it costs nothing to make, and days to read.
HOLLOW_BYTES = 10 << 30
# Its owner has taken it away, put another thing there, or keeps it from root.
NOT_OURS = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM})
# What a restored file has by itself is nobody's difference.
NOT_COMPARED = frozenset({"hard_link", "is_sparse", "seen"})
FORMAT = 1


# Most files have none, and there are many.
NO_ATTRIBUTES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `hard_link` is the same for all names of one file, `seen` changes whenever the file does."""

    kind: str
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int = 0
    digest: str = ""
    target: str = ""
    hard_link: str = ""
    is_sparse: bool = False
    attributes: Mapping[str, str] = field(default_factory=lambda: NO_ATTRIBUTES)
    seen: str = ""


Entries = Mapping[str, Entry]


def is_excluded(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether a path, in its parts below a tree, ends with a pattern, which may be one name or several."""
    for pattern in patterns:
        names = pattern.split("/")
        if len(names) <= len(parts) and all(map(fnmatchcase, parts[-len(names) :], names)):
            return True
    return False


def scan(
    root: Path,
    name: str,
    excludes: Sequence[str] = (),
    known: Entries | None = None,
    leave_out: Callable[[str], object] = str,
) -> dict[str, Entry]:
    """What is at a path and below, by names that begin with `name`. Files that vanish meanwhile are left out.

    Of a file that has not changed since it was `known` the digest is taken from there. Names that are too long are
    left out, with what is below, and so are files that are hollow: these names are told. Raises OSError.
    """
    known = known or {}
    found: dict[str, Entry] = {}
    with opened(str(root.parent)) as parent:
        top = _entry(parent, root.name, known.get(name))
    if top:
        found[name] = top
    if not top or top.kind != "directory":
        return found

    def is_taken(parts: Sequence[str]) -> bool:
        if is_excluded(parts, excludes):
            return False
        key = "/".join([name, *parts])
        if len(key) > LONGEST_PATH:
            leave_out(key)
            return False
        return True

    with opened(str(root)) as base:
        for path, directories, files, directory in os.fwalk(
            ".", dir_fd=base, onerror=_unless_not_ours, follow_symlinks=False
        ):
            parts = path.split("/")[1:]
            directories[:] = [each for each in directories if is_taken([*parts, each])]
            for each in (*directories, *(each for each in files if is_taken([*parts, each]))):
                key = "/".join([name, *parts, each])
                if _is_hollow(directory, each):
                    leave_out(key)
                elif entry := _entry(directory, each, known.get(key)):
                    found[key] = entry
    return found


def _unless_not_ours(error: OSError) -> None:
    if error.errno not in NOT_OURS:
        raise error


@contextmanager
def opened(path: str, directory: int | None = None) -> Iterator[int]:
    """A directory, open for as long as it is looked at. A link to one is none."""
    descriptor = os.open(path, FILE | os.O_DIRECTORY, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _entry(directory: int, name: str, known: Entry | None) -> Entry | None:
    """What a name in an open directory stands for, None where it is gone or is nothing that is backed up."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        kind = KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is None:
            return None
        if kind == "link":
            return replace(_of_status(kind, status), mode=0, target=os.readlink(name, dir_fd=directory))
        descriptor = os.open(name, FILE, dir_fd=directory)
    except OSError as error:
        _unless_not_ours(error)
        return None
    try:
        status = os.fstat(descriptor)
        if KINDS.get(stat.S_IFMT(status.st_mode)) != kind:
            return None
        entry = replace(_of_status(kind, status), attributes=_attributes(descriptor))
        if kind == "file":
            is_known = known is not None and known.seen == entry.seen
            entry = replace(entry, digest=known.digest if known and is_known else _digest(descriptor))
        # One object for all lists in which it is: there may be a million.
        return known if entry == known else entry
    finally:
        os.close(descriptor)


def _is_hollow(directory: int, name: str) -> bool:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError:
        return False
    return status.st_size > max(HOLLOW_BYTES, 10 * status.st_blocks * SECTOR_BYTES)


def _of_status(kind: str, status: os.stat_result) -> Entry:
    is_file = kind == "file"
    return Entry(
        kind,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        status.st_mtime_ns,
        size=status.st_size if is_file else 0,
        hard_link=f"{status.st_dev}:{status.st_ino}" if is_file and status.st_nlink > 1 else "",
        is_sparse=is_file and status.st_blocks * SECTOR_BYTES < status.st_size,
        seen=f"{status.st_ino}:{status.st_ctime_ns}:{status.st_size}",
    )


def _digest(descriptor: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _attributes(descriptor: int) -> Mapping[str, str]:
    try:
        names = [name for name in os.listxattr(descriptor) if name.startswith(ATTRIBUTES)]
        found = {name: base64.b64encode(os.getxattr(descriptor, name)).decode() for name in sorted(names)}
    except OSError:
        # A file system without them.
        return NO_ATTRIBUTES
    else:
        return found or NO_ATTRIBUTES


# As a file


def write(path: Path, header: Mapping[str, Any], entries: Entries) -> None:
    """One line for all of it and one for each file, in an order that does not change. Raises OSError."""
    totals = {"files": sum(each.kind == "file" for each in entries.values()), "bytes": bytes_of(entries)}
    with path.open("w", encoding="ascii") as stream:
        stream.write(f"{json.dumps({'format': FORMAT, **header, **totals})}\n")
        stream.writelines(f"{json.dumps([name, asdict(entries[name])])}\n" for name in sorted(entries))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Entry]]:
    """Header and files. Raises OSError and ValueError."""
    with path.open(encoding="ascii") as stream:
        header = json.loads(stream.readline())
        rows = (json.loads(line) for line in stream)
        return header, {name: _entry_of(entry) for name, entry in rows}


def _entry_of(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "kind": sys.intern(row["kind"]), "attributes": row["attributes"] or NO_ATTRIBUTES})


def is_below(name: str, path: str) -> bool:
    """Whether it is the path, or stands in it."""
    return name == path or name.startswith(f"{path}/")


def below(entries: Entries, path: str) -> dict[str, Entry]:
    """The entries of a path and of what is in it."""
    return {name: entry for name, entry in entries.items() if is_below(name, path)}


def without(entries: Entries, paths: Sequence[str]) -> dict[str, Entry]:
    """The entries of none of these paths and of nothing that is in them."""
    return {name: entry for name, entry in entries.items() if not any(is_below(name, path) for path in paths)}


def bytes_of(entries: Entries) -> int:
    """How many bytes are written to restore them: holes are dug afterwards."""
    return sum(entry.size for entry in entries.values())


# What was restored


def mend(root: Path, name: str, entries: Entries) -> None:
    """Give a restored tree, which nobody else reaches, what duplicity does not keep. Raises OSError."""
    links = root.with_name(f"{root.name}.links")
    links.mkdir(mode=0o700)
    try:
        with opened(str(root.parent)) as parent, opened(str(links)) as side:
            if root.is_dir() and not root.is_symlink():
                # A directory after what is in it: that changes its time.
                for path, directories, files, directory in os.fwalk(str(root.name), topdown=False, dir_fd=parent):
                    inner = "/".join([name, *path.split("/")[1:]])
                    for each in (*files, *directories):
                        _mend(directory, each, entries.get(f"{inner}/{each}"), side)
            _mend(parent, root.name, entries.get(name), side)
    finally:
        shutil.rmtree(links)


def _mend(directory: int, name: str, entry: Entry | None, links: int) -> None:
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if entry is None or KINDS.get(stat.S_IFMT(status.st_mode)) != entry.kind:
        return
    if entry.kind != "link":
        descriptor = os.open(name, FILE, dir_fd=directory)
        try:
            for attribute, value in entry.attributes.items():
                # A file system without them has them not.
                with suppress(OSError):
                    os.setxattr(descriptor, attribute, base64.b64decode(value))
            if entry.is_sparse:
                path = f"/proc/self/fd/{descriptor}"
                writable = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    dig = ["fallocate", "--dig-holes", f"/proc/self/fd/{writable}"]
                    subprocess.run(dig, pass_fds=[writable], check=False, capture_output=True)
                finally:
                    os.close(writable)
        finally:
            os.close(descriptor)
    os.utime(name, ns=(entry.mtime_ns, entry.mtime_ns), dir_fd=directory, follow_symlinks=False)
    if entry.hard_link:
        try:
            os.link(name, entry.hard_link, src_dir_fd=directory, dst_dir_fd=links, follow_symlinks=False)
        except FileExistsError:
            # Names that became two files while they were read are restored as two.
            if _digest_of(directory, name) == _digest_of(links, entry.hard_link):
                os.unlink(name, dir_fd=directory)
                os.link(entry.hard_link, name, src_dir_fd=links, dst_dir_fd=directory, follow_symlinks=False)


def _digest_of(directory: int, name: str) -> str:
    descriptor = os.open(name, FILE, dir_fd=directory)
    try:
        return _digest(descriptor)
    finally:
        os.close(descriptor)


def differences(wanted: Entries, found: Entries) -> dict[str, str]:
    """What is not as it was, by name, each in a few words."""
    differing = {}
    for name in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(name), found.get(name)
        if before is None or after is None:
            differing[name] = "is missing" if after is None else "was not there"
        elif parts := [part for part in _compared(before) if getattr(before, part) != getattr(after, part)]:
            differing[name] = f"has another {', '.join(parts)}"
    return differing


def _compared(entry: Entry) -> Iterator[str]:
    for part in asdict(entry):
        if part not in NOT_COMPARED:
            yield part
