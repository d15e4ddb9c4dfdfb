# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtualenv with pinned releases, which is made anew whenever these are others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

# Some releases of pip trust a list of their own otherwise.
AUTHORITIES = {"PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}


class VirtualenvError(Exception):
    """Why there is none, in the words of the program that failed."""


def is_filled(path: Path, requirements: str) -> bool:
    """Whether all of the requirements are there: a file that is written at the end says so. Raises OSError."""
    filled = path / "requirements.txt"
    return filled.exists() and filled.read_text(encoding="utf-8") == requirements


def fill(path: Path, requirements: str, python: str, environment: dict[str, str]) -> None:
    """Make it anew, with the requirements and nothing else in it. Raises OSError and VirtualenvError.

    What was there stays until all that takes its place has come: programs in a virtualenv cannot be moved.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.new")
    _run([python, "-m", "venv", "--clear", str(aside)], environment)
    wanted, wheels = aside / "requirements.txt", aside / "wheels"
    write_durably(wanted, requirements, mode=0o644)
    fetch = [str(aside / "bin/pip"), "wheel", "--quiet", "--require-hashes", "--requirement", str(wanted)]
    _run([*fetch, "--no-deps", "--wheel-dir", str(wheels)], {**environment, **AUTHORITIES})
    _run([python, "-m", "venv", "--clear", str(path)], environment)
    if found := sorted(map(str, wheels.glob("*.whl"))):
        _run([str(path / "bin/pip"), "install", "--quiet", "--no-index", "--no-deps", *found], environment)
    shutil.rmtree(aside)
    write_durably(path / "requirements.txt", requirements, mode=0o644)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise VirtualenvError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
