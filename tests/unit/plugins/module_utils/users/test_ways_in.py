"""Settings of sshd by which somebody gets in otherwise than by the list, or nobody."""

from __future__ import annotations

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import User
from ansible_collections.galilean.hub.plugins.module_utils.users.ways_in import obstacles

GALILEO = User("galileo", 1001, frozenset({"galileo", "operators"}), frozenset({1001, 1500}))
BRAHE = User("brahe", 1002, frozenset({"brahe"}), frozenset({1002}))
USUAL = """port 22
pubkeyauthentication yes
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
authorizedkeyscommand none
trustedusercakeys none
"""
NOBODY = "sshd lets in none of those with sudo, brahe, galileo"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("", "", None),
        ("port 22", "port 2222", None),
        (".ssh/authorized_keys2", "none", None),
        (".ssh/authorized_keys .ssh/authorized_keys2", "%h/.ssh/authorized_keys", None),
        (".ssh/authorized_keys2", "/etc/ssh/authorized_keys.d/%u", "keys of /etc/ssh/authorized_keys.d/%u too"),
        (".ssh/authorized_keys .ssh/authorized_keys2", "none", "sshd does not look for keys in ~/.ssh/authorized_keys"),
        (
            "authorizedkeyscommand none",
            "authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys %u",
            "by authorizedkeysc",
        ),
        ("trustedusercakeys none", "trustedusercakeys /etc/ssh/ca.pub", "by trustedusercakeys /etc/ssh/ca.pub"),
        ("pubkeyauthentication yes", "pubkeyauthentication no", "lets nobody in by a key"),
        ("port 22", "allowusers debian\nallowusers brahe", None),
        ("port 22", "allowusers debian", NOBODY),
        ("port 22", "allowusers brahe@192.0.2.*", NOBODY),
        ("port 22", "allowusers gal*", None),
        ("port 22", "allowgroups operators", None),
        ("port 22", "allowgroups sudo", NOBODY),
        ("port 22", "denyusers galileo brahe@192.0.2.7", NOBODY),
        ("port 22", "denyusers galileo", None),
        ("port 22", "denygroups brahe operators", NOBODY),
        ("port 22", "allowusers galileo\ndenygroups operators", NOBODY),
    ],
)
def test_settings_by_which_the_list_does_not_hold(before: str, after: str, problem: str | None) -> None:
    found = [*obstacles(USUAL.replace(before, after) if before else USUAL, [GALILEO, BRAHE])]
    assert len(found) == bool(problem)
    assert not problem or problem in found[0]


def test_a_list_without_sudo_is_not_told_of_it_here() -> None:
    assert [*obstacles(f"{USUAL}allowusers debian\n", [])] == []
