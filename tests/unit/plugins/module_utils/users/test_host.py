"""What is read and written in homes that somebody else owns."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.users import host
from ansible_collections.galilean.hub.plugins.module_utils.users.databases import Login
from ansible_collections.galilean.hub.plugins.module_utils.users.plan import HandOver
from client import eventually


@pytest.fixture
def login(tmp_path: Path) -> Login:
    home = tmp_path / "home"
    home.mkdir()
    return Login(os.getuid(), os.getgid(), "", str(home), "*", "", ())


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A directory to which nothing may come by a link."""
    directory = tmp_path / "trap"
    directory.mkdir()
    (directory / "authorized_keys").write_text("of somebody else\n")
    return directory


def written(login: Login) -> dict[str, str]:
    return host.read_keys(Path(login.home))


def test_keys_come_and_go(login: Login) -> None:
    ssh = Path(login.home, ".ssh")
    host.write_keys({"kepler": "one\n"}, {"kepler": login})
    (ssh / "authorized_keys2").write_text("of an intruder\n")
    assert written(login) == {"authorized_keys": "one\n", "authorized_keys2": "of an intruder\n"}
    host.write_keys({"kepler": "two\n"}, {"kepler": login})
    assert written(login) == {"authorized_keys": "two\n"}
    assert (ssh.stat().st_mode & 0o777, (ssh / "authorized_keys").stat().st_mode & 0o777) == (0o700, 0o600)
    host.write_keys({"kepler": None}, {"kepler": login})
    assert written(login) == {}
    assert os.listdir(ssh) == []


def in_place_of_the_directory(ssh: Path, trap: Path) -> None:
    ssh.symlink_to(trap)


def in_place_of_the_file(ssh: Path, trap: Path) -> None:
    ssh.mkdir()
    (ssh / "authorized_keys").symlink_to(trap / "authorized_keys")


def in_place_of_the_new_file(ssh: Path, trap: Path) -> None:
    ssh.mkdir()
    (ssh / host.NEW_KEYS).symlink_to(trap / "authorized_keys")


def directories_everywhere(ssh: Path, _trap: Path) -> None:
    for name in (host.NEW_KEYS, *host.KEYS_FILES):
        (ssh / name / "full").mkdir(parents=True)


def a_pipe(ssh: Path, _trap: Path) -> None:
    ssh.mkdir()
    os.mkfifo(ssh / "authorized_keys")


def a_file_in_place_of_the_directory(ssh: Path, _trap: Path) -> None:
    ssh.write_text("")


@pytest.mark.parametrize("content", ["one\n", None])
@pytest.mark.parametrize(
    "lay",
    [
        in_place_of_the_directory,
        in_place_of_the_file,
        in_place_of_the_new_file,
        directories_everywhere,
        a_pipe,
        a_file_in_place_of_the_directory,
    ],
)
def test_nobody_leads_root_elsewhere_or_stops_a_run(login: Login, trap: Path, lay: object, content: str | None) -> None:
    assert callable(lay)
    lay(Path(login.home, ".ssh"), trap)
    assert "of somebody else" not in "".join(written(login).values())
    host.write_keys({"kepler": content}, {"kepler": login})
    assert written(login) == ({"authorized_keys": content} if content else {})
    assert (trap / "authorized_keys").read_text() == "of somebody else\n"
    assert os.listdir(trap) == ["authorized_keys"]


def test_a_directory_that_a_run_that_died_has_left_to_root_becomes_its_owners(login: Login) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    Path(login.home, ".ssh").mkdir(mode=0o700)
    host.write_keys({"kepler": "one\n"}, {"kepler": replace(login, uid=1234)})
    assert {path.stat().st_uid for path in (Path(login.home, ".ssh"), Path(login.home, ".ssh/authorized_keys"))} == {
        1234
    }


def test_a_home_is_given_away_from_its_innermost_file_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns a directory may put a link in the place of what is in it."""
    (tmp_path / "skel/outer/inner").mkdir(parents=True)
    (tmp_path / "skel/outer/inner/file").write_text("")
    given: list[str] = []

    def give(path: Path, *_owner: int, follow_symlinks: bool) -> None:
        assert not follow_symlinks
        given.append(path.name)

    monkeypatch.setattr(host, "SKELETON", tmp_path / "skel")
    monkeypatch.setattr(os, "chown", give)
    host.make_homes({str(tmp_path / "home"): (1234, 1234)})
    assert given == ["file", "inner", "outer", ".home.new"]


def test_who_comes_is_known_by_all_uids_of_a_process() -> None:
    assert host._uids(os.getpid(), inherited=host.NOBODY_LOGGED_IN) >= {os.getuid()} - {0}


def test_what_keeps_root_out_of_the_keys_is_taken_for_none(tmp_path: Path) -> None:
    """A name that is too long stands for a file system whose owner keeps root out: neither can be looked into."""
    assert host.read_keys(tmp_path / ("x" * 300)) == {"authorized_keys": ""}
    assert host.read_keys(tmp_path) == {}


AS_SOMEBODY = ["setpriv", "--reuid=54321", "--clear-groups"]


@pytest.mark.parametrize(
    ("command", "is_found"),
    [
        ([*AS_SOMEBODY], True),
        (["unshare", "--pid", "--fork", *AS_SOMEBODY], False),
        ([*AS_SOMEBODY, "unshare", "--user", "--pid", "--fork"], True),
    ],
)
def test_uids_of_containers_that_root_has_started_are_of_nobody_here(command: list[str], is_found: bool) -> None:
    """In a user namespace, which people make by themselves, a uid is still theirs."""
    if os.getuid() != 0:
        pytest.skip("only root becomes somebody else")
    # The time tells it apart from what others run.
    sleep = ["sleep", f"600.{os.getpid()}"]
    started = subprocess.Popen([*command, *sleep])
    try:
        sleeping = eventually(lambda: process_of(sleep), "it sleeps")
        uids = host._uids(sleeping, inherited=host.NOBODY_LOGGED_IN)
        os.kill(sleeping, signal.SIGKILL)
        assert (54321 in uids) is is_found
    finally:
        started.kill()
        started.wait()


def process_of(command: Sequence[str]) -> int | None:
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cmdline").read_text() == "".join(f"{word}\0" for word in command):
                return int(path.name)
    return None


def test_files_are_handed_over_without_what_others_own_and_what_links_lead_to(login: Login, trap: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives files away")
    home = Path(login.home)
    (home / "work").mkdir()
    (home / "work/file").write_text("mine")
    (home / "link").symlink_to(trap)
    for path in (home, home / "work", home / "work/file", home / "link"):
        os.chown(path, 1234, -1, follow_symlinks=False)
    (home / "of-root").write_text("")
    host.hand_over(HandOver(str(home), 1234, 999))
    owners = {path.name: path.lstat().st_uid for path in (home, *home.rglob("*"))}
    assert owners == {"home": 999, "work": 999, "file": 999, "link": 999, "of-root": 0}
    assert trap.stat().st_uid == 0


def test_what_somebody_leaves_behind_is_kept_and_a_job_that_has_begun_meanwhile_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "ARCHIVE", tmp_path / "archive")
    monkeypatch.setattr(host, "AT_JOBS", tmp_path / "atjobs")
    host.AT_JOBS.mkdir()
    (host.AT_JOBS / "a1").write_text("job\n")
    found = host.belongings({os.getuid(): "kepler"})
    assert found == {"kepler": [str(host.AT_JOBS / "a1")]}
    (host.AT_JOBS / "a1").rename(host.AT_JOBS / "=1")
    host.take_away(found)
    host.take_away(host.belongings({os.getuid(): "kepler"}))
    assert host.belongings({os.getuid(): "kepler"}) == {}
    assert (host.ARCHIVE / "kepler/atjobs-=1").read_text() == "job\n"
