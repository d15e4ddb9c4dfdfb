# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of sudo: those that are ours, those of others without the people of ours, and what all of them give."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import FULL_SUDO, Account

MAIN = "/etc/sudoers"
OURS = "/etc/sudoers.d/galilean-users"
# What sudoers(5) has a meaning for in a command.
SPECIAL = re.compile(r"([,:=\\])")
# A backslash at the end of a line leads on to the next one.
RULE = re.compile(r"(?:[^\\\n]|\\.?)*\n?", re.DOTALL)
# Users of a rule, or of an alias up to its last one, where a comma leads on to the next one.
COMMA = r"(?:\s|\\\n)*,(?:\s|\\\n)*"
LIST = rf"((?:[^\s,=]+{COMMA})*[^\s,=]+)(?=\s|$)"
USERS = re.compile(rf"(\s*){LIST}")
ALIASES = re.compile(r"\s*User_Alias\s")
ALIAS = re.compile(rf"(\b[A-Z][A-Z0-9_]*\s*=\s*){LIST}")
# What an alias has when nobody is left in it: one that is missing makes the rules that use it wrong.
NOBODY = "galilean-nobody"
# A path with quotation marks or escapes stays where it is, for sudo's own tools to follow.
INCLUDE = re.compile(r'^[ \t]*[@#]include(dir)?[ \t]+([^\s"\\%]+)[ \t]*$', re.MULTILINE)
# By these a rule holds at times, or elsewhere than in the whole file system.
UNSURE = {"notbefore", "notafter", "runchroot"}
# Whose password sudo asks for then: sudoers(5).
PASSWORDS_OF_OTHERS = {"rootpw", "runaspw", "targetpw"}
Member = Mapping[str, Any]


@dataclass(frozen=True)
class User:
    """An account as sudo knows it, with all its groups by name and number."""

    name: str
    uid: int
    groups: frozenset[str]
    gids: frozenset[int]


def sudo_rule(account: Account) -> str | None:
    """The line of sudoers(5) for one account, None without sudo."""
    match account.sudo:
        case "password":
            return f"{account.name} ALL=(ALL:ALL) ALL"
        case "without_password":
            return f"{account.name} ALL=(ALL:ALL) NOPASSWD: ALL"
        case "commands":
            commands = ", ".join(SPECIAL.sub(r"\\\1", command) for command in account.sudo_commands)
            return f"{account.name} ALL=(root) NOPASSWD: {commands}"
    return None


def without_rules(text: str, people: Mapping[str, str]) -> tuple[str, list[str]]:
    """A file of sudo's rules without those for these people, given by what stands for them, and whose they were."""
    dropped: set[str] = set()

    def others(users: str) -> str:
        named = re.split(COMMA, users)
        theirs = [user for user in named if user.strip('"') in people]
        dropped.update(people[user.strip('"')] for user in theirs)
        return ", ".join(user for user in named if user not in theirs) if theirs else users

    kept = []
    for rule in RULE.findall(text):
        if ALIASES.match(rule):
            kept.append(ALIAS.sub(lambda alias: alias[1] + (others(alias[2]) or NOBODY), rule))
        elif users := USERS.match(rule):
            left = others(users[2])
            kept.append(users[1] + left + rule[users.end() :] if left else "")
        else:
            kept.append(rule)
    return "".join(kept), sorted(dropped)


def included(path: str, text: str) -> Iterator[tuple[str, bool]]:
    """Paths that a file of sudo's rules includes, and whether each is a directory."""
    for directive in INCLUDE.finditer(text):
        yield os.path.normpath(os.path.join(os.path.dirname(path), directive[2])), bool(directive[1])


def is_read(name: str) -> bool:
    """Whether sudo reads a file of this name in a directory that is included."""
    return "." not in name and not name.endswith("~")


def in_force(files: Mapping[str, str], path: str = MAIN) -> str:
    """All rules in the order in which sudo reads them, from the files by path."""
    others = {other: text for other, text in files.items() if other != path}

    def content(directive: re.Match[str]) -> str:
        ((target, is_directory),) = included(path, directive[0])
        found = [target] if target in others else []
        if is_directory:
            found = sorted(each for each in others if os.path.dirname(each) == target and is_read(each[len(target) :]))
        return "\n".join(in_force(others, each) for each in found) if found else directive[0]

    return INCLUDE.sub(content, files.get(path, ""))


def contradictions(
    policy: Mapping[str, Any], wanted: Mapping[str, tuple[User, str | None]], host_name: str
) -> Iterator[str]:
    """Where a policy gives people other than what is wanted, as cvtsudoers(1) tells it with all aliases expanded.

    Of each one it is known what is wanted of `sudo`, None of those who are to have no rule at all.
    """
    rules = policy.get("User_Specs", [])
    options = [option for each in policy.get("Defaults", []) for option in each["Options"]]
    others = sorted(name for name in PASSWORDS_OF_OTHERS if any(option.get(name) for option in options))
    for name, (user, sudo) in wanted.items():
        look = f"`sudo -l -U {name}` shows it"
        if sudo is None:
            if any(_names(rule, user) for rule in rules):
                yield f"{name}: a rule of sudo that is not ours would stay: {look}. Take {name} out of it on this host"
            continue
        has = _all_commands(rules, user, host_name)
        if sudo in FULL_SUDO and has is None:
            advice = f"See that /etc/sudoers includes {OURS}, and that nothing behind it takes something away"
            yield f"{name}: sudo would not give all commands. {advice}"
        elif sudo in FULL_SUDO and has != sudo:
            yield f"{name}: a rule that sudo reads behind {OURS} makes it sudo: {has}. Take it out, or write that"
        elif sudo not in FULL_SUDO and has is not None:
            yield f"{name}: a rule that is not ours gives all commands: {look}. Take it out, or write sudo: {has}"
        elif sudo == "password" and others:
            yield f"{name}: sudo asks for the password of somebody else, by {others[0]} in Defaults. Take that out"


def _names(rule: Mapping[str, Any], user: User) -> bool:
    """Whether a rule may give something to somebody, not only as to everybody."""
    gives = any(not command.get("negated") for spec in rule["Cmnd_Specs"] for command in spec["Commands"])
    members = [member for member in rule["User_List"] if member.get("username") != "ALL"]
    return gives and _takes_in(members, lambda member: _is_user(member, user)) is not False


def _all_commands(rules: Iterable[Mapping[str, Any]], user: User, host_name: str) -> str | None:
    """How somebody may do all as root, by the last rule that says so and if none behind it takes something away."""
    found = None
    for rule in rules:
        users = _takes_in(rule["User_List"], lambda member: _is_user(member, user))
        hosts = _takes_in(rule["Host_List"], lambda member: _is_host(member, host_name))
        for spec in rule["Cmnd_Specs"]:
            by_default = [] if "runasgroups" in spec else [{"username": "root"}]
            roots = _takes_in(spec.get("runasusers", by_default), _is_root)
            if False in (answers := (users, hosts, roots)):
                continue
            options = {name: value for option in spec.get("Options", []) for name, value in option.items()}
            is_sure = None not in answers and not UNSURE.intersection(options)
            for command in spec["Commands"]:
                if command.get("negated"):
                    found = None
                elif command.get("command") == "ALL" and is_sure:
                    found = "password" if options.get("authenticate", True) else "without_password"
    return found


def _takes_in(members: Sequence[Member], is_meant: Callable[[Member], bool | None]) -> bool | None:
    """What the last member says by which somebody is meant, as sudo has it, as long as no doubt is in front of it."""
    doubts: set[bool] = set()
    for member in reversed(members):
        answer = not member.get("negated", False)
        match is_meant(member):
            case True:
                return answer if doubts <= {answer} else None
            case None:
                doubts.add(answer)
    return None if True in doubts else False


def _is_user(member: Member, user: User) -> bool | None:
    match member:
        case {"username": name}:
            return name in ("ALL", user.name)
        case {"userid": uid}:
            return bool(uid == user.uid)
        case {"usergroup": name}:
            return name in user.groups
        case {"usergid": gid}:
            return gid in user.gids
    return None


def _is_host(member: Member, host_name: str) -> bool | None:
    """Names without a domain are those of hosts up to theirs. Whose address or netgroup is meant is not looked for."""
    match member:
        case {"hostname": "ALL"}:
            return True
        case {"hostname": pattern} if "." in pattern and "." not in host_name:
            return None
        case {"hostname": pattern}:
            known_as = host_name if "." in pattern else host_name.partition(".")[0]
            return fnmatchcase(known_as.lower(), pattern.lower())
    return None


def _is_root(member: Member) -> bool | None:
    match member:
        case {"username": name}:
            return name in ("ALL", "root")
        case {"userid": uid}:
            return bool(uid == 0)
    return None
