"""Measure backups of a class, and what comes back, beside tar and gpg by hand, and write docs/benchmarks-backup.md.

Both take the same homes from the same host to the same SFTP server. By hand there is no manifest and no proof, and a
lost file costs a walk through an archive of everything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from backed_up import bare_site, clean_lab, start_store
from keyrings import keyring
from run import ROOT, machine, seconds_of, table
from sites import HOMES, HOST, PROGRAM, UNIT, Site
from stores import USER, Store

FILES = 30
KIB = 40
AIM = 1.5
FILL = """
import os, sys
from pathlib import Path
homes, files, kib = map(int, sys.argv[2:])
for number in range(homes):
    home = Path(sys.argv[1]) / "main" / f"student-{number:03}"
    home.mkdir(parents=True)
    for each in range(files):
        # Half of it is repetition, as in notebooks.
        (home / f"{each:02}.ipynb").write_text(os.urandom(kib * 512).hex())
    for path in (home, *home.iterdir()):
        os.chown(path, 30000 + number, 30000 + number)
"""
# What changes before each increment, of three students.
CHANGE = f"for n in 000 001 002; do echo changed >>{HOMES}/main/student-$n/07.ipynb; done"
FILE = f"{HOMES}/main/student-001/07.ipynb"
SETTINGS, STATE = "/etc/galilean/instances/main/backup", "/var/lib/galilean/instances/main/backup"
BY_HAND = f"""
set -euo pipefail
export GNUPGHOME=/root/by-hand
if [ ! -d $GNUPGHOME ]; then
    mkdir -m 700 $GNUPGHOME
    gpg --batch --quiet --import {SETTINGS}/private-key.asc
fi
seal() {{{{ gpg --batch --quiet --trust-model always --encrypt --recipient 'backups of {HOST}'; }}}}
open() {{{{ gpg --batch --quiet --decrypt; }}}}
store() {{{{ ssh -i {SETTINGS}/sftp-key -o UserKnownHostsFile={STATE}/home/.ssh/known_hosts {{login}} "$1"; }}}}
take() {{{{ tar --create --directory / --listed-incremental /root/by-hand/seen {{homes}}; }}}}
give() {{{{ store 'cat by-hand-full' </dev/null | open | tar --extract --directory /root/by-hand/back "$@"; }}}}
rm -rf /root/by-hand/back
mkdir /root/by-hand/back
{{work}}
"""
WORK = {
    "full": "rm -f /root/by-hand/seen; take | seal | store 'cat >by-hand-full'",
    "increment": "take | seal | store 'cat >by-hand-increment'",
    "one file": "give {file}",
    "everything": "give",
}

# By hand with the priority that the unit has; who restores waits for it.
TIMED = ("full", "increment")
AS_THE_UNIT = {True: ["chrt", "--batch", "0", "nice", "--adjustment=19"], False: []}
PROOF = "galilean-backup-proof-main"


class Ways:
    """A host with a class on it, and what it does by the role's program and by hand."""

    def __init__(self, site: Site, store: Store) -> None:
        self.site = site
        self.login = f"{USER}@{store.address}"

    def by_hand(self, work: str) -> float:
        names = {"homes": f"{HOMES.removeprefix('/')}/main", "file": FILE.removeprefix("/")}
        script = BY_HAND.format(login=self.login, work=WORK[work].format(**names), homes=names["homes"])
        return seconds_of(lambda: self.site.lab.pipe(HOST, script, *AS_THE_UNIT[work in TIMED], "bash", "-s"))

    def by_timer(self, unit: str) -> float:
        """What a timer has a unit do."""
        return seconds_of(lambda: self.site.run("systemctl", "start", f"{unit}.service"))

    def restore(self, path: str) -> float:
        given = json.dumps({"place": "beside", "paths": [path]})
        return seconds_of(lambda: self.site.lab.pipe(HOST, given, *PROGRAM, "restore"))

    def remove_what_came_back(self) -> None:
        self.site.run("sh", "-c", f"rm -rf {HOMES}/*.restored-* {HOMES}/main/*/*.restored-*")


def one_round(ways: Ways) -> Iterator[tuple[str, float, float | None]]:
    """What is done, in how many seconds by us, and by hand where there is such a thing."""
    yield "full backup, with manifest and proof", ways.by_timer(UNIT), ways.by_hand("full")
    yield "the proof alone", ways.by_timer(PROOF), None
    ways.site.run("sh", "-c", CHANGE)
    yield "increment with 3 changed files", ways.by_timer(UNIT), ways.by_hand("increment")
    yield "one file back", ways.restore(FILE), ways.by_hand("one file")
    lost = seconds_of(lambda: check(ways.site.restore(paths=[FILE]).returncode))
    yield "one file back, by `galilean.hub.restore` from the first task to the last", lost, None
    ways.remove_what_came_back()
    yield "everything back, compared file by file", ways.restore(f"{HOMES}/main"), ways.by_hand("everything")
    ways.remove_what_came_back()


def check(code: int) -> None:
    assert code == 0, "nothing came back"


def measure(homes: int, rounds: int) -> dict[str, list[tuple[float, float | None]]]:
    found: dict[str, list[tuple[float, float | None]]] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lab = stack.enter_context(clean_lab())
        (directory / "operator").mkdir(mode=0o700)
        operator = stack.enter_context(keyring(directory / "operator"))
        store = start_store(lab, directory)
        site = bare_site(store, operator, directory, "trixie")
        site.lab.pipe(HOST, FILL, "python3", "-", HOMES, str(homes), str(FILES), str(KIB))
        for turn in range(rounds):
            # A store of its own for each round: the first backup there is a full one.
            site.variables.update(store.variables("sftp", f"bench-{turn}"))
            run = site.play("backup.yml")
            assert run.returncode == 0, run.output
            for what, ours, theirs in one_round(Ways(site, store)):
                by_hand = f"{theirs:.1f} s by hand" if theirs else "nothing by hand"
                print(f"round {turn + 1}: {what}: {ours:.1f} s, {by_hand}", flush=True)
                found.setdefault(what, []).append((ours, theirs))
    return found


def rows(found: Mapping[str, list[tuple[float, float | None]]]) -> Iterator[tuple[str, str]]:
    """Medians; ratios are of what was measured in one round."""
    for what, turns in found.items():
        ours = statistics.median(ours for ours, _theirs in turns)
        ratios = [ours / theirs for ours, theirs in turns if theirs]
        beside = f", {statistics.median(ratios):.2f} of by hand" if ratios else ""
        yield what, f"{ours:.1f} s{beside}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=220)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/benchmarks-backup.md")
    given = parser.parse_args()
    found = measure(given.homes, given.rounds)
    today = datetime.now(tz=UTC).date()
    medians = "one round," if given.rounds == 1 else f"medians of {given.rounds} rounds,"
    homes = f"{given.homes} homes of {FILES} files of {KIB} KiB"
    heading = (
        f"# Benchmarks of backups\n\n`make bench-backup` on {today}: {homes}, "
        f"to a host beside, {medians} on {machine()}.\nBy hand is `tar | gpg | ssh` of the "
        f"same files in the same round (aim: {AIM} or less). Compare figures of one table only.\n\n"
    )
    given.output.write_text(heading + table(list(rows(found))))


if __name__ == "__main__":
    main()
