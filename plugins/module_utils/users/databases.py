# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in which a host has its accounts: passwd(5), shadow(5), group(5) and gshadow(5), as text and as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

# Of shadow(5) and gshadow(5): nobody can log in by a password.
NO_PASSWORD = "*"
LOCK = "!"
# The day after the first one of shadow(5): it is over on every clock that is set.
LONG_AGO = "1"

Rows = dict[str, list[str]]
# By group, in their order.
Members = dict[str, dict[str, None]]


@dataclass(frozen=True)
class Databases:
    """The texts of the four files."""

    passwd: str
    shadow: str
    group: str
    gshadow: str


@dataclass(frozen=True)
class Login:
    """What a host says of one account. `expires` counts days since 1970, empty for never."""

    uid: int
    gid: int
    full_name: str
    home: str
    password: str
    expires: str
    groups: tuple[str, ...]


@dataclass
class Editor:
    """The rows of the four files, to be changed in place; whatever is no row of its own stays as it is."""

    passwd: Rows
    shadow: Rows
    group: Rows
    gshadow: Rows
    taken: set[int] = field(default_factory=set)
    gids: set[int] = field(init=False)
    members: tuple[Members, Members] = field(init=False)
    groups: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.members = (_members(self.group), _members(self.gshadow))
        for group, members in self.members[0].items():
            for name in members:
                self.groups[name].add(group)
        self.gids = {int(row[2]) for row in self.group.values() if _has_id(row)}
        self.taken |= {int(row[2]) for row in self.passwd.values() if _has_id(row)} | self.gids

    @classmethod
    def of(cls, files: Databases) -> Editor:
        return cls(rows(files.passwd), rows(files.shadow), rows(files.group), rows(files.gshadow))

    @property
    def databases(self) -> Databases:
        for table, members in zip((self.group, self.gshadow), self.members, strict=True):
            for group, names in members.items():
                table[group][3] = ",".join(names)
        return Databases(text(self.passwd), text(self.shadow), text(self.group), text(self.gshadow))

    def login(self, name: str) -> Login | None:
        """The account of this name, with the groups it is in beside its own."""
        return self.present(name) if name in self.passwd else None

    def present(self, name: str) -> Login:
        """The same of an account that is there. Raises KeyError where it is not."""
        row = self.passwd[name]
        shadow = self.shadow.get(name, [name, NO_PASSWORD, *[""] * 7])
        groups = tuple(sorted(self.groups.get(name, ())))
        return Login(int(row[2]), int(row[3]), row[4].split(",")[0], row[5], shadow[1], shadow[7], groups)

    def free(self, candidates: Iterator[int]) -> int | None:
        """The next number that no account and no group has, and its own from now on."""
        found = next((number for number in candidates if number not in self.taken), None)
        if found is not None:
            self.taken.add(found)
        return found

    def add(self, name: str, uid: int, full_name: str, home: str, shell: str, today: int) -> None:
        """An account without a password, and its own group. What a run that died has written of it is completed."""
        gid = self.add_group(name, uid)
        self.shadow[name] = [name, NO_PASSWORD, str(today), "0", "99999", "7", "", "", ""]
        self.passwd[name] = [name, "x", str(uid), str(gid), full_name, home, shell]

    def add_group(self, name: str, gid: int) -> int:
        """The number of a group, which is made where it is missing."""
        for table, members, password in zip((self.group, self.gshadow), self.members, ("x", LOCK), strict=True):
            if name not in table:
                table[name] = [name, password, str(gid) if table is self.group else "", ""]
                members[name] = {}
                self.gids.add(gid)
        return int(self.group[name][2])

    def put_into(self, name: str, groups: tuple[str, ...]) -> None:
        """Make an account a member of these groups and of no others."""
        for members in self.members:
            for group in self.groups[name] - {*groups}:
                members.get(group, {}).pop(name, None)
            for group in groups:
                members.get(group, {})[name] = None
        self.groups[name] = {*groups}

    def rename(self, name: str, full_name: str) -> None:
        gecos = self.passwd[name][4].split(",")
        self.passwd[name][4] = ",".join([full_name, *gecos[1:]])

    def set_password(self, name: str, password: str, today: int) -> None:
        self.shadow[name][1:3] = [password, str(today)]

    def set_expiry(self, name: str, expires: str) -> None:
        self.shadow[name][7] = expires


def rows(content: str) -> Rows:
    """Rows by their first field. Comments and what else is no row have a name that no account can have."""
    found: Rows = {}
    for number, line in enumerate(content.removesuffix("\n").split("\n") if content else []):
        row = line.split(":")
        found[row[0] if len(row) > 2 and row[0] not in found else f"\n{number}"] = row
    return found


def text(table: Rows) -> str:
    return "".join(":".join(row) + "\n" for row in table.values())


def _members(table: Rows) -> Members:
    return {group: dict.fromkeys(filter(None, row[3].split(","))) for group, row in table.items() if len(row) > 3}


def _has_id(row: list[str]) -> bool:
    return len(row) > 3 and row[2].isdigit()
