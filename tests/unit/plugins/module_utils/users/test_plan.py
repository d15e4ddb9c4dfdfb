"""What is done about accounts on a host, and what is refused because of what it has."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import Account
from ansible_collections.galilean.hub.plugins.module_utils.users.databases import Databases, Editor
from ansible_collections.galilean.hub.plugins.module_utils.users.host import DATABASES
from ansible_collections.galilean.hub.plugins.module_utils.users.plan import (
    ARCHIVE_OWNER,
    MANAGED,
    Found,
    Known,
    Plan,
    UsersError,
    make_plan,
)
from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import parse
from ansible_collections.galilean.hub.plugins.module_utils.users.sudoers import OURS

TODAY = date(2026, 11, 29)
DAY = 20786
BARE = Databases(
    passwd="root:x:0:0:root:/root:/bin/bash\nsshd:x:991:65534:sshd user:/run/sshd:/usr/sbin/nologin\n"
    "debian:x:1000:1000:Debian:/home/debian:/bin/bash\n",
    shadow="root:*:20000:0:99999:7:::\nsshd:!*:20000::::::\ndebian:!:20000:0:99999:7:::\n",
    group="root:x:0:\nadm:x:4:debian\nsudo:x:27:debian\ndebian:x:1000:\n",
    gshadow="root:*::\nadm:*::debian\nsudo:*::debian\ndebian:!::\n",
)


def key(owner: str) -> str:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + owner.encode().ljust(32, b".")
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {owner}"


def fingerprint(owner: str) -> str:
    return parse(key(owner)).fingerprint


GALILEO = {"name": "galileo", "full_name": "Galileo Galilei", "keys": [key("galileo")], "sudo": "without_password"}
KEPLER = {"name": "kepler", "keys": [key("kepler")], "groups": ["adm"], "expires": "2030-01-31"}
BRAHE = {"name": "brahe", "keys": [key("brahe")], "sudo": "without_password"}


def planned(found: Found, *accounts: dict[str, Any], **options: Any) -> Plan:
    return make_plan([Account.of(each) for each in accounts], found, TODAY, **options)


def carried_out(found: Found, plan: Plan) -> Found:
    """The host when all of a plan is done."""
    logins = Editor.of(plan.databases)
    keys = {**found.keys, **{name: {"authorized_keys": text} if text else {} for name, text in plan.keys.items()}}
    owners = {**found.owners, **{home: uid for home, (uid, _gid) in plan.homes.items()}}
    owners |= {change.home: change.taker for change in plan.handed_over}
    assert all(logins.login(name) for name in plan.after)
    return replace(
        found,
        databases=plan.databases,
        record=plan.after,
        keys=keys,
        sudoers={**found.sudoers, **plan.sudoers},
        belongings={name: paths for name, paths in found.belongings.items() if name not in plan.taken},
        running=set(found.running) - set(plan.ended.values()),
        owners=owners,
    )


def told(plan: Plan) -> dict[str, list[str]]:
    return {name: changes for name, changes in plan.changes.items() if changes}


def built(*accounts: dict[str, Any]) -> Found:
    return carried_out(Found(BARE), planned(Found(BARE), *accounts))


def uid_of(found: Found, name: str) -> int:
    return found.record[name].uid


def test_people_are_made_and_a_second_run_changes_nothing() -> None:
    plan = planned(Found(BARE), GALILEO, KEPLER)
    assert plan.databases == Databases(
        passwd=BARE.passwd + "galileo:x:1001:1001:Galileo Galilei:/home/galileo:/bin/bash\n"
        "kepler:x:1002:1002::/home/kepler:/bin/bash\n",
        shadow=BARE.shadow + f"galileo:*:{DAY}:0:99999:7:::\nkepler:*:{DAY}:0:99999:7::21945:\n",
        group=BARE.group.replace("adm:x:4:debian", "adm:x:4:debian,kepler") + "galileo:x:1001:\nkepler:x:1002:\n",
        gshadow=BARE.gshadow.replace("adm:*::debian", "adm:*::debian,kepler") + "galileo:!::\nkepler:!::\n",
    )
    assert plan.homes == {"/home/galileo": (1001, 1001), "/home/kepler": (1002, 1002)}
    assert plan.keys["kepler"] == f"{MANAGED}{key('kepler')}\n"
    assert plan.sudoers == {OURS: f"{MANAGED}galileo ALL=(ALL:ALL) NOPASSWD: ALL\n"}
    assert plan.ended == {}
    again = planned(carried_out(Found(BARE), plan), GALILEO, KEPLER)
    assert told(again) == {}
    assert (again.databases, again.before, again.after) == (plan.databases, plan.after, plan.after)
    assert (again.homes, again.keys, again.sudoers, again.handed_over) == ({}, {}, {}, [])


@pytest.mark.parametrize(
    ("kepler", "changes"),
    [
        ({"full_name": "Johannes"}, ["full name:  -> Johannes"]),
        ({"groups": []}, ["groups: adm -> none", "all that runs as it ended"]),
        ({"expires": None}, ["expires: never"]),
        ({"sudo": "commands", "sudo_commands": ["/bin/a"]}, ["sudo: none -> kepler ALL=(root) NOPASSWD: /bin/a"]),
        ({"password_hash": "$y$j9T$" + "a" * 22 + "$" + "b" * 43}, ["password changed"]),
        ({"keys": [key("kepler"), key("prague")]}, [f"key added: {fingerprint('prague')}"]),
    ],
)
def test_what_changes_in_the_list_changes_on_the_host(kepler: dict[str, Any], changes: list[str]) -> None:
    found = built(GALILEO, KEPLER)
    found = replace(found, running={uid_of(found, "kepler")})
    plan = planned(found, GALILEO, KEPLER | kepler)
    assert told(plan) == {"kepler": changes}
    assert told(planned(carried_out(found, plan), GALILEO, KEPLER | kepler)) == {}


def test_a_key_that_left_ends_what_runs_as_its_account_also_when_a_run_died_in_between() -> None:
    found = built(GALILEO, KEPLER | {"keys": [key("kepler"), key("lost")]})
    uid = uid_of(found, "kepler")
    found = replace(found, running={uid, uid_of(found, "galileo")})
    plan = planned(found, GALILEO, KEPLER)
    assert plan.ended == {"kepler": uid}
    died = replace(carried_out(found, plan), record=plan.before, running=found.running)
    again = planned(died, GALILEO, KEPLER)
    assert again.ended == {"kepler": uid}
    assert planned(carried_out(died, again), GALILEO, KEPLER).ended == {}


@pytest.mark.parametrize(
    ("before", "after", "is_ended"),
    [
        ({"groups": ["adm"]}, {"groups": []}, True),
        ({"groups": []}, {"groups": ["adm"]}, False),
        ({"keys": [key("kepler")]}, {"keys": [f"restrict {key('kepler')}"]}, True),
        ({"keys": [f"restrict {key('kepler')}"]}, {"keys": [f'command="date" {key("kepler")}']}, True),
        ({"keys": [f"restrict {key('kepler')}"]}, {"keys": [key("kepler")]}, False),
        ({"sudo": "without_password"}, {"sudo": "none"}, True),
        ({"sudo": "commands", "sudo_commands": ["/bin/a", "/bin/b"]}, {"sudo_commands": ["/bin/b"]}, True),
        ({"sudo": "commands", "sudo_commands": ["/bin/b"]}, {"sudo_commands": ["/bin/a", "/bin/b"]}, False),
        ({"sudo": "commands", "sudo_commands": ["/bin/b"]}, {"sudo": "without_password", "sudo_commands": []}, False),
        ({"sudo": "without_password"}, {"sudo": "commands", "sudo_commands": ["/bin/b"]}, True),
    ],
)
def test_a_right_that_left_ends_what_runs_with_it_also_when_a_run_died_in_between(
    before: dict[str, Any], after: dict[str, Any], is_ended: bool
) -> None:
    found = built(GALILEO, KEPLER | before)
    found = replace(found, running={uid_of(found, "kepler")})
    plan = planned(found, GALILEO, KEPLER | before | after)
    assert ("kepler" in plan.ended) is is_ended
    died = replace(carried_out(found, plan), record=plan.before, running=found.running)
    again = planned(died, GALILEO, KEPLER | before | after)
    assert again.ended == plan.ended
    assert planned(carried_out(died, again), GALILEO, KEPLER | before | after).ended == {}


def test_a_key_that_somebody_wrote_on_the_host_is_out_again() -> None:
    found = built(GALILEO, KEPLER)
    keys = {**found.keys, "kepler": {**found.keys["kepler"], "authorized_keys2": key("intruder")}}
    found = replace(found, keys=keys, running={uid_of(found, "kepler")})
    plan = planned(found, GALILEO, KEPLER)
    assert plan.keys == {"kepler": f"{MANAGED}{key('kepler')}\n"}
    assert plan.ended == {"kepler": uid_of(found, "kepler")}


@pytest.mark.parametrize("list_after", [[GALILEO], [GALILEO, {"name": "kepler", "state": "absent"}]])
def test_who_left_keeps_files_alone_and_gets_them_back(list_after: list[dict[str, Any]]) -> None:
    with_sudo = KEPLER | {"sudo": "commands", "sudo_commands": ["/bin/a"]}
    found = built(GALILEO, with_sudo)
    uid = uid_of(found, "kepler")
    found = replace(
        found,
        running={uid},
        belongings={"kepler": ["/var/spool/cron/crontabs/kepler"], "galileo": ["/var/lib/systemd/linger/galileo"]},
        sudoers={**found.sudoers, "/etc/sudoers.d/site": "kepler ALL=ALL\ngalileo2 ALL=ALL\n"},
    )
    plan = planned(found, *list_after)
    after = Editor.of(plan.databases)
    left, archive = after.login("kepler"), after.login(ARCHIVE_OWNER)
    assert left is not None
    assert archive is not None
    assert (left.uid, left.password, left.expires, left.groups) == (uid, "!*", "1", ())
    assert archive.uid < 1000
    assert plan.keys == {"kepler": None}
    assert plan.sudoers["/etc/sudoers.d/site"] == "galileo2 ALL=ALL\n"
    assert "kepler" not in plan.sudoers[OURS]
    assert plan.taken == {"kepler": ["/var/spool/cron/crontabs/kepler"]}
    assert plan.left == {uid: "kepler"}
    assert plan.ended == {"kepler": uid}
    assert [(each.home, each.giver, each.taker) for each in plan.handed_over] == [("/home/kepler", uid, archive.uid)]
    gone = carried_out(found, plan)
    assert told(planned(gone, *list_after)) == {}

    back = planned(gone, GALILEO, with_sudo)
    login = Editor.of(back.databases).login("kepler")
    assert login is not None
    assert (login.uid, login.password, login.expires, login.groups) == (uid, "*", "21945", ("adm",))
    assert [(each.giver, each.taker) for each in back.handed_over] == [(archive.uid, uid)]
    assert told(planned(carried_out(gone, back), GALILEO, with_sudo)) == {}


@pytest.mark.parametrize("user", ["kepler", "1002"])
def test_a_service_of_who_leaves_is_refused_by_its_name(user: str) -> None:
    found = replace(built(GALILEO, KEPLER), services={"ssh.service": "root", "wiki.service": user})
    assert uid_of(found, "kepler") == 1002
    planned(found, GALILEO, KEPLER)
    with pytest.raises(UsersError, match=r"kepler: wiki\.service runs as kepler, who leaves"):
        planned(found, GALILEO)


def test_who_expired_is_out_and_keeps_the_files() -> None:
    found = built(GALILEO, KEPLER)
    found = replace(found, running={uid_of(found, "kepler")})
    plan = planned(found, GALILEO, KEPLER | {"expires": "2026-11-29"})
    assert plan.keys == {"kepler": None}
    assert plan.ended == {"kepler": uid_of(found, "kepler")}
    assert plan.handed_over == []


def test_an_account_of_others_is_never_removed() -> None:
    found = built(GALILEO)
    assert "debian" not in told(planned(found, GALILEO))
    made_anew = replace(found, record={**found.record, "debian": Known(uid=1234)})
    assert "debian" not in told(planned(made_anew, GALILEO))


def test_an_adopted_account_is_kept_as_the_list_says() -> None:
    found = replace(
        built(GALILEO),
        owners={"/home/debian": 1000, "/home/galileo": 1001},
        keys={
            "debian": {"authorized_keys": key("cloud")},
            "galileo": {"authorized_keys": MANAGED + key("galileo") + "\n"},
        },
        sudoers={"/etc/sudoers.d/90-cloud-init-users": "debian ALL=(ALL) NOPASSWD:ALL\n"},
    )
    debian = {"name": "debian", "full_name": "Debian", "keys": [key("debian")]}
    plan = planned(found, GALILEO, debian, adopted=["debian"])
    assert plan.databases.group == found.databases.group.replace(":debian\n", ":\n")
    assert plan.sudoers["/etc/sudoers.d/90-cloud-init-users"] == ""
    assert plan.keys == {"debian": f"{MANAGED}{key('debian')}\n"}
    assert told(planned(carried_out(found, plan), GALILEO, debian)) == {}


def test_what_a_run_that_died_has_written_is_completed() -> None:
    """The files are written one after the other, the record first and /etc/passwd last."""
    plan = planned(Found(BARE), GALILEO)
    for written in range(1, 5):
        names = ("group", "gshadow", "shadow", "passwd")[:written]
        databases = replace(BARE, **{name: getattr(plan.databases, name) for name in names})
        died = Found(databases, record=plan.before)
        again = planned(died, GALILEO)
        assert again.databases == plan.databases
        assert told(planned(carried_out(died, again), GALILEO)) == {}


@pytest.mark.parametrize(
    ("changes", "accounts", "problem"),
    [
        ({}, [{"name": "debian"}], "debian: this account was not made here"),
        ({}, [{"name": "debian", "state": "absent"}], "debian: this account was not made here, so it is not removed"),
        ({}, [{"name": "kepler", "uid": 1000}], "kepler: debian has the uid 1000"),
        ({}, [{"name": "kepler", "groups": ["operators"]}], "kepler: this host has no group operators"),
        ({"foreign": {"kepler"}}, [{"name": "kepler"}], "kepler: the host knows this account from elsewhere"),
        (
            {"owners": {"/home/kepler": 1234}},
            [{"name": "kepler"}],
            "kepler: /home/kepler is there and belongs to the uid 1234",
        ),
        (
            {"databases": replace(BARE, group=BARE.group + "kepler:x:500:\n")},
            [{"name": "kepler"}],
            "kepler: the host has a group",
        ),
    ],
)
def test_what_is_in_the_way_is_refused(
    changes: dict[str, Any], accounts: Sequence[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(UsersError, match=problem):
        planned(replace(Found(BARE), **changes), GALILEO, *accounts)


@pytest.mark.parametrize("written", range(1, 4))
def test_what_a_power_cut_leaves_between_two_files_is_completed(written: int) -> None:
    found = built(GALILEO, KEPLER)
    wanted = planned(found, GALILEO, KEPLER | {"groups": []}, BRAHE | {"groups": ["adm"]})
    files = {name: getattr(wanted.databases, name) for name in [*DATABASES][:written]}
    cut = replace(found, record=wanted.before, databases=replace(found.databases, **files))
    assert planned(cut, GALILEO, KEPLER | {"groups": []}, BRAHE | {"groups": ["adm"]}).databases == wanted.databases


def test_a_uid_that_is_written_is_nobody_elses() -> None:
    plan = planned(Found(BARE), GALILEO, KEPLER | {"uid": 1001})
    assert plan.after["kepler"].uid == 1001
    assert plan.after["galileo"].uid != 1001


def test_a_uid_that_somebody_else_has_by_now_is_not_given_back() -> None:
    found = built(GALILEO, KEPLER)
    passwd = found.databases.passwd.replace("\nkepler:", "\nother:")
    with pytest.raises(UsersError, match=f"kepler: other has the uid {uid_of(found, 'kepler')}"):
        planned(replace(found, databases=replace(found.databases, passwd=passwd)), GALILEO, KEPLER)


def test_a_session_that_begins_while_a_key_is_taken_away_is_ended() -> None:
    found = built(GALILEO, KEPLER)
    plan = planned(found, GALILEO, KEPLER | {"keys": [key("new")]})
    assert plan.ended == {"kepler": uid_of(found, "kepler")}
    assert planned(found, GALILEO).ended == plan.ended


def test_lines_of_the_host_that_only_look_like_more_than_one_stay_whole() -> None:
    odd = "odd:x:1500:1500:J\x85x\u2028y\udce9:/home/odd:/bin/bash\n"
    plan = planned(Found(replace(BARE, passwd=BARE.passwd + odd)), GALILEO)
    assert plan.databases.passwd.startswith(BARE.passwd + odd)


def test_a_uid_that_files_have_is_not_changed() -> None:
    with pytest.raises(UsersError, match="galileo: the uid is 1001 on this host"):
        planned(built(GALILEO), GALILEO | {"uid": 2000})


@pytest.mark.parametrize(
    ("comes_as", "accounts", "problem"),
    [
        (["galileo"], [BRAHE], "this run comes as galileo, who would be locked out"),
        (["galileo"], [BRAHE, GALILEO | {"state": "absent"}], "this run comes as galileo, who would be locked out"),
        (["galileo"], [BRAHE, GALILEO | {"expires": "2026-01-01"}], "who would have expired"),
        (["debian", "galileo"], [BRAHE, GALILEO | {"sudo": "none"}], "who would lose sudo"),
        (["galileo"], [BRAHE, GALILEO | {"keys": [key("new")]}], "none of the keys would stay"),
        (["galileo"], [BRAHE, GALILEO | {"keys": [f'command="date" {key("galileo")}']}], "none of the keys would stay"),
        (
            ["galileo"],
            [BRAHE, GALILEO | {"keys": [f'from="10.9.9.9" {key("galileo")}']}],
            "none of the keys would stay",
        ),
        (["galileo"], [BRAHE, GALILEO | {"keys": [key("new"), key("galileo")]}], None),
        (["debian"], [BRAHE], None),
        ([], [BRAHE], None),
    ],
)
def test_a_run_does_not_lock_itself_out(
    comes_as: Collection[str], accounts: Sequence[dict[str, Any]], problem: str | None
) -> None:
    found = replace(built(GALILEO, BRAHE), comes_as=comes_as)
    if problem:
        with pytest.raises(UsersError, match=problem):
            planned(found, *accounts)
    else:
        planned(found, *accounts)


@pytest.mark.parametrize(
    ("comes_by", "problem"),
    [
        ({fingerprint("galileo")}, None),
        ({fingerprint("old")}, "this run comes by a key of galileo that would go"),
        ({fingerprint("somebody")}, None),
        (set(), None),
        (None, "sshd does not say by which key"),
    ],
)
def test_a_run_does_not_take_away_the_key_by_which_it_comes(
    comes_by: Collection[str] | None, problem: str | None
) -> None:
    found = built(GALILEO | {"keys": [key("galileo"), key("old")]})
    found = replace(found, comes_as=["galileo"], comes_by=comes_by)
    planned(found, GALILEO | {"keys": [key("galileo"), key("old"), key("new")]})
    if problem:
        with pytest.raises(UsersError, match=problem):
            planned(found, GALILEO)
    else:
        planned(found, GALILEO)


def test_a_key_that_holds_from_where_it_held_before_stays() -> None:
    narrow = GALILEO | {"keys": [f'from="10.0.0.0/8" {key("galileo")}']}
    found = replace(built(narrow), comes_as=["galileo"], comes_by={fingerprint("galileo")})
    planned(found, narrow)
    with pytest.raises(UsersError, match="none of the keys would stay"):
        planned(found, GALILEO | {"keys": [f'from="10.9.0.0/16" {key("galileo")}']})


def test_rules_of_others_name_people_by_name_uid_and_own_group() -> None:
    found = built(GALILEO, KEPLER)
    rules = f"brahe, kepler ALL=ALL\n#{uid_of(found, 'kepler')} ALL=ALL\n%kepler ALL=ALL\n"
    plan = planned(replace(found, sudoers={**found.sudoers, "/etc/sudoers": rules}), GALILEO, KEPLER)
    assert plan.sudoers == {"/etc/sudoers": "brahe ALL=ALL\n"}
    assert told(plan) == {"kepler": ["rule of sudo taken out of /etc/sudoers"]}
