# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, directories and links as they are and as they should be."""

from __future__ import annotations

import difflib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import link_durably, write_durably


class FilesError(Exception):
    """What cannot be made as it is wanted, in words for the one who runs the play."""


@dataclass(frozen=True)
class Entry:
    """What is at a path, or should be. Content is a file's text or a link's target; owner and group are numbers."""

    state: str
    content: str = ""
    owner: int | None = None
    group: int | None = None
    mode: int | None = None


@dataclass(frozen=True)
class Change:
    """A path that is not as it should be."""

    path: Path
    before: Entry
    after: Entry

    @property
    def is_of_content(self) -> bool:
        return (self.before.state, self.before.content) != (self.after.state, self.after.content)

    @property
    def diff(self) -> str:
        """Attributes and content as a unified diff."""
        lines = (describe(self.before), describe(self.after))
        diff = "".join(difflib.unified_diff(*lines, fromfile=str(self.path), tofile=str(self.path)))
        return diff.encode("utf-8", "backslashreplace").decode()


def describe(entry: Entry) -> list[str]:
    if entry.state == "absent":
        return []
    attributes = [f"{name}: {value}\n" for name, value in (("owner", entry.owner), ("group", entry.group))]
    mode = [] if entry.mode is None else [f"mode: {entry.mode:04o}\n"]
    return [f"{entry.state}\n", *attributes, *mode, *entry.content.splitlines(keepends=True)]


def read_entry(path: Path) -> Entry:
    """What is at the path; a state of other stands for sockets, devices and the like. Raises OSError."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Entry("absent")
    owned = Entry("other", owner=status.st_uid, group=status.st_gid, mode=stat.S_IMODE(status.st_mode))
    if stat.S_ISREG(status.st_mode):
        return replace(owned, state="file", content=path.read_bytes().decode("utf-8", "surrogateescape"))
    if stat.S_ISDIR(status.st_mode):
        return replace(owned, state="directory")
    if stat.S_ISLNK(status.st_mode):
        return replace(owned, state="link", content=str(path.readlink()), mode=None)
    return owned


def plan(wanted: dict[Path, Entry]) -> list[Change]:
    """The paths that have to be changed, in the order in which they are wanted.

    Raises FilesError for a directory that is in the way of something else or has something else in its way: no
    content is thrown away that is not ours.
    """
    changes = []
    for path, after in wanted.items():
        before = read_entry(path)
        if before.state == "directory" != after.state:
            raise FilesError(f"{path} is a directory, which is not replaced. Look what is in it, and move it away")
        if after.state == "directory" and before.state not in {"absent", "directory"}:
            raise FilesError(f"{path} is a {before.state}, not a directory. Look what it is for, and move it away")
        if before != after and (before.state, after.state) != ("absent", "absent"):
            changes.append(Change(path, before, after))
    return changes


def apply(change: Change) -> None:
    """Make one path as it should be; a crash leaves it as it was or as it should be. Raises OSError."""
    path, after = change.path, change.after
    owner, group = -1 if after.owner is None else after.owner, -1 if after.group is None else after.group
    if after.state == "absent":
        path.unlink(missing_ok=True)
    elif after.state == "link":
        link_durably(path, after.content, owner, group)
    elif after.state == "file":
        write_durably(path, after.content, after.mode or 0, owner, group)
    else:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(path, owner, group)
        path.chmod(after.mode or 0)
