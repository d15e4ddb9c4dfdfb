from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.files import (
    Change,
    Entry,
    FilesError,
    apply,
    plan,
    read_entry,
)

UID, GID = os.getuid(), os.getgid()


def entry(state: str, content: str = "", mode: int | None = 0o640) -> Entry:
    return Entry(state, content, owner=UID, group=GID, mode=mode)


def converge(wanted: dict[Path, Entry]) -> list[Change]:
    changes = plan(wanted)
    for change in changes:
        apply(change)
    return changes


def test_a_tree_is_made_once_and_then_left(tmp_path: Path) -> None:
    wanted = {
        tmp_path / "etc/hub": entry("directory", mode=0o750),
        tmp_path / "etc/hub/hub.json": entry("file", "{}\n"),
        tmp_path / "etc/hub/ca.pem": entry("link", "/etc/ca.pem", mode=None),
        tmp_path / "etc/hub/none": Entry("absent"),
    }
    assert [change.path.name for change in converge(wanted)] == ["hub", "hub.json", "ca.pem"]
    assert stat.S_IMODE((tmp_path / "etc/hub").stat().st_mode) == 0o750
    assert (tmp_path / "etc/hub/hub.json").read_text() == "{}\n"
    assert str((tmp_path / "etc/hub/ca.pem").readlink()) == "/etc/ca.pem"
    assert converge(wanted) == []


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (entry("file", "new\n"), "+new"),
        (entry("file", "old\n", mode=0o600), "+mode: 0600"),
        (entry("link", "/elsewhere", mode=None), "+link"),
        (Entry("absent"), "-old"),
    ],
)
def test_the_diff_says_what_differs(tmp_path: Path, wanted: Entry, line: str) -> None:
    converge({tmp_path / "hub.env": entry("file", "old\n")})
    (change,) = converge({tmp_path / "hub.env": wanted})
    assert line in change.diff.splitlines()
    assert read_entry(tmp_path / "hub.env") == wanted


def test_content_is_compared_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "hub.env"
    path.write_bytes(b"caf\xe9\r\n")
    path.chmod(0o640)
    (change,) = converge({path: entry("file", "café\n")})
    assert "\\udce9" in change.diff
    assert path.read_bytes() == "café\n".encode()


def test_a_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "hub.env").symlink_to(tmp_path / "elsewhere")
    converge({tmp_path / "hub.env": entry("file", "new")})
    assert (tmp_path / "elsewhere").read_text() == "untouched"


@pytest.mark.parametrize("wanted", [entry("file", "new"), entry("link", "/elsewhere", mode=None), Entry("absent")])
def test_a_directory_is_never_replaced(tmp_path: Path, wanted: Entry) -> None:
    (tmp_path / "homes").mkdir()
    with pytest.raises(FilesError, match="homes is a directory"):
        plan({tmp_path / "homes": wanted})


def test_nothing_makes_way_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "homes").write_text("kept")
    with pytest.raises(FilesError, match="homes is a file, not a directory"):
        plan({tmp_path / "homes": entry("directory", mode=0o755)})


def test_a_run_that_died_is_made_up_for(tmp_path: Path) -> None:
    wanted = {tmp_path / name: entry("file", name) for name in ("one", "two")}
    apply(plan(wanted)[0])
    (tmp_path / ".two.new").write_text("half")
    assert [change.path.name for change in converge(wanted)] == ["two"]
    assert sorted(os.listdir(tmp_path)) == ["one", "two"]
