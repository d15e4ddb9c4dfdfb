"""Measure saves beside a backup, and how long a lost machine takes to be rebuilt; write docs/benchmarks-rebuild.md.

A rebuild stands beside a first run of site.yml and a copy of what was there. Both begin with a bare host that has the
images of the lab that is up, since without them most of the time is theirs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import one_machine
from browser import Browser
from homes import HOMES
from keyrings import keyring
from raised import DATABASE, UNIT, Raised
from run import ROOT, machine, seconds_of, table
from stores import Store

FILES = 30
KIB = 40
SAVES = 60
AIM = 1.3
PASSWORD = "the long password of ada"
# Homes as the keeper makes them, with the record of whose they are.
MAKE_HOMES = r"""
import os, sys
from pathlib import Path
homes = Path(sys.argv[1])
people, files, kib = map(int, sys.argv[2:])
(homes / ".galilean-owners").mkdir(mode=0o700, exist_ok=True)
for number in range(people):
    home, uid = homes / "main" / f"student-{number:03}", 2100000000 + number
    home.mkdir(mode=0o700)
    (homes / ".galilean-owners" / f"{uid}.main.{home.name}").write_text(f"{home.name}\n")
    for each in range(files):
        # Half of it is repetition, as in notebooks.
        (home / f"{each:02}.ipynb").write_text(os.urandom(kib * 512).hex())
    for path in (home, *home.iterdir()):
        os.chown(path, uid, uid)
"""


def saves(browser: Browser, goes_on: Iterator[bool]) -> list[float]:
    """Seconds of each save of a notebook of some size, for as long as it goes on."""
    text = "what ada found out\n" * 5000
    found = []
    for number, _going in enumerate(goes_on):
        found.append(seconds_of(lambda number=number: browser.save("ada", "notes.txt", f"{number}\n{text}")))
        time.sleep(0.2)
    return found


def while_backed_up(machine: Raised) -> Iterator[bool]:
    machine.lab.run("jupiter", "systemctl", "start", "--no-block", UNIT)
    while machine.lab.run("jupiter", "systemctl", "is-active", UNIT, check=False) == "activating":
        yield True


def beside_backups(machine: Raised) -> Iterator[tuple[str, str]]:
    """A student's saves, without and with a full backup beside them."""
    browser = machine.browser()
    assert browser.sign_up("ada", PASSWORD).ok
    browser.log_in("ada", PASSWORD)
    browser.open_server("ada")
    quiet = saves(browser, iter([True] * SAVES))
    beside = saves(browser, while_backed_up(machine))
    machine.back_up()
    for what, found in (("alone", quiet), ("beside a full backup", beside)):
        last = statistics.quantiles(found, n=20)[-1]
        yield f"a save in JupyterLab {what}", f"median {statistics.median(found):.3f} s, 95 % in {last:.3f} s"
    yield "beside in alone", f"{statistics.median(beside) / statistics.median(quiet):.2f}"


def copy_out(machine: Raised, archive: Path) -> None:
    with archive.open("wb") as file:
        command = machine.lab.on("jupiter", "tar", "--create", f"{HOMES}/main", f"{HOMES}/.galilean-owners", DATABASE)
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)


def begin_anew(machine: Raised, archive: Path) -> None:
    """What somebody does who has a copy, and no rebuild."""
    machine.play("site.yml")
    with archive.open("rb") as file:
        subprocess.run(machine.lab.on("jupiter", "tar", "--extract", "--directory", "/"), stdin=file, check=True)


def measure(people: int) -> Iterator[tuple[str, str]]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = stack.enter_context(keyring(Path(tempfile.mkdtemp(dir=directory))))
        machine = stack.enter_context(one_machine.raised(directory))
        store = Store(machine.lab, one_machine.STORE, Path(tempfile.mkdtemp(dir=directory)))
        store.create()
        store.start()
        machine.go_to(store, home)
        machine.play("site.yml")
        machine.lab.pipe("jupiter", MAKE_HOMES, "python3", "-", HOMES, str(people), str(FILES), str(KIB))
        yield from beside_backups(machine)
        archive = directory / "copy.tar"
        copy_out(machine, archive)

        machine.lose("jupiter")
        machine.make_hosts()
        anew = seconds_of(lambda: begin_anew(machine, archive))
        yield "`galilean.hub.site` and a copy", f"{anew / 60:.1f} minutes"
        machine.lose_everything()
        machine.make_hosts()
        rebuilt = seconds_of(lambda: machine.play("rebuild.yml", environment={"GNUPGHOME": str(home)}))
        yield "`galilean.hub.rebuild`", f"{rebuilt / 60:.1f} minutes"
        yield f"rebuild in site and copy (aim: {AIM} or less)", f"{rebuilt / anew:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=220)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/benchmarks-rebuild.md")
    given = parser.parse_args()
    rows = []
    for row in measure(given.homes):
        print("{}: {}".format(*row), flush=True)
        rows.append(row)
    heading = (
        f"# Benchmarks of a rebuild\n\n`make bench-rebuild` on {datetime.now(tz=UTC).date()}: one machine with "
        f"{given.homes} homes of {FILES} files of {KIB} KiB, a container on {machine()}.\n"
        "Compare figures of one table only.\n\n"
    )
    given.output.write_text(heading + table(rows))


if __name__ == "__main__":
    main()
