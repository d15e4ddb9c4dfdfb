# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The people who run the cluster as the inventory names them, and what of that cannot be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PublicKey, PublicKeyError, parse

# Which login(1), systemd and sudoers all take: useradd(8).
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# Debian's base-passwd and what Debian, Ubuntu and their services call their accounts and groups.
OF_THE_SYSTEM = """
    adm admin audio avahi backup bin bind bluetooth cdrom ceph chrony clamav clock colord crontab daemon dhcpcd
    dialout dip disk dnsmasq docker dovecot dovenull fax floppy fwupd-refresh games geoclue gnats grafana haproxy
    hplip input irc kernoops kmem kvm landscape libuuid libvirt libvirt-qemu list lp lpadmin lxd mail man memcache
    messagebus munge mysql named netdev netplan news nginx nobody nogroup ntp ntpsec openldap operator plugdev
    polkitd pollinate postfix postgres prometheus proxy rabbitmq rdma redis render root rtkit sambashare saned sasl
    scanner sgx shadow slurm snap_daemon src ssh sshd sssd staff statd stunnel4 sudo sync sys syslog systemd tape
    tcpdump tomcat tss tty unbound usbmux users utmp uucp uuidd video voice wheel whoopsie
    """
OF_SERVICES = re.compile(r"(?:_|systemd-|galilean|docker-|www-)")
# Whoever is in one of these is root, whatever `sudo` says.
ROOTS_GROUPS = frozenset({"admin", "disk", "incus-admin", "kmem", "lxd", "root", "shadow", "sudo", "wheel"})
LEAST_UID, MOST_UID = 1000, 59_999
SUDO = ("none", "password", "without_password", "commands")
FULL_SUDO = ("password", "without_password")
# No wildcard: * and ? of sudoers match spaces and slashes too, and so other commands than the one that was meant.
COMMAND = re.compile(r"(?:/[\w.@+-]+)+(?: [\w./@+=:,-]+)*", re.ASCII)
FULL_NAME = re.compile(r"[^:,\\\x00-\x1f\x7f-\x9f\u2028\u2029]*")
# crypt(5): yescrypt, and SHA-512 and SHA-256 as older hosts have them.
PASSWORD_HASH = re.compile(r"\$(?:y|gy|6|5)\$[./A-Za-z0-9$=,]{20,250}")
ANOTHER_NAME = "Use 1 to 32 of a-z, 0-9, _ and -, with a letter first."
OWN = "Give each person one of their own."


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place, such as `galileo.keys[0]`, and what to do about it."""

    place: str
    problem: str
    advice: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.advice}"


@dataclass(frozen=True)
class Account:
    """A person, with keys as lines of authorized_keys. Who is `absent` keeps nothing but files."""

    name: str
    full_name: str = ""
    uid: int | None = None
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sudo: str = "none"
    sudo_commands: tuple[str, ...] = ()
    password_hash: str | None = None
    expires: str | None = None
    state: str = "present"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Account:
        """From an element of the role's input, in which optional keys are missing or None."""
        known: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
        }
        return cls(**{key: value for key, value in known.items() if value is not None})

    def works(self, today: date) -> bool:
        """Whether the person may log in: on the day of expiry no more, as shadow(5) has it."""
        return self.state == "present" and (self.expires is None or date.fromisoformat(self.expires) > today)

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """Raises PublicKeyError."""
        return tuple(map(parse, self.keys))


def faults(accounts: Sequence[Account], today: date) -> Iterator[Fault]:
    """What makes the list unusable, whatever the hosts have."""
    for account in accounts:
        yield from _faults_of_name(account)
        yield from _faults_of_access(account)
        yield from _faults_of_sudo(account)
    people = [account for account in accounts if account.state == "present"]
    yield from _doubles(accounts, people)
    if accounts and not any(_may_all(account, today) for account in people):
        yield Fault(
            "sudo",
            "nobody is left with sudo: no account that works today has a key to get in by, and sudo for all commands",
            "Write sudo: without_password at one of them.",
        )


def _faults_of_name(account: Account) -> Iterator[Fault]:
    name = account.name
    if not NAME.fullmatch(name):
        yield Fault(name, "it is no name of an account", ANOTHER_NAME)
    elif name in OF_THE_SYSTEM.split() or OF_SERVICES.match(name):
        yield Fault(name, "the name belongs to the system", "Give the person another one.")
    if not FULL_NAME.fullmatch(account.full_name):
        yield Fault(f"{name}.full_name", "it has a colon, a comma or a backslash", "Write it without.")
    if account.uid is not None and not LEAST_UID <= account.uid <= MOST_UID:
        yield Fault(f"{name}.uid", "it is none of a person", f"Write one from {LEAST_UID} to {MOST_UID}.")


def _faults_of_access(account: Account) -> Iterator[Fault]:
    name = account.name
    for index, line in enumerate(account.keys):
        try:
            parse(line)
        except PublicKeyError as error:
            advice = "Write the one line that ssh-keygen puts into the file with .pub at its end."
            yield Fault(f"{name}.keys[{index}]", str(error), advice)
    for group in account.groups:
        if not NAME.fullmatch(group):
            yield Fault(f"{name}.groups", "a group cannot have the name that is there", ANOTHER_NAME)
        elif group in ROOTS_GROUPS:
            yield Fault(f"{name}.groups", f"whoever is in {group} has the rights of root", "Say so by sudo instead.")
    if account.expires is not None and not is_date(account.expires):
        yield Fault(f"{name}.expires", "it is no date", 'Write one such as "2027-03-31".')
    if account.password_hash is not None and not PASSWORD_HASH.fullmatch(account.password_hash):
        advice = "Write what `mkpasswd --method=yescrypt` prints."
        yield Fault(f"{name}.password_hash", "it is no hash of a password that is strong enough", advice)


def _faults_of_sudo(account: Account) -> Iterator[Fault]:
    name = account.name
    if account.sudo == "password" and account.password_hash is None:
        advice = "Write password_hash, or sudo: without_password."
        yield Fault(f"{name}.sudo", "it asks for a password, and the person has none", advice)
    if (account.sudo == "commands") != bool(account.sudo_commands):
        advice = "Write both sudo: commands and sudo_commands, or none of them."
        yield Fault(f"{name}.sudo_commands", "commands are named without sudo for commands, or the reverse", advice)
    for command in account.sudo_commands:
        if not COMMAND.fullmatch(command):
            advice = "Write an absolute path and its arguments, without wildcards and quotation marks."
            yield Fault(f"{name}.sudo_commands", "a command cannot be named so", advice)


def _doubles(accounts: Sequence[Account], people: Sequence[Account]) -> Iterator[Fault]:
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account in accounts:
        owners["name", account.name].append(account.name)
        if account.uid is not None:
            owners["uid", str(account.uid)].append(account.name)
    for account in people:
        for fingerprint in sorted(_fingerprints(account)):
            owners["key", fingerprint].append(account.name)
    for (what, value), names in owners.items():
        if len(names) > 1:
            yield Fault(names[0], f"{len(names)} people have the {what} {value}: {', '.join(names[:5])}", OWN)


def _fingerprints(account: Account) -> set[str]:
    return {key.fingerprint for key in _sound_keys(account)}


def _sound_keys(account: Account) -> tuple[PublicKey, ...]:
    try:
        return account.public_keys
    except PublicKeyError:
        return ()


def _may_all(account: Account, today: date) -> bool:
    is_usable = account.expires is None or is_date(account.expires)
    gets_in = any(key.lets_in(today) for key in _sound_keys(account))
    return account.sudo in FULL_SUDO and gets_in and is_usable and account.works(today)


def is_date(text: str) -> bool:
    """Whether it is one as YYYY-MM-DD."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text))
