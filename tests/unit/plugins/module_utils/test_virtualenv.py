"""A virtualenv is there whole, or it is made anew."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import virtualenv

NOTHING = "# of one release\n"


def test_what_is_whole_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "opt" / "tool"
    assert not virtualenv.is_filled(path, NOTHING)
    virtualenv.fill(path, NOTHING, sys.executable, dict(os.environ))
    assert virtualenv.is_filled(path, NOTHING)
    assert not virtualenv.is_filled(path, "# of another\n")

    (path / "stray").touch()
    virtualenv.fill(path, "# of another\n", sys.executable, dict(os.environ))
    assert not (path / "stray").exists()


def test_what_does_not_come_by_its_hash_leaves_what_was_there(tmp_path: Path) -> None:
    archive = tmp_path / "tool-1.0.tar.gz"
    archive.write_bytes(b"something else")
    wanted = f"tool @ {archive.as_uri()} --hash=sha256:{'0' * 64}\n"
    path = tmp_path / "tool"
    virtualenv.fill(path, NOTHING, sys.executable, dict(os.environ))
    with pytest.raises(virtualenv.VirtualenvError, match="DO NOT MATCH THE HASHES"):
        virtualenv.fill(path, wanted, sys.executable, dict(os.environ))
    assert virtualenv.is_filled(path, NOTHING)
    assert (path / "bin" / "pip").exists()
