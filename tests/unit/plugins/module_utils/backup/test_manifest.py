"""What a manifest has of a tree, and what it gives back to one that was restored without it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.backup import manifest
from ansible_collections.galilean.hub.plugins.module_utils.backup.manifest import scan

NAME = "/srv/ada"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "notes").mkdir(parents=True)
    (home / "notes" / "a\nb").write_text("a")
    (home / "notes" / "first").write_text("twice")
    os.link(home / "notes" / "first", home / "second")
    Path(os.fsdecode(bytes(home) + b"/\xff")).write_text("no text")
    (home / "shadow").symlink_to("/etc/shadow")
    os.mkfifo(home / "pipe")
    for cache in (home / ".cache", home / "notes" / ".cache", home / ".local/share/Trash"):
        cache.mkdir(parents=True)
        (cache / "file").touch()
    with (home / "sparse").open("wb") as file:
        file.truncate(1_000_000)
    return home


def test_names_of_all_kinds_survive_the_file(home: Path, tmp_path: Path) -> None:
    found = scan(home, NAME)
    manifest.write(tmp_path / "manifest", {"instance": "main"}, found)
    header, read = manifest.read(tmp_path / "manifest")
    assert read == found
    assert header["instance"] == "main"
    assert header["files"] == len([entry for entry in found.values() if entry.kind == "file"])


def test_no_link_is_followed_and_a_pipe_is_none(home: Path) -> None:
    found = scan(home, NAME)
    assert found[f"{NAME}/shadow"].kind == "link"
    assert found[f"{NAME}/shadow"].target == "/etc/shadow"
    assert f"{NAME}/pipe" not in found


@pytest.mark.parametrize(
    ("patterns", "left_out"),
    [
        ([".cache"], [".cache", ".cache/file", "notes/.cache", "notes/.cache/file"]),
        (["share/Trash"], [".local/share/Trash", ".local/share/Trash/file"]),
        (["f*t"], ["notes/first"]),
        (["notes/a*"], ["notes/a\nb"]),
        (["home"], []),
    ],
)
def test_what_is_excluded_is_so_at_any_depth(home: Path, patterns: list[str], left_out: list[str]) -> None:
    every, some = scan(home, NAME), scan(home, NAME, patterns)
    assert sorted(every.keys() - some.keys()) == sorted(f"{NAME}/{path}" for path in left_out)


def test_a_file_is_read_again_only_when_it_changed(home: Path) -> None:
    known = {name: replace(entry, digest="known") for name, entry in scan(home, NAME).items()}
    (home / "second").write_text("other")
    again = scan(home, NAME, known=known)
    read = {name for name, entry in again.items() if entry.kind == "file" and entry.digest != "known"}
    assert read == {f"{NAME}/second", f"{NAME}/notes/first"}


def test_a_path_without_end_is_left_out_and_named(home: Path) -> None:
    with manifest.opened(str(home)) as top:
        directory = os.dup(top)
    for _level in range(3000):
        os.mkdir("d", dir_fd=directory)
        inner = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = inner
    os.close(directory)
    try:
        left_out: list[str] = []
        found = scan(home, NAME, leave_out=left_out.append)
        assert max(map(len, found)) == manifest.LONGEST_PATH
        assert [len(name) for name in left_out] == [manifest.LONGEST_PATH + 2]
    finally:
        subprocess.run(["rm", "-r", home / "d"], check=True)


def test_a_file_of_nothing_but_holes_is_left_out_and_named(home: Path) -> None:
    with (home / "hollow").open("wb") as file:
        file.truncate(4 << 40)
    left_out: list[str] = []
    found = scan(home, NAME, leave_out=left_out.append)
    assert left_out == [f"{NAME}/hollow"]
    assert f"{NAME}/hollow" not in found
    assert f"{NAME}/sparse" in found


def test_what_a_disk_does_not_give_is_no_file_that_is_gone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(OSError, match="Input/output"):
        scan(home, NAME)


def copied(home: Path) -> Path:
    """As duplicity restores it: without hard links and holes, and with whole seconds."""
    restored = home.with_name("restored")
    shutil.copytree(home, restored, symlinks=True, ignore=shutil.ignore_patterns("pipe"))
    (restored / "sparse").write_bytes(bytes(1_000_000))
    for path in (restored, *restored.rglob("*")):
        os.utime(path, (1, 1), follow_symlinks=False)
    return restored


def test_a_mended_tree_is_as_it_was(home: Path) -> None:
    wanted, restored = scan(home, NAME), copied(home)
    assert manifest.differences(wanted, scan(restored, NAME))
    manifest.mend(restored, NAME, wanted)
    assert manifest.differences(wanted, scan(restored, NAME)) == {}
    assert (restored / "second").samefile(restored / "notes" / "first")
    assert (restored / "sparse").stat().st_blocks * 512 < 1_000_000


def test_names_that_came_back_with_other_content_stay_two_files(home: Path) -> None:
    wanted, restored = scan(home, NAME), copied(home)
    (restored / "second").write_text("of its own")
    manifest.mend(restored, NAME, wanted)
    assert (restored / "notes" / "first").read_text() == "twice"
    assert (restored / "second").read_text() == "of its own"


def test_what_has_become_a_link_is_not_mended_through_it(home: Path, tmp_path: Path) -> None:
    wanted, restored = scan(home, NAME), copied(home)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "first").write_text("of the system")
    before = (elsewhere / "first").stat()
    shutil.rmtree(restored / "notes")
    (restored / "notes").symlink_to(elsewhere)
    manifest.mend(restored, NAME, wanted)
    after = (elsewhere / "first").stat()
    assert (before.st_mtime_ns, before.st_ino, before.st_nlink) == (after.st_mtime_ns, after.st_ino, after.st_nlink)


def change_content(home: Path) -> None:
    (home / "second").write_text("tWice")


def change_mode(home: Path) -> None:
    (home / "second").chmod(0o600)


def change_target(home: Path) -> None:
    (home / "shadow").unlink()
    (home / "shadow").symlink_to("/etc/passwd")


def remove(home: Path) -> None:
    (home / "second").unlink()


def add(home: Path) -> None:
    (home / "third").touch()


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        (change_content, "second", "digest"),
        (change_mode, "second", "mode"),
        (change_target, "shadow", "target"),
        (remove, "second", "is missing"),
        (add, "third", "was not there"),
    ],
)
def test_each_difference_is_told(home: Path, change: Callable[[Path], None], name: str, told: str) -> None:
    wanted = scan(home, NAME)
    change(home)
    assert told in manifest.differences(wanted, scan(home, NAME))[f"{NAME}/{name}"]
