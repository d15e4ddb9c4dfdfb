# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that systemd gives to the units of paths (systemd.unit(5), string escaping for inclusion in unit names)."""

from __future__ import annotations

import re

KEPT = re.compile(r"[A-Za-z0-9:_.]")


def escaped(path: str) -> str:
    """A path as part of the name of a unit: /srv/galilean/homes is srv-galilean-homes."""
    parts = [part for part in path.split("/") if part]
    plain = "/".join(parts)
    if not plain:
        return "-"
    return "".join(_escaped(character, first=not place) for place, character in enumerate(plain))


def _escaped(character: str, first: bool) -> str:
    if character == "/":
        return "-"
    if KEPT.fullmatch(character) and not (first and character == "."):
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode())
