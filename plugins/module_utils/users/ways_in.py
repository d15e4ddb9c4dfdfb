# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom sshd lets in by other keys than those of the list, and whether it lets in those who are to have sudo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import User

KEYS_FILE = ".ssh/authorized_keys"
OURS = frozenset({KEYS_FILE, "none", ".ssh/authorized_keys2", "%h/.ssh/authorized_keys", "%h/.ssh/authorized_keys2"})
# By these sshd takes keys from elsewhere, or whom another key has signed for.
OTHER_WAYS = ("authorizedkeyscommand", "trustedusercakeys")


def obstacles(settings: str, people: Collection[User]) -> Iterator[str]:
    """What of the settings, as `sshd -T` prints them, is in the way of exactly the keys of the list.

    `people` are those who are to get in and to have sudo for all commands.
    """
    told: dict[str, list[str]] = defaultdict(list)
    for line in settings.splitlines():
        keyword, *words = line.split()
        told[keyword] += words
    files = told.get("authorizedkeysfile", [KEYS_FILE])
    if not {KEYS_FILE, f"%h/{KEYS_FILE}"}.intersection(files):
        yield f"sshd does not look for keys in ~/{KEYS_FILE}. Add it to AuthorizedKeysFile in its configuration"
    for path in sorted({*files} - OURS):
        yield f"sshd takes keys of {path} too, where one that left would stay. Take it out of AuthorizedKeysFile"
    for keyword in OTHER_WAYS:
        if (value := " ".join(told[keyword])) not in {"", "none"}:
            yield f"sshd takes more than the keys of the list, by {keyword} {value}. Take that out of its configuration"
    if told["pubkeyauthentication"] == ["no"]:
        yield "sshd lets nobody in by a key. Take PubkeyAuthentication out of its configuration"
    if people and not any(_is_let_in(user, told) for user in people):
        names = ", ".join(sorted(user.name for user in people)[:5])
        yield f"sshd lets in none of those with sudo, {names}. Look at AllowUsers, AllowGroups and their like"


def _is_let_in(user: User, told: Mapping[str, Sequence[str]]) -> bool:
    """As sshd_config(5) has it. A pattern of a host counts for the worse, since nobody knows from where people come."""
    denied = [pattern.partition("@")[0] for pattern in told["denyusers"]]
    allowed = [pattern for pattern in told["allowusers"] if "@" not in pattern]
    return not (
        _is_any({user.name}, denied)
        or _is_any(user.groups, told["denygroups"])
        or (told["allowusers"] and not _is_any({user.name}, allowed))
        or (told["allowgroups"] and not _is_any(user.groups, told["allowgroups"]))
    )


def _is_any(names: Collection[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
