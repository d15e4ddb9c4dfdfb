"""What others had at a path is kept once, and told from then on."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.kept_beside import default_place, keep


@pytest.mark.parametrize(
    ("theirs", "kept", "is_ours", "content", "is_new"),
    [
        (None, None, False, "", False),
        (None, None, True, "", False),
        ("site", None, False, "site", True),
        ("site", "site", False, "site", False),
        # They have changed it before it became ours.
        ("later", "site", False, "later", True),
        # Ours from the beginning, and after there was something.
        ("ours", None, True, "", False),
        ("ours", "site", True, "site", False),
        (None, "site", True, "site", False),
        (None, "site", False, "site", False),
    ],
)
def test_keep(tmp_path: Path, theirs: str | None, kept: str | None, is_ours: bool, content: str, is_new: bool) -> None:
    path, place = tmp_path / "daemon.json", Path(default_place(str(tmp_path / "daemon.json")))
    if theirs is not None:
        path.write_text(theirs)
    if kept is not None:
        place.write_text(kept)
    assert keep(path, place, is_ours, check_mode=True) == (content, is_new)
    assert (place.read_text() if place.exists() else None) == kept
    assert keep(path, place, is_ours) == (content, is_new)
    assert keep(path, place, is_ours) == (content, False)


def test_nothing_that_was_kept_is_lost(tmp_path: Path) -> None:
    path, place = tmp_path / "default", tmp_path / "kept"
    for content in ("first", "second", "third"):
        path.write_text(content)
        keep(path, place, is_ours=False)
    assert {file.name: file.read_text() for file in tmp_path.glob("kept*")} == {
        "kept": "third",
        "kept.1": "first",
        "kept.2": "second",
    }


def test_a_copy_is_read_by_nobody_who_may_not_read_the_file(tmp_path: Path) -> None:
    path, place = tmp_path / "secret", tmp_path / "kept"
    path.write_bytes(b"\xff secret")
    path.chmod(0o600)
    keep(path, place, is_ours=False)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.read_bytes() == b"\xff secret"
