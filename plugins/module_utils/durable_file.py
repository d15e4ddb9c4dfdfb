# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path


def temporary_of(path: Path) -> Path:
    """A hidden name beside the path. It is fixed, so what a killed run leaves behind is taken away by the next."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    return temporary


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: str, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Replace a file, so that a crash at any point leaves the old content or the new one, never a part of it.

    Bytes that are no UTF-8 stand in `content` as surrogateescape has them. Raises OSError.
    """
    temporary = temporary_of(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(content)
        stream.flush()
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    temporary.replace(path)
    sync_directory(path.parent)


def ignore_in_git(directory: Path) -> None:
    """Have git ignore what a directory holds, unless somebody has written there what it ignores. Raises OSError."""
    path = directory / ".gitignore"
    if not path.exists():
        write_durably(path, "*\n", mode=0o644)


def link_durably(path: Path, target: str, uid: int = -1, gid: int = -1) -> None:
    """Replace a file or a link by a symbolic link, as write_durably does. Raises OSError."""
    temporary = temporary_of(path)
    temporary.symlink_to(target)
    os.chown(temporary, uid, gid, follow_symlinks=False)
    temporary.replace(path)
    sync_directory(path.parent)
