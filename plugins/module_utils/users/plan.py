# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done on a host so that exactly the people of the inventory get in, and what is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import (
    FULL_SUDO,
    LEAST_UID,
    MOST_UID,
    Account,
    faults,
)
from ansible_collections.galilean.hub.plugins.module_utils.users.databases import (
    LOCK,
    LONG_AGO,
    NO_PASSWORD,
    Databases,
    Editor,
    Login,
)
from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PublicKey, fingerprints
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import OURS, User, sudo_rule, without_rules

ARCHIVE_OWNER = "galilean-archive"
SYSTEM_IDS = range(999, 99, -1)
PEOPLES_IDS = range(LEAST_UID, MOST_UID + 1)
HOMES = "/home"
SHELL = "/bin/bash"
KEYS_FILE = "authorized_keys"
MANAGED = "# Written by galilean.hub.users. Change the inventory: what is written here is lost at the next run.\n"
EPOCH = date(1970, 1, 1)


class UsersError(Exception):
    """What the inventory wants cannot be done on this host, and nothing was changed. A line for each reason."""


@dataclass(frozen=True)
class Known:
    """An account that is ours: its uid, the fingerprints of all keys by which somebody may still be logged in, and the
    rights that processes of the account may still have, as rights_of gives them."""

    uid: int
    keys: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """What a host has.

    `keys` holds the files of keys by account and file name; `sudoers` all files that sudo reads by path; `belongings`
    paths by which something runs while nobody is there, by account; `services` by unit the name or uid as which it
    runs; `running` the uids that have processes, without those by which this run comes; `owners` uids of homes by path,
    of which the missing ones are left out; `comes_as` the accounts through which this run came; `comes_by` the
    fingerprints of the keys, none when it came otherwise than over SSH, None when that is not known; `foreign` names
    that the host knows from elsewhere than its own files.
    """

    databases: Databases
    record: Mapping[str, Known] = field(default_factory=dict)
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sudoers: Mapping[str, str] = field(default_factory=dict)
    belongings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    running: Collection[int] = ()
    owners: Mapping[str, int] = field(default_factory=dict)
    comes_as: Collection[str] = ()
    comes_by: Collection[str] | None = ()
    foreign: Collection[str] = ()


@dataclass(frozen=True)
class HandOver:
    """Files below a home that one uid has and another one gets."""

    home: str
    giver: int
    taker: int


@dataclass
class Plan:
    """What has to be done, in the order of the fields. The record is `before` meanwhile, and `after` in the end.

    `left` has the names of those who left by uid; `sudo` says of all people what they are to have by sudo, None of
    those who are to have no rule.
    """

    before: dict[str, Known]
    databases: Databases
    homes: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=dict)
    sudoers: dict[str, str] = field(default_factory=dict)
    taken: dict[str, Sequence[str]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    handed_over: list[HandOver] = field(default_factory=list)
    after: dict[str, Known] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    sudo: dict[str, tuple[User, str | None]] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def make_plan(
    accounts: Sequence[Account], found: Found, today: date, adopted: Collection[str] = (), groups: Sequence[str] = ()
) -> Plan:
    """Compare people and host. `adopted` are accounts that others have made and that are ours from now on, `groups`
    those that are made where the host lacks them.

    Raises UsersError where the list is wrong, or where the host has what is in its way.
    """
    refuse(str(fault) for fault in faults(accounts, today))
    return _Planner(found, today, adopted).plan(accounts, groups)


def refuse(reasons: Iterator[str]) -> None:
    if lines := list(reasons):
        raise UsersError("\n".join(lines))


class _Planner:
    def __init__(self, found: Found, today: date, adopted: Collection[str]) -> None:
        self.found, self.today, self.adopted = found, today, adopted
        self.editor = Editor.of(found.databases)
        self.groups_found = {name: frozenset(groups) for name, groups in self.editor.groups.items()}
        self.day = (today - EPOCH).days
        self.ids_of_people, self.ids_of_system = iter(PEOPLES_IDS), iter(SYSTEM_IDS)

    def plan(self, accounts: Sequence[Account], groups: Sequence[str]) -> Plan:
        present = {account.name: account for account in accounts if account.state == "present"}
        absent = {account.name for account in accounts if account.state == "absent"}
        left = {name for name in {*self.found.record, *absent} - present.keys() if self.editor.login(name)}
        refuse(self._obstacles(present, left, absent, groups))
        left = {name for name in left if self._is_ours(name)}
        self.editor.taken |= {account.uid for account in present.values() if account.uid is not None}
        self.editor.taken |= {known.uid for known in self.found.record.values()}
        plan = Plan(before={}, databases=self.found.databases)
        for group in groups:
            if group not in self.editor.group:
                self.editor.add_group(group, self._free(self.ids_of_system, group))
                plan.changes[group].append("group made")
        for account in present.values():
            self._take_up(account, plan)
        for name in sorted(left):
            self._see_off(name, plan)
        self._rule(present, left, plan)
        plan.before = {
            name: Known(known.uid, known.keys | self._keys_in_force(name), known.rights | self._rights_in_force(name))
            for name, known in plan.after.items()
        }
        plan.databases = self.editor.databases
        return plan

    def _is_ours(self, name: str) -> bool:
        login = self.editor.login(name)
        known = self.found.record.get(name)
        return name in self.adopted or (known is not None and (login is None or login.uid == known.uid))

    def _keys_in_force(self, name: str) -> frozenset[str]:
        """Those by which somebody may be logged in: the host's, and those of which a run that died ended no session."""
        known = self.found.record.get(name)
        recorded = known.keys if known and self._is_ours(name) else frozenset()
        return recorded.union(*map(fingerprints, self.found.keys.get(name, {}).values()))

    def _rights_in_force(self, name: str) -> frozenset[str]:
        """Those that processes may have: of the host's groups, and of which a run that died ended no process."""
        known = self.found.record.get(name)
        recorded = known.rights if known and self._is_ours(name) else frozenset()
        return recorded.union(self.groups_found.get(name, ()))

    def _free(self, candidates: Iterator[int], name: str) -> int:
        number = self.editor.free(candidates)
        if number is None:
            raise UsersError(f"{name}: this host has no number left for it")
        return number

    # What stands in the way

    def _obstacles(
        self, present: Mapping[str, Account], left: Collection[str], absent: set[str], groups: Collection[str]
    ) -> Iterator[str]:
        uids = {row[2]: name for name, row in self.editor.passwd.items() if len(row) > 2}
        for account in present.values():
            yield from self._obstacles_to(account, uids, groups)
        for name in sorted(absent & set(left)):
            if not self._is_ours(name):
                yield f"{name}: this account was not made here, so it is not removed. {self._adopt(name)}"
        for name in sorted(filter(self._is_ours, left)):
            known_as = {name, str(self.editor.present(name).uid)}
            for unit in sorted(unit for unit, user in self.found.services.items() if user in known_as):
                yield f"{name}: {unit} runs as {name}, who leaves. Give it another user, or remove it from this host"
        for name in sorted(set(self.found.comes_as)):
            if name in left and self._is_ours(name):
                yield f"{name}: this run comes as {name}, who would be locked out. Come as somebody who stays"
            elif name in present:
                yield from self._obstacles_to_oneself(present[name])

    def _obstacles_to(self, account: Account, uids: Mapping[str, str], groups: Collection[str]) -> Iterator[str]:
        name, login = account.name, self.editor.login(account.name)
        if login is None:
            yield from self._obstacles_to_making(account, uids)
        elif not self._is_ours(name):
            yield f"{name}: this account was not made here. {self._adopt(name)} or name the person otherwise"
        elif login.uid < LEAST_UID:
            yield f"{name}: it is an account of the system on this host. Name the person otherwise"
        elif account.uid not in {None, login.uid}:
            yield f"{name}: the uid is {login.uid} on this host, and files have it. Write uid: {login.uid}, or none"
        for group in account.groups:
            if group not in self.editor.group and group not in groups:
                yield f"{name}: this host has no group {group}. Add it to users_groups to have it made"

    def _obstacles_to_making(self, account: Account, uids: Mapping[str, str]) -> Iterator[str]:
        name, known = account.name, self.found.record.get(account.name)
        home = f"{HOMES}/{name}"
        uid = account.uid or (known and known.uid)
        if name in self.found.foreign:
            yield f"{name}: the host knows this account from elsewhere than /etc/passwd. Name the person otherwise"
        if name in self.editor.group and known is None:
            yield f"{name}: the host has a group of this name. Name the person otherwise, or remove the group"
        if other := uids.get(str(uid)):
            yield f"{name}: {other} has the uid {uid} on this host. Write another uid"
        if self.found.owners.get(home, uid) != uid:
            yield f"{name}: {home} is there and belongs to the uid {self.found.owners[home]}. Move it away"

    def _obstacles_to_oneself(self, account: Account) -> Iterator[str]:
        """Of somebody through whom this run came, and who is to come again."""
        name = account.name
        if not self._is_ours(name):
            return
        advice = "Come as somebody else, or leave it for this run"
        if not account.works(self.today):
            yield f"{name}: this run comes as {name}, who would have expired. {advice}"
        if account.sudo not in FULL_SUDO:
            yield f"{name}: this run comes as {name}, who would lose sudo. {advice}"
        in_force = frozenset().union(*map(fingerprints, self.found.keys.get(name, {}).values()))
        kept = (key for key in account.public_keys if key.lets_in(self.today) and not self._is_narrowed(name, key))
        lost = in_force.difference(key.fingerprint for key in kept)
        if in_force and lost == in_force:
            yield f"{name}: this run comes as {name}, and none of the keys would stay as it is. Keep one for this run"
        elif self.found.comes_by is None and lost:
            yield (
                f"{name}: this run comes as {name}, sshd does not say by which key, and it may be one that would go. "
                "Come by a new connection once sshd has ExposeAuthInfo, or as somebody else"
            )
        elif lost.intersection(self.found.comes_by or ()):
            yield (
                f"{name}: this run comes by a key of {name} that would go, or hold from other addresses than now. "
                "Come by another one, or as somebody else"
            )

    def _is_narrowed(self, name: str, key: PublicKey) -> bool:
        """Whether sshd would take it from other addresses than now, which may leave out the one that this run has."""
        source = key.values.get("from")
        lines = [line for text in self.found.keys.get(name, {}).values() for line in text.splitlines()]
        return source is not None and not any(key.encoded in line and f'from="{source}"' in line for line in lines)

    @staticmethod
    def _adopt(name: str) -> str:
        return f"Add {name} to users_adopted_accounts to have it kept as the inventory says,"

    # People who are there

    def _take_up(self, account: Account, plan: Plan) -> None:
        name = account.name
        changes = plan.changes[name]
        login = self.editor.login(name)
        if login is None:
            login = self._make(account)
            changes.append(f"account made, uid {login.uid}")
        if login.full_name != account.full_name:
            self.editor.rename(name, account.full_name)
            changes.append(f"full name: {login.full_name} -> {account.full_name}")
        if login.groups != (groups := tuple(sorted(set(account.groups)))):
            self.editor.put_into(name, groups)
            changes.append(f"groups: {' '.join(login.groups) or 'none'} -> {' '.join(groups) or 'none'}")
        self._let_in(account, login, changes)
        keys = account.keys if account.works(self.today) else ()
        fingerprints_wanted = frozenset(key.fingerprint for key in account.public_keys) if keys else frozenset()
        self._keep_keys(name, keys, fingerprints_wanted, plan)
        if login.home not in self.found.owners:
            plan.homes[login.home] = (login.uid, login.gid)
            changes.append(f"home made: {login.home}")
        rights = rights_of(account) if account.works(self.today) else frozenset()
        gone = self._keys_in_force(name) - fingerprints_wanted | without(self._rights_in_force(name), rights)
        if gone or not account.works(self.today):
            self._end(name, login, plan)
        if archive := self.editor.login(ARCHIVE_OWNER):
            self._hand_over(login, archive.uid, login.uid, changes, plan)
        plan.after[name] = Known(login.uid, fingerprints_wanted, rights)

    def _make(self, account: Account) -> Login:
        name, known = account.name, self.found.record.get(account.name)
        uid = account.uid or (known and known.uid) or self._free(self.ids_of_people, name)
        has_gid = uid in self.editor.gids and name not in self.editor.group
        self.editor.add_group(name, self._free(self.ids_of_people, name) if has_gid else uid)
        self.editor.add(name, uid, account.full_name, f"{HOMES}/{name}", SHELL, self.day)
        return self.editor.present(name)

    def _let_in(self, account: Account, login: Login, changes: list[str]) -> None:
        """Password and expiry, also of somebody who comes back."""
        comes_back = login.expires == LONG_AGO
        password = account.password_hash or login.password
        if account.password_hash is None and comes_back:
            password = login.password.lstrip(LOCK) or NO_PASSWORD
        if password != login.password:
            self.editor.set_password(account.name, password, self.day)
            changes.append("password changed" if account.password_hash else "unlocked")
        days = "" if account.expires is None else str((date.fromisoformat(account.expires) - EPOCH).days)
        if days != login.expires:
            self.editor.set_expiry(account.name, days)
            changes.append(f"expires: {account.expires or 'never'}")

    # People who left

    def _see_off(self, name: str, plan: Plan) -> None:
        login = self.editor.present(name)
        changes = plan.changes[name]
        if login.groups:
            self.editor.put_into(name, ())
            changes.append(f"groups: {' '.join(login.groups)} -> none")
        if not login.password.startswith(LOCK):
            self.editor.set_password(name, LOCK + login.password, self.day)
            changes.append("locked")
        if login.expires != LONG_AGO:
            self.editor.set_expiry(name, LONG_AGO)
            changes.append("expired")
        self._keep_keys(name, (), frozenset(), plan)
        if belongings := self.found.belongings.get(name):
            plan.taken[name] = belongings
            changes += [f"taken away: {path}" for path in belongings]
        self._end(name, login, plan)
        plan.left[login.uid] = name
        if self.found.owners.get(login.home) == login.uid:
            self._hand_over(login, login.uid, self._archive(), changes, plan)
        plan.after[name] = Known(login.uid)

    # Both

    def _keep_keys(self, name: str, keys: Sequence[str], wanted: frozenset[str], plan: Plan) -> None:
        content = MANAGED + "".join(f"{line.strip()}\n" for line in keys) if keys else None
        files = self.found.keys.get(name, {})
        if files != ({KEYS_FILE: content} if content else {}):
            plan.keys[name] = content
            before = frozenset().union(*map(fingerprints, files.values()))
            told = [f"key removed: {key}" for key in sorted(before - wanted)]
            told += [f"key added: {key}" for key in sorted(wanted - before)]
            plan.changes[name] += told or ["keys written anew"]

    def _end(self, name: str, login: Login, plan: Plan) -> None:
        """Also what has begun since the host was looked at."""
        plan.ended[name] = login.uid
        if login.uid in self.found.running:
            plan.changes[name].append("all that runs as it ended")

    def _archive(self) -> int:
        """The uid of those files whose owners left."""
        if (login := self.editor.login(ARCHIVE_OWNER)) is None:
            uid = self._free(self.ids_of_system, ARCHIVE_OWNER)
            self.editor.add(
                ARCHIVE_OWNER, uid, "Files of those who left", "/nonexistent", "/usr/sbin/nologin", self.day
            )
            self.editor.set_password(ARCHIVE_OWNER, LOCK + NO_PASSWORD, self.day)
            return uid
        return login.uid

    def _hand_over(self, login: Login, giver: int, taker: int, changes: list[str], plan: Plan) -> None:
        """The home itself is the last of its files that changes its owner, so by its owner it is known what is left."""
        if self.found.owners.get(login.home) == giver != taker:
            plan.handed_over.append(HandOver(login.home, giver, taker))
            changes.append(f"files handed over: {login.home}")

    def _rule(self, present: Mapping[str, Account], left: Collection[str], plan: Plan) -> None:
        """Sudo by one file of ours, and by no rule that names one of these people elsewhere."""
        working = {name: each for name, each in present.items() if each.works(self.today)}
        wanted = {name: rule for name, each in working.items() if (rule := sudo_rule(each))}
        before = {line.split(" ", 1)[0]: line for line in self.found.sudoers.get(OURS, "").splitlines()}
        users = self._users_of_sudo({*present, *left})
        for name, user in sorted(users.items()):
            if before.get(name) != wanted.get(name):
                plan.changes[name].append(f"sudo: {before.get(name, 'none')} -> {wanted.get(name, 'none')}")
            plan.sudo[name] = (user, working[name].sudo if name in working else None)
        content = MANAGED + "".join(f"{rule}\n" for rule in wanted.values())
        if content != self.found.sudoers.get(OURS):
            plan.sudoers[OURS] = content
        people = {term: name for name, user in users.items() for term in self._terms(user)}
        for path, text in self.found.sudoers.items():
            kept, dropped = without_rules(text, people)
            if path != OURS and dropped:
                plan.sudoers[path] = kept
                for name in dropped:
                    plan.changes[name].append(f"rule of sudo taken out of {path}")

    def _users_of_sudo(self, names: Collection[str]) -> dict[str, User]:
        gids = {group: int(row[2]) for group, row in self.editor.group.items() if len(row) > 2 and row[2].isdigit()}
        by_gid: dict[int, set[str]] = defaultdict(set)
        for group, gid in gids.items():
            by_gid[gid].add(group)
        users = {}
        for name in names:
            login = self.editor.present(name)
            own = {login.gid, *(gids[group] for group in login.groups)}
            users[name] = User(name, login.uid, frozenset().union(*(by_gid[gid] for gid in own)), frozenset(own))
        return users

    def _terms(self, user: User) -> Iterator[str]:
        """What stands for somebody in sudoers(5): name, uid, and own group."""
        yield from (user.name, f"#{user.uid}", f"%{user.name}")
        if user.name in self.editor.group:
            yield f"%#{self.editor.group[user.name][2]}"


def rights_of(account: Account) -> frozenset[str]:
    """Groups by name, commands of sudo behind `sudo`, and keys behind `key`, each in front of its options."""
    commands = ["ALL"] if account.sudo in FULL_SUDO else account.sudo_commands
    keys = (f"key {key.fingerprint} {key.options}".strip() for key in account.public_keys)
    return frozenset({*account.groups, *(f"sudo {command}" for command in commands), *keys})


def without(rights: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Rights that go when there are these others."""
    return frozenset(right for right in rights if others.isdisjoint({right, _all_of(right)}))


def _all_of(right: str) -> str:
    """The right that includes another one: all commands each of them, a key without options the same one with some."""
    kind, _space, rest = right.partition(" ")
    return {"sudo": "sudo ALL", "key": f"key {rest.partition(' ')[0]}"}.get(kind, right)
