"""Measure the minutes in which a lost machine is rebuilt, beside a first run of site.yml and a copy of what was there.

Both begin with a bare host that has the images of the lab that is up, since without them most of the time is theirs.
Prints the table of docs/benchmarks.md.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import one_machine
from homes import HOMES
from keyrings import keyring
from raised import DATABASE, Raised
from stores import Store

PEOPLE, FILES = 220, 30
# Homes as the keeper makes them, with the record of whose they are.
MAKE_HOMES = f"""
import os
from pathlib import Path
homes = Path("{HOMES}")
(homes / ".galilean-owners").mkdir(mode=0o700, exist_ok=True)
for number in range({PEOPLE}):
    home, uid = homes / "main" / f"student-{{number:03}}", 2100000000 + number
    home.mkdir(mode=0o700)
    (homes / ".galilean-owners" / f"{{uid}}.main.{{home.name}}").write_text(f"{{home.name}}\\n")
    for each in range({FILES}):
        (home / f"{{each:02}}.ipynb").write_bytes(os.urandom(10_000))
    for path in (home, *home.iterdir()):
        os.chown(path, uid, uid)
"""


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def copy_out(machine: Raised, archive: Path) -> None:
    with archive.open("wb") as file:
        command = machine.lab.on("jupiter", "tar", "--create", f"{HOMES}/main", f"{HOMES}/.galilean-owners", DATABASE)
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)


def begin_anew(machine: Raised, archive: Path) -> None:
    """What somebody does who has a copy, and no rebuild."""
    machine.play("site.yml")
    with archive.open("rb") as file:
        subprocess.run(machine.lab.on("jupiter", "tar", "--extract", "--directory", "/"), stdin=file, check=True)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        keyring(Path(tempfile.mkdtemp(dir=name))) as home,
        one_machine.raised(Path(name)) as machine,
    ):
        store = Store(machine.lab, one_machine.STORE, Path(tempfile.mkdtemp(dir=name)))
        store.create()
        store.start()
        machine.go_to(store, home)
        machine.play("site.yml")
        machine.lab.pipe("jupiter", MAKE_HOMES, "python3", "-")
        machine.back_up()
        archive = Path(name) / "copy.tar"
        copy_out(machine, archive)

        machine.lose("jupiter")
        machine.make_hosts()
        anew = seconds(lambda: begin_anew(machine, archive))
        machine.lose_everything()
        machine.make_hosts()
        rebuilt = seconds(lambda: machine.play("rebuild.yml", environment={"GNUPGHOME": str(home)}))
    print(f"| {PEOPLE} homes of {FILES} files, one machine | minutes |\n| --- | --- |")
    print(f"| `galilean.hub.site` and a copy | {anew / 60:.1f} |")
    print(f"| `galilean.hub.rebuild` | {rebuilt / 60:.1f}, {rebuilt / anew:.2f} of it |")


if __name__ == "__main__":
    main()
