"""Keep what the registry of the machines has, and give it to the next ones, which then need not build the images.

`registry.py keep` after a run, `registry.py give` before the first. What was kept of other contexts is forgotten. The
registry knows images by their content: one that is out of date is built all the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cluster"))

from lab import Machines

STATE = "/var/lib/galilean"
CACHE = ROOT / ".cache"


def kept() -> Path:
    """Where the registry of today's contexts is kept."""
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD:roles/images/files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return CACHE / f"registry-{tree.stdout.strip()}.tar"


def keep(machines: Machines) -> None:
    partial = CACHE / "registry.partial"
    with partial.open("wb") as archive:
        subprocess.run(machines.on("jupiter", "tar", "-c", "-C", STATE, "registry"), stdout=archive, check=True)
    for old in CACHE.glob("registry-*.tar"):
        old.unlink()
    partial.rename(kept())


def give(machines: Machines) -> None:
    if kept().exists():
        machines.run("jupiter", "mkdir", "--parents", STATE)
        with kept().open("rb") as archive:
            subprocess.run(machines.on("jupiter", "tar", "-x", "-C", STATE), stdin=archive, check=True)


if __name__ == "__main__":
    {"keep": keep, "give": give}[sys.argv[1]](Machines(os.environ["GALILEAN_LAB"]))
