"""Homes on the hosts of a lab, and what fills one."""

from __future__ import annotations

HOMES = "/srv/galilean/homes"
SMALL_HOME_BYTES = 2**20
# Takes away what Jupyter keeps in a home, and then all the room there is: for bytes, and for files.
HOARD = """
import itertools, os, shutil
from pathlib import Path
home = Path.home()
for name in (".ipython", ".jupyter", ".local"):
    shutil.rmtree(home / name, ignore_errors=True)
for content in (b"x" * 4096, b""):
    for number in itertools.count():
        try:
            with (home / f"hoard-{len(content)}-{number}").open("wb", buffering=0) as file:
                while file.write(content):
                    pass
        except OSError as error:
            reason = os.strerror(error.errno)
            break
print(reason)
"""
