# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is decided about backups: when a full one is due, what is an alarm, what is taken and what is proved."""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.backup import manifest
from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import BackupError, Kept, Settings, State

NAMED = 5
# How many files are left out by name, each of which may be as long as a path: a command line has no room for more.
HOLLOW_FILES = 500
# Somebody who has so many of them is one of many; somebody who has more is left out whole before others are.
HOLLOW_FILES_OF_MANY = 20


def reason_for_full(
    chains: Sequence[Sequence[datetime]], state: State, full_days: float, encryption: str, now: datetime
) -> str:
    """Why the next backup has to be a full one, empty where an increment will do.

    Who has a new key alone could not open an increment's chain.

    What is found broken after each full one fills the store: it is replaced once a day.
    """
    if not chains:
        return "there is none"
    if state.broken and now.timestamp() - state.replaced >= timedelta(days=1).total_seconds():
        return state.broken
    # A state of which no chain is known says nothing of what opens the one that is there: it was opened to look at it.
    if (state.newest or state.encryption) and state.encryption != encryption:
        return "keys or passphrase are others than those of the last one"
    if now - chains[-1][0] >= timedelta(days=full_days):
        return f"the last one is of {chains[-1][0]:%Y-%m-%d %H:%M} UTC"
    return ""


def alarm(state: State, alarm_hours: float, now: datetime) -> str:
    """What is wrong with the age of the newest proved backup, empty where nothing is."""
    since = max(state.proved, state.began)
    if not since or now.timestamp() - since <= alarm_hours * 3600:
        return ""
    last = (
        f"the last is of {datetime.fromtimestamp(state.proved, UTC):%Y-%m-%d %H:%M} UTC"
        if state.proved
        else "nor any before"
    )
    return f"No backup of the last {alarm_hours:g} hours has been proved, {last}"


def left_out_whole(left_out: Sequence[str], kept: Sequence[Kept]) -> list[str]:
    """Which of the directories that stand in a kept tree, such as homes, have more hollow files than can be named.

    Those with the most come first, and others only while that does not do.
    """
    hollow = hollow_of(left_out)
    places = Counter(place for name in hollow for each in kept if (place := place_in(str(each.path), name)))
    whole, named = [], len(hollow)
    for place, count in places.most_common():
        if named > HOLLOW_FILES and count > HOLLOW_FILES_OF_MANY:
            whole.append(place)
            named -= count
    return whole


def hollow_of(left_out: Sequence[str]) -> list[str]:
    """What was left out and is not too long."""
    return [name for name in left_out if len(name) <= manifest.LONGEST_PATH]


def place_in(tree: str, name: str) -> str:
    """What stands directly in a tree and has a name in it, nothing where the name is elsewhere."""
    return f"{tree}/{name[len(tree) + 1 :].partition('/')[0]}" if name.startswith(f"{tree}/") else ""


def selection(settings: Settings, left_out: Sequence[str] = (), whole: Sequence[str] = ()) -> list[str]:
    """Options of duplicity for what it takes below /. Raises BackupError where too much is left out of the manifest."""
    hollow = [name for name in hollow_of(left_out) if not any(manifest.is_below(name, place) for place in whole)]
    if len(hollow) > HOLLOW_FILES:
        raise BackupError(f"There are {len(hollow)} files of nothing but holes, such as {in_words(hollow)}")
    trees = [str(kept.path) for kept in settings.kept if kept.kind == "tree"]
    excluded = [f"{tree}/**/{pattern}" for tree in trees for pattern in settings.excludes]
    excluded += [f"{tree}/{pattern}" for tree in trees for pattern in settings.excludes]
    taken = [*trees, str(settings.staged)]
    too_long = rf"--exclude-regexp=^[\s\S]{{{manifest.LONGEST_PATH + 1},}}"
    return [
        too_long,
        *(rf"--exclude-regexp=^{re.escape(name)}\Z" for name in hollow),
        *(rf"--exclude-regexp=^{re.escape(place)}(?:/|\Z)" for place in whole),
        *(f"--exclude={glob}" for glob in excluded),
        *(f"--include={path}" for path in taken),
        "--exclude=**",
    ]


def changed_between(before: manifest.Entries, after: manifest.Entries) -> list[str]:
    """Names of files that came, went or changed: of these a backup has the one state or the other."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def unseen_between(known: manifest.Entries, now: manifest.Entries) -> list[str]:
    """Names of files whose content changed, and nothing by which duplicity sees it: path.py, ROPath.__eq__."""

    def seen(entry: manifest.Entry) -> tuple[object, ...]:
        return entry.kind, entry.mode, entry.uid, entry.gid, entry.mtime_ns // 10**9

    both = known.keys() & now.keys()
    return sorted(
        name for name in both if known[name].digest != now[name].digest and seen(known[name]) == seen(now[name])
    )


def mounted_in(tree: str, mounts: str) -> list[str]:
    """Where other file systems are mounted below a directory, by what /proc/self/mountinfo says (proc(5))."""
    places = [line.split(" ")[4] for line in mounts.splitlines()]
    named = [re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place) for place in places]
    return [place for place in named if place.startswith(f"{tree}/")]


def in_words(names: Sequence[str]) -> str:
    shown = ", ".join(json.dumps(name) for name in names[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown


def samples(entries: manifest.Entries, kept: Sequence[Kept], count: int, room: int, choose: random.Random) -> list[str]:
    """Some of the directories that stand in a kept tree, such as homes, and of the trees that have none.

    Together they fit into a room in bytes. Raises BackupError where nothing does.
    """
    inner: dict[str, list[str]] = {str(each.path): [] for each in kept if str(each.path) in entries}
    for name, entry in sorted(entries.items()):
        tree = os.path.dirname(name)
        if entry.kind == "directory" and tree in inner:
            inner[tree].append(name)
    candidates = [name for tree, directories in inner.items() for name in directories or [tree]]
    chosen: list[str] = []
    for name in choose.sample(candidates, len(candidates)):
        size = manifest.bytes_of(manifest.below(entries, name))
        if size <= room and len(chosen) < count:
            chosen.append(name)
            room -= size
    if candidates and not chosen:
        raise BackupError(f"There is no room to restore any of {in_words(candidates)} aside")
    return chosen


def refuse_without_room(directory: Path, needed: int, room: int) -> None:
    if needed > room:
        raise BackupError(f"{directory} has no room for what is to be restored, {needed} bytes: it has {max(room, 0)}")


def had(settings: Settings, entries: manifest.Entries) -> dict[str, bool]:
    """Which of the kept things are among entries, by their paths, and whether anything is in them."""
    inhabited = {os.path.dirname(name) for name in entries}
    sources = {str(kept.path): source_of(settings, kept, str(kept.path)) for kept in settings.kept}
    return {path: source in inhabited for path, source in sources.items() if source in entries}


def gone(before: Mapping[str, bool], now: Mapping[str, bool], kept: Sequence[Kept]) -> list[str]:
    """Which of the kept things are not there any more, or have nothing in them any more."""
    paths = [str(each.path) for each in kept]
    return [path for path in paths if path in before and (path not in now or before[path] > now[path])]


def changed_in(state: State, backup: datetime) -> Collection[str]:
    """Names of what changed while a backup was made, as far as is known: these are not as they were."""
    return state.changed if state.newest == backup.timestamp() else ()


def earlier(chains: Sequence[Sequence[datetime]], backup: datetime) -> str:
    """How to have an earlier backup than one: the one before, and the last that has another full one below it."""
    beside = [time for chain in chains if backup in chain for time in chain if time < backup]
    below = [time for chain in chains for time in chain if time < backup and time not in beside]
    named = [f"{times[-1]:%Y-%m-%dT%H:%M:%SZ}" for times in (beside, below) if times]
    if not named:
        return "There is no earlier one"
    return f"Restore an earlier one by backup_restore_time: {', or from another full one: '.join(named)}"


def kept_of(settings: Settings, path: str) -> Kept:
    """What a path is kept as. Raises BackupError."""
    if os.path.normpath(path) == path:
        for kept in settings.kept:
            if Path(path) == kept.path or (kept.kind == "tree" and Path(path).is_relative_to(kept.path)):
                return kept
    places = ", ".join(str(kept.path) for kept in settings.kept)
    raise BackupError(f"{in_words([path])} is not kept here. What is kept is at {places}")


def source_of(settings: Settings, kept: Kept, path: str) -> str:
    """Where a path that is kept stands in the backup."""
    return str(settings.staged_copy(kept)) if kept.kind == "sqlite" else path
