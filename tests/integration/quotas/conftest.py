"""The keeper with the capabilities of its unit, on a volume whose quotas are on. `run` starts the kernel for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "keeper"
VOLUME = "/dev/ubda"
KEEP = """
import json, sys
sys.path.insert(0, sys.argv[1])
import keeper
homes = keeper.Homes(keeper.Config("", 0, *sys.argv[2:4], *map(int, sys.argv[5:7]), "", "", ""))
for name in sys.argv[7:]:
    try:
        print(json.dumps(homes.ensure("main", name, int(sys.argv[4]), name)))
    except keeper.RefusedError as refused:
        sys.exit(str(refused))
"""


def as_the_unit() -> list[str]:
    """What gives a command of root's the capabilities of the keeper's unit."""
    unit = (ROLE / "templates" / "galilean-keeper.service.j2").read_text()
    (capabilities,) = re.findall(r"^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE)
    kept = [f"+{name.removeprefix('CAP_').lower()}" for name in capabilities.split()]
    return ["setpriv", f"--bounding-set={','.join(['-all', *kept])}"]


def uids() -> list[str]:
    """The first and the last uid that the role gives."""
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    return [str(defaults[f"keeper_uid_{end}"]) for end in ("minimum", "maximum")]


class Volume:
    """A mounted file system with homes, and the keeper of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.homes = directory / "homes" / "main"
        self.skeleton = directory.parent / "skeleton"

    def command(self, quota_bytes: int, *names: str) -> list[str]:
        program = [sys.executable, "-c", KEEP, str(ROLE / "files"), str(self.homes.parent), str(self.skeleton)]
        return [*as_the_unit(), *program, str(quota_bytes), *uids(), *names]

    def ensure(self, name: str, quota_bytes: int) -> dict[str, Any]:
        """What the keeper answers. Raises AssertionError with its words when it refuses."""
        done = subprocess.run(self.command(quota_bytes, name), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def total(self, name: str) -> int:
        """The bytes that `df` says there are in a home."""
        found = os.statvfs(self.homes / name)
        return found.f_blocks * found.f_frsize

    def free(self, name: str) -> int:
        found = os.statvfs(self.homes / name)
        return found.f_bavail * found.f_frsize

    def as_owner(self, name: str, command: str) -> subprocess.CompletedProcess[str]:
        """A shell command in a home, run by who owns it."""
        uid = (self.homes / name).stat().st_uid
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        return subprocess.run(
            [*become, "sh", "-c", command], cwd=self.homes / name, capture_output=True, text=True, check=False
        )

    def fill(self, name: str, file: str, mebibytes: int) -> str:
        """What dd says when the owner of a home writes a file to disk."""
        return self.as_owner(name, f"dd if=/dev/zero of={file} bs=1M count={mebibytes} conv=fsync").stderr


Mount = Callable[[str], Volume]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount the volume with these options; its homes are gone afterwards."""
    (tmp_path / "skeleton").mkdir()
    (tmp_path / "skeleton" / ".profile").write_text("umask 027\n")
    directory = tmp_path / "volume"
    directory.mkdir()

    def mounted(options: str) -> Volume:
        subprocess.run(["mount", "-o", options, VOLUME, directory], check=True)
        (directory / "homes" / "main").mkdir(parents=True)
        return Volume(directory)

    yield mounted
    subprocess.run(["rm", "-rf", directory / "homes"], check=True)
    subprocess.run(["umount", directory], check=True)


@pytest.fixture
def volume(mount: Mount) -> Volume:
    return mount("usrquota,prjquota")
