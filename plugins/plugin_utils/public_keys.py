# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the public keys of people are: written in the inventory, in a file beside it, or pinned from GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

GITHUB = "github:"


class KeySourceError(Exception):
    """A file or a name that gives no keys, and what to do about it."""


def keys_of(entry: str, pinned: Mapping[str, Sequence[str]]) -> list[str]:
    """The lines that an entry of an account's keys means: itself, those of a file, or those pinned of a name at GitHub.

    Raises KeySourceError.
    """
    if entry.startswith(GITHUB):
        name = entry.removeprefix(GITHUB)
        if not pinned.get(name):
            raise KeySourceError(f"the keys of {name} at GitHub are not pinned. Run the playbook galilean.hub.pin_keys")
        return list(pinned[name])
    if entry.startswith(("/", "~/")):
        return _lines(Path(entry).expanduser())
    return [entry]


def with_public_keys(account: Mapping[str, Any], pinned: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """An account of the inventory with the keys that its entries mean, each once. Raises KeySourceError."""
    found = [line for entry in account.get("keys") or () for line in keys_of(entry, pinned)]
    return {**account, "keys": list(dict.fromkeys(found))}


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeySourceError(f"{path} cannot be read. Put the public keys there, one a line") from error
    if any("PRIVATE KEY" in line for line in lines):
        raise KeySourceError(f"{path} has a private key in it. Name the file with .pub at its end")
    found = [line for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise KeySourceError(f"{path} has no key in it. Put the public keys there, one a line")
    return found
