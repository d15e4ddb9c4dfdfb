"""What the rules of sudo on a host give, those of others among them, as sudo's own tools read them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import Account
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import (
    MAIN,
    OURS,
    User,
    contradictions,
    in_force,
    included,
    sudo_rule,
    without_rules,
)

GALILEO = User("galileo", 1001, frozenset({"galileo", "adm"}), frozenset({1001, 4}))
RULE, WITH_PASSWORD = "galileo ALL=(ALL:ALL) NOPASSWD: ALL", "galileo ALL=(ALL:ALL) ALL"
ALL, ASKED, LESS = "gives all commands", "makes it sudo: password", "would not give all commands"
STAYS = "would stay"


@pytest.mark.parametrize(
    ("account", "rule"),
    [
        ({}, None),
        ({"sudo": "password"}, "kepler ALL=(ALL:ALL) ALL"),
        ({"sudo": "without_password"}, "kepler ALL=(ALL:ALL) NOPASSWD: ALL"),
        (
            {"sudo": "commands", "sudo_commands": ["/bin/a", "/bin/b --at=12:00 c,d"]},
            "kepler ALL=(root) NOPASSWD: /bin/a, /bin/b --at\\=12\\:00 c\\,d",
        ),
    ],
)
def test_rules_of_sudo(account: dict[str, Any], rule: str | None) -> None:
    assert sudo_rule(Account.of({"name": "kepler"} | account)) == rule


@pytest.mark.parametrize(
    ("text", "kept", "dropped"),
    [
        ("", "", []),
        ("kepler ALL=ALL\n", "", ["kepler"]),
        ("# kepler ALL=ALL\nDefaults env_reset\n%operators ALL=ALL\nkepler2 ALL=ALL", None, []),
        ("%kepler ALL=ALL\n", "", ["kepler"]),
        ("User_Alias OPERATORS = brahe, kepler\n", "User_Alias OPERATORS = brahe\n", ["kepler"]),
        ("User_Alias A = brahe : B = kepler, brahe\n", "User_Alias A = brahe : B = brahe\n", ["kepler"]),
        ("User_Alias A = kepler\nA ALL=ALL\n", "User_Alias A = galilean-nobody\nA ALL=ALL\n", ["kepler"]),
        ('"kepler" ALL=ALL\n', "", ["kepler"]),
        ("Host_Alias KEPLER = kepler\n", None, []),
        (
            "root ALL=ALL\n\tkepler\tALL = /bin/a, \\\n  /bin/b\n\nbrahe ALL=ALL\n",
            "root ALL=ALL\n\nbrahe ALL=ALL\n",
            ["kepler"],
        ),
        ("kepler,brahe ALL=ALL\nbrahe , kepler\tALL=ALL", "brahe ALL=ALL\nbrahe\tALL=ALL", ["kepler"]),
        ("#1002 ALL=ALL\n# 1002 ALL=ALL\n#1003 ALL=ALL\n", "# 1002 ALL=ALL\n#1003 ALL=ALL\n", ["kepler"]),
        ("brahe, \\\n  kepler ALL=ALL\n", "brahe ALL=ALL\n", ["kepler"]),
    ],
)
def test_rules_that_name_somebody_are_taken_out(text: str, kept: str | None, dropped: list[str]) -> None:
    people = dict.fromkeys(["kepler", "#1002", "%kepler"], "kepler")
    assert without_rules(text, people) == (text if kept is None else kept, dropped)


def found(rules: str, sudo: str | None) -> list[str]:
    """What is wrong with rules when galileo is to have this of sudo."""
    told = subprocess.run(["cvtsudoers", "-e", "-f", "json"], input=rules, capture_output=True, text=True, check=True)
    return [*contradictions(json.loads(told.stdout or "{}"), {"galileo": (GALILEO, sudo)}, "jupiter")]


def is_told(problems: list[str], problem: str | None) -> bool:
    return problem in problems[0] if problem and len(problems) == 1 else not problem and not problems


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("", LESS),
        (RULE, None),
        (WITH_PASSWORD, ASKED),
        (f"{RULE}\n%adm ALL=(ALL) ALL", ASKED),
        (f"%adm ALL=(ALL) ALL\n{RULE}", None),
        (f"{RULE}\n%sudo ALL=(ALL) ALL", None),
        (f"{RULE}\n%adm ALL=(ALL) NOPASSWD: ALL", None),
        (f"{RULE}\n%adm ALL=(www-data) ALL", None),
        (f"{RULE}\n%adm ALL=(:adm) ALL", None),
        (f"{RULE}\n%adm ALL=/bin/ls", None),
        (f"{RULE}\n%adm ALL=!ALL", LESS),
        (f"{RULE}\n%#4 ALL=!ALL", LESS),
        (f"{RULE}\n#1001 ALL=!ALL", LESS),
        (f"{RULE}\nALL ALL=!/bin/sh", LESS),
        (f"{RULE}\nALL, !galileo ALL=!ALL", None),
        (f"{RULE}\nUser_Alias A = ALL, !galileo\nA ALL=!ALL", None),
        (f"{RULE}\nUser_Alias A = galileo : B = ALL, !A\nB ALL=!ALL", None),
        (f"{RULE}\nCmnd_Alias SHELLS = /bin/sh, /bin/bash\nALL ALL=!SHELLS", LESS),
        (f"{RULE}\n%adm io=!ALL", None),
        (f"{RULE}\n%adm JUP*=!ALL", LESS),
        (f"{RULE}\nHost_Alias THERE = ALL, !jupiter\n%adm THERE=!ALL", None),
        (f"{RULE}\n%adm 10.0.0.0/8=!ALL", LESS),
        (f"{RULE}\n+admins ALL=!ALL", LESS),
        (f"{RULE}\n%:admins ALL=!ALL", LESS),
        (f"{RULE}\n%adm ALL=(www-data) !ALL", None),
        ("galileo io=(ALL:ALL) NOPASSWD: ALL", LESS),
        ("galileo 10.0.0.0/8=(ALL:ALL) NOPASSWD: ALL", LESS),
        ("galileo ALL=(www-data) NOPASSWD: ALL", LESS),
        ("galileo ALL=(ALL:ALL) NOPASSWD: ALL, !/bin/su", LESS),
        ("galileo ALL=(ALL:ALL) NOTAFTER=20300101000000Z NOPASSWD: ALL", LESS),
        ("+admins ALL=(ALL:ALL) NOPASSWD: ALL", LESS),
    ],
)
def test_who_is_to_have_all_commands_has_them_or_is_told(rules: str, problem: str | None) -> None:
    assert is_told(found(f"{rules}\n", "without_password"), problem)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (WITH_PASSWORD, None),
        (RULE, "makes it sudo: without_password"),
        (f"{WITH_PASSWORD}\n%adm ALL=(ALL) NOPASSWD: ALL", "makes it sudo: without_password"),
        (f"Defaults rootpw\n{WITH_PASSWORD}", "the password of somebody else, by rootpw"),
        (f"Defaults env_reset, !targetpw\n{WITH_PASSWORD}", None),
    ],
)
def test_who_is_to_be_asked_for_the_own_password_is(rules: str, problem: str | None) -> None:
    assert is_told(found(f"{rules}\n", "password"), problem)


@pytest.mark.parametrize("sudo", ["none", "commands"])
@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("", None),
        ("%adm ALL=(ALL) ALL", ALL),
        ("%adm ALL=/usr/bin/journalctl", None),
        ("ALL, !galileo ALL=(ALL) ALL", None),
        ("User_Alias BANNED = galilean-nobody\nALL, !BANNED ALL=(ALL) ALL", ALL),
        ("Runas_Alias R = #0\nCmnd_Alias C = ALL\n%adm ALL=(R) C", ALL),
    ],
)
def test_who_is_to_have_less_does_not_get_all(rules: str, problem: str | None, sudo: str) -> None:
    assert is_told(found(f"{rules}\n", sudo), problem)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("root ALL=(ALL) ALL\n%sudo ALL=(ALL) ALL\n", None),
        ("ALL ALL=/usr/bin/eject\n", None),
        ("ALL, !galileo ALL=ALL\n", None),
        ("galileo ALL=!ALL\n", None),
        ("gali\\x6ceo ALL=/bin/a\n", STAYS),
        ("%adm io=/bin/a\n", STAYS),
        ("%#4 ALL=/bin/a\n", STAYS),
        ("+admins ALL=/bin/a\n", STAYS),
        ("+admins, !galileo ALL=/bin/a\n", None),
        ("!+admins, !galileo ALL=/bin/a\n", None),
        ("User_Alias A = brahe : B = A, %adm\nB ALL=/bin/a\n", STAYS),
    ],
)
def test_who_left_has_no_rule(rules: str, problem: str | None) -> None:
    assert is_told(found(rules, None), problem)


def test_files_are_read_in_the_order_of_sudo() -> None:
    files: dict[str, Any] = {
        MAIN: "first\n@include sudoers.site\n#includedir /etc/sudoers.d/\n  @includedir /etc/none\nlast\n",
        "/etc/sudoers.site": "site\n",
        "/etc/sudoers.d/zz": "zz",
        OURS: "ours\n",
        "/etc/sudoers.d/a.old": "old\n",
        "/etc/sudoers.d/a~": "old\n",
    }
    assert in_force(files).split() == ["first", "site", "ours", "zz", "@includedir", "/etc/none", "last"]
    assert [*included(MAIN, files[MAIN])] == [
        ("/etc/sudoers.site", False),
        ("/etc/sudoers.d", True),
        ("/etc/none", True),
    ]
    loop = {MAIN: "@include /etc/sudoers.site\n", "/etc/sudoers.site": "site\n@include /etc/sudoers\n"}
    assert in_force(loop).split() == ["site", "@include", "/etc/sudoers"]
