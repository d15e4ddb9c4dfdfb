from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably

if TYPE_CHECKING:
    from pathlib import Path


def test_content_owner_and_mode_appear_together(tmp_path: Path) -> None:
    write_durably(tmp_path / "key", "secret\n", mode=0o640, uid=os.getuid(), gid=os.getgid())
    assert (tmp_path / "key").read_text() == "secret\n"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o640


def test_the_file_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    with path.open() as old:
        write_durably(path, "new", mode=0o600)
        assert old.read() == "old"
    assert path.read_text() == "new"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".key.new").symlink_to(tmp_path / "elsewhere")
    write_durably(tmp_path / "key", "new", mode=0o600)
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert not (tmp_path / "key").is_symlink()


def test_what_a_killed_run_left_behind_is_gone(tmp_path: Path) -> None:
    (tmp_path / ".key.new").write_text("half")
    write_durably(tmp_path / "key", "whole", mode=0o600)
    assert os.listdir(tmp_path) == ["key"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_durably(tmp_path / "key", "\ud800", mode=0o600)
    assert (tmp_path / "key").read_text() == "old"


def test_bytes_that_are_no_text_stay_as_they_are(tmp_path: Path) -> None:
    write_durably(tmp_path / "passwd", b"J\xe9".decode("utf-8", "surrogateescape"), mode=0o644)
    assert (tmp_path / "passwd").read_bytes() == b"J\xe9"
