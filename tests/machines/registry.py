"""Make the cluster's images on this machine's two processors, and give them to machines that have one each.

`registry.py make` builds them by the collection's own roles on a host in a container, and keeps what its registry has,
and its record of what it has built, until the contexts change. `registry.py give` puts both on machines that have no
registry yet. The record knows images by their content: one that is out of date is built all the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from lab import RECORD, REGISTRY, Lab, Machines

STATE = REGISTRY.parent
CACHE = ROOT / ".cache"
PHASES = "hosts,engine,swarm,images"
TAKE = f"""
test -e {REGISTRY} && exit
mkdir --parents {STATE} && rm --recursive --force {STATE}/given && mkdir {STATE}/given &&
tar --extract --directory {STATE}/given && mv {STATE}/given/{RECORD.name} {RECORD} &&
mv {STATE}/given/{REGISTRY.name} {REGISTRY} && rmdir {STATE}/given
"""


def kept() -> Path:
    """Where the registry of today's contexts is kept, with its record."""
    trees = ["HEAD:roles/images/files", "HEAD:roles/jupyterhub/files"]
    told = subprocess.run(["git", "rev-parse", *trees], cwd=ROOT, check=True, capture_output=True, text=True)
    return CACHE / f"images-{'-'.join(told.stdout.split())}.tar"


def destroy(lab: Lab) -> None:
    subprocess.run(["tests/tools/down", lab.name], cwd=ROOT, check=True)


def play(lab: Lab, playbook: str, *options: str) -> None:
    run = lab.play(playbook, *options, ANSIBLE_INVENTORY="inventories/registry")
    if run.returncode:
        sys.exit(run.output)


def make() -> None:
    if kept().exists():
        return
    lab = Lab("registry")
    destroy(lab)
    play(lab, "tests/lab/create.yml")
    play(lab, "playbooks/site.yml", "--tags", PHASES)
    partial = CACHE / "images.partial"
    with partial.open("wb") as archive:
        subprocess.run(
            lab.on("jupiter", "tar", "-c", "-C", str(STATE), REGISTRY.name, RECORD.name), stdout=archive, check=True
        )
    for old in CACHE.glob("images-*.tar"):
        old.unlink()
    partial.rename(kept())
    destroy(lab)


def give(machines: Machines) -> None:
    with kept().open("rb") as archive:
        subprocess.run(machines.on("jupiter", "sh", "-c", TAKE), stdin=archive, check=True)


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else give(Machines(os.environ["GALILEAN_LAB"]))
