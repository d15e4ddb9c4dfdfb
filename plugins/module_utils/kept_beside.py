# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of others, kept before they are taken over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from stat import S_IMODE

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

SUFFIX = ".before-galilean"


def default_place(path: str) -> str:
    return f"{path}{SUFFIX}"


def text_of(path: Path) -> str | None:
    """What a file says, None where it is not there. Raises OSError."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def numbered(place: Path) -> Iterator[Path]:
    return (place.with_name(f"{place.name}.{number}") for number in count(1))


def keep(path: Path, place: Path, is_ours: bool, check_mode: bool = False) -> tuple[str, bool]:
    """What others had at a path before it became ours, and whether that is kept from now on.

    While the path is not ours, what is there is theirs, and may have changed since: what was kept before stays
    beside it, under a number. Raises OSError.
    """
    theirs = None if is_ours else text_of(path)
    kept = text_of(place)
    if theirs is None or theirs == kept:
        return kept or "", False
    if not check_mode:
        if kept is not None:
            place.rename(next(free for free in numbered(place) if not free.exists()))
        status = path.stat()
        write_durably(place, theirs, S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return theirs, True
