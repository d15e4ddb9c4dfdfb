"""A task as a play runs it, on this machine: files are given to root, so it has to be run as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
# A module that Ansible sends is run by it, and cannot be.
NO_PYTHON = "/nonexistent/python3"


def output(directory: Path, interpreter: str, *flags: str, **wanted: Any) -> str:
    """What Ansible prints of a task that writes one file."""
    command = [
        *(sys.executable, "-m", "ansible", "adhoc", "localhost", "--connection", "local"),
        *("--extra-vars", f"ansible_python_interpreter={interpreter}"),
        *("--module-name", "galilean.hub.files", "--args", json.dumps({"files": [wanted]})),
        *flags,
    ]
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".lab" / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "tmp"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False).stdout


def run(directory: Path, interpreter: str, *flags: str, **wanted: Any) -> dict[str, Any]:
    """The result of the task."""
    printed = output(directory, interpreter, *flags, **wanted)
    result: dict[str, Any] = json.JSONDecoder().raw_decode(printed, printed.index("=> {") + 3)[0]
    return result


def test_a_module_is_sent_only_where_something_is_to_be_changed(tmp_path: Path) -> None:
    motd = {"path": str(tmp_path / "motd"), "content": "Jupiter\n", "mode": "0644"}
    assert "was not found" in run(tmp_path, NO_PYTHON, **motd)["msg"]
    assert run(tmp_path, sys.executable, **motd)["rewritten"] == [motd["path"]]
    assert (tmp_path / "motd").read_text() == "Jupiter\n"
    assert run(tmp_path, NO_PYTHON, **motd)["changed"] is False


@pytest.mark.parametrize("flags", [(), ("--check",)], ids=["run", "check"])
def test_the_module_itself_refuses(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "motd").mkdir()
    refused = run(tmp_path, sys.executable, *flags, path=str(tmp_path / "motd"), content="", mode="0644")
    assert "is a directory, which is not replaced" in refused["msg"]


def test_the_module_itself_tells_of_differences(tmp_path: Path) -> None:
    wanted = {"path": str(tmp_path / "motd"), "content": "Io\n", "mode": "0644"}
    assert "+Io" in output(tmp_path, sys.executable, "--check", "--diff", **wanted)
    assert not (tmp_path / "motd").exists()
