"""What is refused of the people who run the cluster before a host is asked."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clusters import GOOD, form, problems, said_by


def key(owner: str) -> str:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + owner.encode().ljust(32, b".")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {owner}"


GALILEO = {"name": "galileo", "keys": [key("galileo")], "sudo": "without_password"}


def told(*accounts: dict[str, Any], adopted: tuple[str, ...] = (), **pinned: list[str]) -> list[str]:
    values = {"users_accounts": [*accounts], "users_pinned_keys": pinned, "users_adopted_accounts": [*adopted]}
    cluster = replace(GOOD, values={"jupiter": values})
    return [f"{each.variable}: {each.problem}" for rule in said_by("users").RULES for each in rule(cluster)]


def test_keys_come_from_the_list_from_a_file_and_pinned_from_github(tmp_path: Path) -> None:
    file = tmp_path / "kepler.pub"
    file.write_text(f"# both of his\n{key('kepler')}\n{key('prague')}\n")
    kepler = {"name": "kepler", "keys": [str(file), "github:jkepler"]}
    assert told(GALILEO, kepler, jkepler=[key("graz")]) == []
    assert any("two people" in line or "2 people" in line for line in told(GALILEO, kepler, jkepler=GALILEO["keys"]))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (["github:jkepler"], "users_accounts: the keys of jkepler at GitHub are not pinned"),
        (["/nowhere/kepler.pub"], "users_accounts: /nowhere/kepler.pub cannot be read"),
        (["ssh-dss AAAA"], "users_accounts.kepler.keys[0]: it is a DSA key"),
        (["-----BEGIN OPENSSH PRIVATE KEY-----"], "users_accounts.kepler.keys[0]: it is a private key"),
    ],
)
def test_keys_that_are_refused(keys: list[str], problem: str) -> None:
    assert any(line.startswith(problem) for line in told(GALILEO, {"name": "kepler", "keys": keys}))


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "has no key in it"), ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "has a private key in it")],
)
def test_files_that_are_refused(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "kepler"
    file.write_text(content)
    assert [line for line in told(GALILEO, {"name": "kepler", "keys": [str(file)]}) if problem in line]


def test_nobody_left_with_sudo_is_refused_and_no_list_is_not() -> None:
    assert "nobody is left with sudo" in told({**GALILEO, "sudo": "none"})[0]
    assert told() == []


def test_an_account_that_is_adopted_and_not_in_the_list_is_refused() -> None:
    assert told(GALILEO, adopted=("galileo",)) == []
    assert "debian is not in users_accounts" in told(GALILEO, adopted=("debian",))[0]


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("users_accounts.name", ["galileo", "g-1_a"], ["", "Galileo", "a b", "1a", "root\n"]),
        (
            "users_accounts.keys",
            [key("a"), "/srv/a.pub", "github:a"],
            ["", " ", "a\nb", "-----BEGIN RSA PRIVATE KEY-----"],
        ),
        ("users_accounts.expires", ["2030-03-31"], ["", "31.3.2030", "2030-02-30", "20300331"]),
        ("users_accounts.sudo_commands", ["/bin/a", "/bin/a --b c"], ["", "a", "/bin/a *", "/bin/a; b"]),
        ("users_adopted_accounts", ["debian"], ["", "a:b"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    wanted = form("users", place)
    assert [text for text in good if not wanted.fits(text)] == []
    assert [text for text in bad if wanted.fits(text)] == []


def test_a_private_key_in_the_place_of_a_public_one_is_not_shown() -> None:
    private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----"
    found = problems("users", "users_accounts", [{"name": "galileo", "keys": [private]}])
    assert found
    assert "b3Bl" not in "".join(found)
