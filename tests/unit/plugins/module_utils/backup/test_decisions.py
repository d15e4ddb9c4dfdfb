"""When a full backup is made, when its age is an alarm, what is taken, and what a proof looks at."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.backup import decisions
from ansible_collections.galilean.hub.plugins.module_utils.backup.manifest import Entry
from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import BackupError, Kept, State
from backups import ADMINS, DATABASE, HOMES, NOW, SETTINGS, ago


@pytest.mark.parametrize(
    ("chains", "state", "reason"),
    [
        ([], State(), "there is none"),
        ([[ago(days=6.9), ago(hours=1)]], State(), ""),
        ([[ago(days=7)]], State(), "the last one is of 2026-11-23 12:00 UTC"),
        ([[ago(days=20)], [ago(days=1)]], State(), ""),
        ([[ago(hours=1)]], State(broken="it does not restore"), "it does not restore"),
        (
            [[ago(hours=1)]],
            State(broken="it does not restore", replaced=ago(days=1).timestamp()),
            "it does not restore",
        ),
        ([[ago(hours=1)]], State(broken="it does not restore", replaced=ago(hours=23).timestamp()), ""),
        ([[ago(hours=1)]], State(encryption="of ada"), ""),
        ([[ago(hours=1)]], State(), ""),
        (
            [[ago(hours=1)]],
            State(newest=ago(hours=1).timestamp()),
            "keys or passphrase are others than those of the last one",
        ),
        (
            [[ago(hours=1)]],
            State(encryption="of emil"),
            "keys or passphrase are others than those of the last one",
        ),
    ],
)
def test_a_full_backup_is_made_when_there_is_a_reason(chains: list[list[datetime]], state: State, reason: str) -> None:
    assert decisions.reason_for_full(chains, state, 7, "of ada", NOW) == reason


@pytest.mark.parametrize(
    ("state", "alarming"),
    [
        (State(), False),
        (State(began=ago(hours=25).timestamp()), False),
        (State(began=ago(hours=27).timestamp()), True),
        (State(began=ago(days=90).timestamp(), proved=ago(hours=25).timestamp()), False),
        (State(began=ago(days=90).timestamp(), proved=ago(hours=27).timestamp()), True),
    ],
)
def test_a_day_without_a_proof_is_an_alarm(state: State, alarming: bool) -> None:
    assert bool(decisions.alarm(state, 26, NOW)) is alarming


FULL, THEN, NEXT = (ago(days=days) for days in (3, 2, 1))


@pytest.mark.parametrize(
    ("chains", "backup", "told"),
    [
        ([[FULL]], FULL, "There is no earlier one"),
        ([[FULL, THEN, NEXT]], NEXT, "by backup_restore_time: 2026-11-28T12:00:00Z"),
        ([[FULL, THEN], [NEXT]], NEXT, "by backup_restore_time: 2026-11-28T12:00:00Z"),
        ([[FULL], [THEN, NEXT]], NEXT, "2026-11-28T12:00:00Z, or from another full one: 2026-11-27T12:00:00Z"),
        ([[FULL], [THEN, NEXT]], FULL, "There is no earlier one"),
    ],
)
def test_earlier_backups_are_named_with_one_that_does_not_restore(
    chains: list[list[datetime]], backup: datetime, told: str
) -> None:
    assert decisions.earlier(chains, backup).endswith(told)


def test_what_is_kept_is_taken_and_nothing_else() -> None:
    selected = decisions.selection(SETTINGS)
    assert "--exclude=/srv/homes/main/**/.cache" in selected
    taken = selected.index("--include=/srv/homes/main")
    assert all(place < taken for place, option in enumerate(selected) if option.endswith("Trash"))
    assert selected[-2:] == ["--include=/var/lib/backup/staged", "--exclude=**"]
    assert not any("hub.sqlite" in option for option in selected), "a database is copied first"


def patterns_of(selected: Sequence[str]) -> list[str]:
    return [option.partition("=")[2] for option in selected if option.startswith("--exclude-regexp=")]


def test_what_the_manifest_leaves_out_is_not_taken() -> None:
    hollow, too_long = "/srv/homes/main/ada/h(o)llow", "/srv/homes/main/ada/" + "d/" * 1000
    selected = decisions.selection(SETTINGS, [hollow, too_long])
    patterns = patterns_of(selected)
    assert [any(re.search(pattern, name) for pattern in patterns) for name in (hollow, too_long, f"{hollow}w")] == [
        True, True, False
    ]  # fmt: skip


def hollow_files(**counts: int) -> list[str]:
    return [f"/srv/homes/main/{name}/{number}" for name, count in counts.items() for number in range(count)]


@pytest.mark.parametrize(
    ("left_out", "whole"),
    [
        (hollow_files(ada=250, emil=250), []),
        (hollow_files(ada=1, mallory=501), ["/srv/homes/main/mallory"]),
        (hollow_files(ada=20, emil=300, mallory=400), ["/srv/homes/main/mallory"]),
        (["/srv/homes/main/ada/" + "d/" * 1000] * 501, []),
    ],
)
def test_homes_with_more_hollow_files_than_can_be_named_are_left_out_whole(
    left_out: list[str], whole: list[str]
) -> None:
    assert decisions.left_out_whole(left_out, SETTINGS.kept) == whole
    selected = decisions.selection(SETTINGS, left_out, whole)
    assert all(any(re.search(pattern, name) for pattern in patterns_of(selected)) for name in (*left_out, *whole))
    assert not any(re.search(pattern, "/srv/homes/main/mallorys/1") for pattern in patterns_of(selected))


def test_more_hollow_files_than_can_be_named_of_nobody_in_particular_end_a_backup() -> None:
    left_out = hollow_files(**{f"student-{number}": 20 for number in range(30)})
    assert decisions.left_out_whole(left_out, SETTINGS.kept) == []
    with pytest.raises(BackupError, match="600 files of nothing but holes"):
        decisions.selection(SETTINGS, left_out)


def test_what_came_went_or_changed_while_it_was_read_is_known() -> None:
    file = Entry("file", 0o600, 1, 1, 0, seen="1")
    before = {"same": file, "changed": file, "gone": file}
    after = {"same": file, "changed": replace(file, seen="2"), "new": file}
    assert decisions.changed_between(before, after) == ["changed", "gone", "new"]


@pytest.mark.parametrize(
    ("changed", "unseen"),
    [
        ({"digest": "2", "size": 9, "mtime_ns": 5 * 10**9 + 1}, ["notes"]),
        ({"digest": "2", "mtime_ns": 6 * 10**9}, []),
        ({"digest": "2", "mode": 0o640}, []),
        ({"seen": "2"}, []),
    ],
)
def test_a_change_that_duplicity_does_not_see_is_named(changed: dict[str, Any], unseen: list[str]) -> None:
    file = Entry("file", 0o600, 1, 1, 5 * 10**9, digest="1", seen="1")
    assert (
        decisions.unseen_between({"notes": file, "gone": file}, {"notes": replace(file, **changed), "new": file})
        == unseen
    )


def test_a_proof_takes_whole_homes_and_single_files() -> None:
    directory, file = Entry("directory", 0o700, 1, 1, 0), Entry("file", 0o600, 1, 1, 0)
    entries = {
        "/srv/homes/main": directory,
        **{f"/srv/homes/main/{name}": directory for name in ("ada", "emil")},
        "/srv/homes/main/ada/notes": directory,
        "/srv/homes/main/file": file,
        "/var/lib/hub/admins.json": file,
    }
    chosen = decisions.samples(entries, SETTINGS.kept, 9, 0, random.Random(1))
    assert sorted(chosen) == ["/srv/homes/main/ada", "/srv/homes/main/emil", "/var/lib/hub/admins.json"]
    assert len(decisions.samples(entries, SETTINGS.kept, 2, 0, random.Random(1))) == 2


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/srv/homes/main", HOMES),
        ("/srv/homes/main/ada/notes/a\nb", HOMES),
        ("/var/lib/hub/hub.sqlite", DATABASE),
        ("/var/lib/hub/admins.json", ADMINS),
    ],
)
def test_a_path_is_kept_by_what_it_is_in(path: str, kept: Kept) -> None:
    assert decisions.kept_of(SETTINGS, path) == kept


@pytest.mark.parametrize(
    "path",
    ["/etc/shadow", "/srv/homes/main/../../../etc/shadow", "/srv/homes/mainland", "srv/homes/main", "/var/lib/hub", ""],
)
def test_a_path_that_is_not_kept_is_refused(path: str) -> None:
    with pytest.raises(BackupError, match="is not kept here"):
        decisions.kept_of(SETTINGS, path)


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        (["/srv/homes/main", "/srv/homes/main/ada", "/var/lib/hub/admins.json"], []),
        (["/srv/homes/main", "/var/lib/hub/admins.json"], ["/srv/homes/main"]),
        (["/var/lib/hub/admins.json"], ["/srv/homes/main"]),
        (["/srv/homes/main", "/srv/homes/main/ada"], ["/var/lib/hub/admins.json"]),
    ],
)
def test_what_was_backed_up_and_is_gone_is_named(now: list[str], lost: list[str]) -> None:
    file = Entry("file", 0o600, 1, 1, 0)
    first = ["/srv/homes/main", "/srv/homes/main/ada", "/srv/homes/main/emil", "/var/lib/hub/admins.json"]
    before = decisions.had(SETTINGS, dict.fromkeys(first, file))
    assert decisions.gone(before, decisions.had(SETTINGS, dict.fromkeys(now, file)), SETTINGS.kept) == lost
    assert decisions.gone(before, {}, []) == [], "nobody keeps it any more"


def test_what_is_mounted_in_a_tree_is_known() -> None:
    """As proc(5) has it: a file system on a home, another beside the homes, and a name with a space."""
    mounts = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 8:2 / /srv/homes/main ro,nosymfollow - ext4 /dev/sdb1 rw
31 30 8:3 / /srv/homes/main/ada rw,relatime shared:1 - ext4 /dev/sdc1 rw
32 30 8:4 / /srv/homes/main/emil/two\\040words rw - tmpfs none rw
33 22 8:5 / /srv/homes/mainland rw - ext4 /dev/sdd1 rw
"""
    found = ["/srv/homes/main/ada", "/srv/homes/main/emil/two words"]
    assert decisions.mounted_in("/srv/homes/main", mounts) == found
