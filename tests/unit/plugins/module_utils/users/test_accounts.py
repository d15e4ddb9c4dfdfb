"""Lists of people that are refused whatever the hosts have."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import Account, faults

TODAY = date(2026, 11, 29)


def key(owner: str) -> str:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + owner.encode().ljust(32, b".")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {owner}"


GALILEO = {"name": "galileo", "keys": [key("galileo")], "sudo": "without_password"}
HASH = "$y$j9T$" + "a" * 22 + "$" + "b" * 43


def told(*accounts: dict[str, Any]) -> list[str]:
    return [str(fault) for fault in faults([Account.of(each) for each in accounts], TODAY)]


@pytest.mark.parametrize(
    "kepler",
    [
        {},
        {"full_name": "Johannes Kepler, born Kepplerus".replace(",", ""), "uid": 2000, "groups": ["adm", "docker"]},
        {"keys": [key("kepler"), key("kepler"), f"restrict,pty {key('padua')}"], "expires": "2026-11-30"},
        {"sudo": "password", "password_hash": HASH},
        {"sudo": "commands", "sudo_commands": ["/usr/bin/systemctl restart nginx", "/usr/bin/journalctl"]},
        {"state": "absent", "keys": GALILEO["keys"]},
        {"expires": "2020-01-01"},
    ],
)
def test_lists_that_are_taken(kepler: dict[str, Any]) -> None:
    assert told(GALILEO, {"name": "kepler"} | kepler) == []
    assert told() == []


@pytest.mark.parametrize(
    ("kepler", "problem"),
    [
        ({"name": "Kepler"}, "Kepler: it is no name of an account"),
        ({"name": "k" * 33}, "it is no name of an account"),
        ({"name": "root\n"}, "it is no name of an account"),
        ({"name": "root"}, "root: the name belongs to the system"),
        ({"name": "www-data"}, "the name belongs to the system"),
        ({"name": "systemd-network"}, "the name belongs to the system"),
        ({"name": "dhcpcd"}, "the name belongs to the system"),
        ({"name": "galilean-archive"}, "the name belongs to the system"),
        ({"full_name": "Kepler:0"}, "kepler.full_name: it has a colon"),
        ({"full_name": "Kepler\nroot::0:0"}, "kepler.full_name: it has a colon"),
        ({"uid": 0}, "kepler.uid: it is none of a person"),
        ({"uid": 60_000}, "kepler.uid: it is none of a person"),
        ({"keys": ["ssh-dss AAAA"]}, "kepler.keys[0]: it is a DSA key"),
        ({"keys": [key("kepler"), "-----BEGIN OPENSSH PRIVATE KEY-----"]}, "kepler.keys[1]: it is a private key"),
        ({"groups": ["adm", "sudo"]}, "kepler.groups: whoever is in sudo has the rights of root"),
        ({"groups": ["lxd"]}, "kepler.groups: whoever is in lxd has the rights of root"),
        ({"groups": ["a:b"]}, "kepler.groups: a group cannot have the name"),
        ({"expires": "31.12.2026"}, "kepler.expires: it is no date"),
        ({"expires": "20261231"}, "kepler.expires: it is no date"),
        ({"password_hash": "galileo"}, "kepler.password_hash: it is no hash"),
        ({"password_hash": "$1$salt$" + "a" * 22}, "kepler.password_hash: it is no hash"),
        ({"sudo": "password"}, "kepler.sudo: it asks for a password, and the person has none"),
        ({"sudo": "commands"}, "kepler.sudo_commands: commands are named without sudo for commands"),
        ({"sudo_commands": ["/bin/true"]}, "kepler.sudo_commands: commands are named without sudo for commands"),
        ({"sudo": "commands", "sudo_commands": ["/bin/cat /var/log/*"]}, "kepler.sudo_commands: a command cannot"),
        ({"sudo": "commands", "sudo_commands": ["systemctl"]}, "kepler.sudo_commands: a command cannot"),
        ({"sudo": "commands", "sudo_commands": ["/bin/a, ALL"]}, "kepler.sudo_commands: a command cannot"),
        ({"name": "galileo"}, "galileo: 2 people have the name galileo"),
        ({"keys": [f"restrict {GALILEO['keys'][0]}"]}, "galileo: 2 people have the key SHA256:"),
    ],
)
def test_lists_that_are_refused(kepler: dict[str, Any], problem: str) -> None:
    assert any(
        line.startswith(problem) or f": {problem}" in line for line in told(GALILEO, {"name": "kepler"} | kepler)
    )


def test_two_people_with_one_uid_are_refused() -> None:
    assert "people have the uid 2000" in told(GALILEO | {"uid": 2000}, {"name": "kepler", "uid": 2000})[0]


@pytest.mark.parametrize(
    "galileo",
    [
        {"sudo": "none"},
        {"keys": []},
        {"keys": [f'command="date" {key("galileo")}']},
        {"expires": "2026-11-29"},
        {"state": "absent"},
        {"sudo": "commands", "sudo_commands": ["/bin/true"]},
    ],
)
def test_a_list_that_leaves_nobody_with_sudo_is_refused(galileo: dict[str, Any]) -> None:
    assert any("nobody is left with sudo" in line for line in told(GALILEO | galileo, {"name": "kepler"}))
