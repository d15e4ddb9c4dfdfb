"""What a home with a quota holds, and what it does not."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Mount, Volume

MIB = 1 << 20
DEADLINE_SECONDS = 30
FULL = "Disk quota exceeded"
FULL_ON_XFS = "No space left on device"


def is_full(words: str) -> bool:
    return FULL in words or FULL_ON_XFS in words


def test_a_home_shows_its_quota_and_holds_no_more(volume: Volume) -> None:
    assert volume.ensure("ada", 10 * MIB)["quota_bytes"] == 10 * MIB
    assert volume.total("ada") == 10 * MIB
    assert not is_full(volume.fill("ada", "small", 5))
    assert volume.free("ada") < 5 * MIB
    assert is_full(volume.fill("ada", "large", 6))
    assert volume.as_owner("ada", "rm small large && cat .profile").stdout == "umask 027\n"
    assert not is_full(volume.fill("ada", "small", 5))


def test_directories_in_a_home_count_and_show_the_same(volume: Volume) -> None:
    volume.ensure("ada", 10 * MIB)
    volume.as_owner("ada", "mkdir -p deep/down")
    assert volume.total("ada/deep/down") == 10 * MIB
    assert is_full(volume.fill("ada", "deep/down/large", 11))


def test_a_home_holds_a_file_for_each_16_kib(volume: Volume) -> None:
    volume.ensure("ada", 2 * MIB)
    done = volume.as_owner("ada", "for n in $(seq 200); do : >file-$n || exit; done")
    assert is_full(done.stderr)
    # Half a dozen less than 128: the home itself and its skeleton.
    assert 120 <= len(os.listdir(volume.homes / "ada")) <= 128


def test_homes_do_not_share(volume: Volume) -> None:
    for name in ("ada", "bob"):
        volume.ensure(name, 4 * MIB)
    assert is_full(volume.fill("ada", "large", 5))
    assert not is_full(volume.fill("bob", "small", 3))


def test_a_quota_changes_when_the_hub_asks_for_another(volume: Volume) -> None:
    volume.ensure("ada", 4 * MIB)
    volume.fill("ada", "file", 3)
    assert volume.ensure("ada", 2 * MIB) == {**volume.ensure("ada", 2 * MIB), "created": False}
    assert volume.free("ada") == 0
    assert is_full(volume.fill("ada", "more", 1))
    volume.ensure("ada", 20 * MIB)
    assert not is_full(volume.fill("ada", "more", 10))
    volume.ensure("ada", 0)
    assert not is_full(volume.fill("ada", "most", 30))
    assert volume.total("ada") > 200 * MIB


def test_who_counts_his_files_to_another_project_holds_no_more(volume: Volume) -> None:
    volume.ensure("ada", 4 * MIB)
    volume.fill("ada", "file", 3)
    assert volume.as_owner("ada", "chattr -p 0 file").returncode == 0
    assert volume.free("ada") > 3 * MIB
    assert is_full(volume.fill("ada", "more", 3))


def restore(volume: Volume, name: str, files: int = 40, owner: int = 200042) -> Path:
    """A home as a backup gives it back, by the hands of root: nothing in it is counted to a project."""
    home = volume.homes / name
    (home / "deep").mkdir(parents=True)
    (home / "pipe").touch()
    (home / "pipe").unlink()
    os.mkfifo(home / "pipe")
    (home / "link").symlink_to("/etc/shadow")
    for number in range(files):
        (home / "deep" / f"file-{number}").write_bytes(b"x" * 65536)
    for path in (*home.rglob("*"), home):
        os.chown(path, owner, owner, follow_symlinks=False)
    return home


def test_a_restored_home_is_counted_even_when_it_is_larger_than_its_quota(volume: Volume) -> None:
    restore(volume, "ada")
    assert volume.ensure("ada", 2 * MIB)["uid"] == 200042
    assert volume.total("ada") == 2 * MIB
    assert volume.free("ada") == 0
    assert is_full(volume.fill("ada", "more", 1))
    volume.as_owner("ada", "rm deep/file-*")
    # XFS gives back what was removed a moment later.
    eventually(lambda: volume.as_owner("ada", "echo works >file").returncode == 0)
    assert volume.total("ada/deep") == 2 * MIB
    assert 0 < volume.free("ada") < 2 * MIB


def test_counting_that_was_cut_off_is_done_again(volume: Volume) -> None:
    home = restore(volume, "ada", files=1500)
    names = os.listdir(home / "deep")
    first, last = home / "deep" / names[0], home / "deep" / names[-1]
    keeper = subprocess.Popen(volume.command(200 * MIB, "ada"))
    eventually(lambda: 200042 in (project(first), project(last)))
    keeper.kill()
    keeper.wait()
    assert project(home) == 0
    volume.ensure("ada", 200 * MIB)
    assert project(first) == project(last) == project(home) == 200042
    assert volume.free("ada") < 110 * MIB


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not look():
        assert time.monotonic() < deadline


def project(path: Path) -> int:
    listed = subprocess.run(["lsattr", "-dp", path], capture_output=True, text=True, check=True).stdout
    return int(listed.split()[0])


def test_no_home_is_ever_without_its_limit(volume: Volume) -> None:
    for number in range(30):
        (volume.skeleton / f"file-{number}").write_text("x")
    for delay_milliseconds in range(0, 200, 40):
        names = [f"user-{delay_milliseconds}-{number}" for number in range(200)]
        keeper = subprocess.Popen(volume.command(2 * MIB, *names), stdout=subprocess.DEVNULL)
        eventually((volume.homes / names[0]).exists)
        time.sleep(delay_milliseconds / 1000)
        keeper.kill()
        keeper.wait()
        for home in volume.homes.glob("user-*"):
            assert volume.total(home.name) == 2 * MIB
    assert list(volume.homes.glob(".new-*")), "no home was cut off"


def test_a_skeleton_larger_than_the_quota_makes_no_home(volume: Volume) -> None:
    (volume.skeleton / "course").write_bytes(b"x" * 3 * MIB)
    with pytest.raises(AssertionError, match=f"{FULL}|{FULL_ON_XFS}"):
        volume.ensure("ada", 2 * MIB)
    assert not (volume.homes / "ada").exists()


@pytest.mark.parametrize("options", ["defaults", "usrquota", "prjquota"])
def test_a_volume_without_both_quotas_is_no_place_for_a_home_with_one(mount: Mount, options: str) -> None:
    volume = mount(options)
    with pytest.raises(AssertionError, match="the file system of the homes has no quotas of users and projects"):
        volume.ensure("ada", 2 * MIB)
    assert not (volume.homes / "ada").exists()
    assert volume.ensure("ada", 0)["created"]
