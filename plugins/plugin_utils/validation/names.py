# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of variables that nobody reads, and what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding, shown_name

PREFIX_LIKENESS = 0.7
NAME_LIKENESS = 0.85
FOREIGN_PREFIX = "ansible_"


def unknown(host: str, names: Iterable[str], known: Collection[str], roles: Collection[str]) -> list[Finding]:
    """Findings about names that begin with a role's name, or nearly so, and are no input of any role."""
    findings = []
    for name in names:
        if name in known or name.startswith(FOREIGN_PREFIX):
            continue
        nearest = nearest_name(name, known)
        if _begins_like_ours(name, roles) or (nearest and _is_misspelt(name, nearest, roles)):
            advice = f"Did you mean {nearest}?" if nearest else "Remove it."
            findings.append(Finding(host, shown_name(name), "no role reads a variable of this name", advice))
    return findings


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, if any is."""
    return next(iter(get_close_matches(_plain(name), list(known), n=1)), None)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _begins_like_ours(name: str, roles: Collection[str]) -> bool:
    return _plain(name).startswith(tuple(f"{role}_" for role in roles))


def _is_misspelt(name: str, nearest: str, roles: Collection[str]) -> bool:
    """Whether all of it is close to a name of ours, and its beginning to that of a role."""
    plain = _plain(name)
    beginnings = (_likeness(plain[: len(role)], role) for role in roles)
    return _likeness(plain, nearest) >= NAME_LIKENESS and any(likeness >= PREFIX_LIKENESS for likeness in beginnings)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
