"""What the module files makes of a host's files, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testinfra.host import Host

DIRECTORY = "/etc/galilean-files"
Files = Callable[..., dict[str, Any]]


@pytest.fixture
def host(hosts: dict[str, Host]) -> Iterator[Host]:
    host = hosts["io"]
    yield host
    host.check_output(f"rm -rf {DIRECTORY}")


@pytest.fixture
def files(run_module: Callable[..., dict[str, Any]]) -> Files:
    """Run the module on io, and give its result back."""

    def run(*entries: dict[str, str], check: bool = False) -> dict[str, Any]:
        directory = {"path": DIRECTORY, "state": "directory", "mode": "0755"}
        return run_module("io", "files", {"files": [directory, *entries]}, *(["--check"] if check else []))

    return run


def config(content: str, **options: str) -> dict[str, str]:
    return {"path": f"{DIRECTORY}/config", "content": content, "mode": "0640", **options}


def test_check_mode_tells_and_changes_nothing(host: Host, files: Files) -> None:
    result = files(config("wanted\n", owner="nobody-yet", validate="no-such-program %s"), check=True)
    assert result["paths"] == [DIRECTORY, f"{DIRECTORY}/config"]
    assert not host.file(DIRECTORY).exists


def test_owner_and_mode_are_kept(host: Host, files: Files) -> None:
    assert files(config("wanted\n", group="daemon"))["changed"]
    host.check_output(f"chmod 0666 {DIRECTORY}/config")
    assert files(config("wanted\n", group="daemon"), check=True)["changed"]
    assert files(config("wanted\n", group="daemon"))["changed"]
    assert not files(config("wanted\n", group="daemon"))["changed"]
    file = host.file(f"{DIRECTORY}/config")
    assert (file.user, file.group, file.mode) == ("root", "daemon", 0o640)


def test_nothing_is_changed_when_one_file_is_wrong(host: Host, files: Files) -> None:
    files(config("right\n"))
    wrong = {"path": f"{DIRECTORY}/wrong", "content": "wrong\n", "mode": "0644", "validate": "grep -q right %s"}
    result = files(config("also right\n"), wrong)
    assert f"{DIRECTORY}/wrong would be wrong" in result["msg"]
    assert host.file(f"{DIRECTORY}/config").content_string == "right\n"


def test_an_owner_who_does_not_exist_is_named(host: Host, files: Files) -> None:
    assert "owner" in files(config("wanted\n", owner="nobody-yet"))["msg"]
    assert not host.file(DIRECTORY).exists


def test_contents_do_not_get_into_the_journal(host: Host, files: Files) -> None:
    files(config("hunter2hunter2\n"))
    assert "hunter2hunter2" not in host.check_output("journalctl --no-pager --output cat")
