"""Write and list small files in many homes at the same time and print, as JSON, the seconds that both took.

Runs as root on a host with Python's standard library alone, and reads {"homes": {path: uid}, "sync": bool}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

FILES = 200
CONTENT = b"x" * 4096


def write(directory: str, sync: bool) -> None:
    for number in range(FILES):
        with open(f"{directory}/{number}", "wb") as file:
            file.write(CONTENT)
            if sync:
                file.flush()
                os.fsync(file.fileno())


def enumerate_files(directory: str) -> None:
    assert sum(entry.stat().st_size for entry in os.scandir(directory)) == FILES * len(CONTENT)


def in_each(homes: dict[str, int], action: Callable[[str], None]) -> float:
    """Seconds until each owner has done it in the home, all at once."""
    began = time.monotonic()
    children = []
    for home, uid in homes.items():
        child = os.fork()
        if not child:
            os.setgid(uid)
            os.setuid(uid)
            action(home)
            os._exit(0)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise RuntimeError("a home could not be written or listed")
    return time.monotonic() - began


def main() -> None:
    given = json.load(sys.stdin)
    homes = given["homes"]
    written = in_each(homes, lambda home: write(home, given["sync"]))
    # What this host remembers would be listed without asking anybody.
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")
    listed = in_each(homes, enumerate_files)
    print(json.dumps([written, listed]))


if __name__ == "__main__":
    main()
