"""What a host needs in order to look is its own Python and what is sent to it."""

from __future__ import annotations

import importlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils.look import ON_HOST, LookingAction

ACTIONS = "ansible_collections.galilean.hub.plugins.action"
LOOKING = {
    file.stem: action
    for file in sorted(Path(__file__).parents[4].glob("plugins/action/*.py"))
    if issubclass(action := importlib.import_module(f"{ACTIONS}.{file.stem}").ActionModule, LookingAction)
}
LOAD = "import json, sys; given = json.load(sys.stdin); exec(given['program'])"


def on_host(given: str | None, then: str) -> subprocess.CompletedProcess[str]:
    command = ["python3", "-I", "-S", "-c", f"{LOAD}; {then}"]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def looked(name: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
    return on_host(LOOKING[name].LOOK.given(arguments), "look(given)")


@pytest.mark.parametrize("name", LOOKING)
def test_a_module_that_looks_needs_nothing_else(name: str) -> None:
    look = LOOKING[name].LOOK
    given = {"program": ON_HOST, "module": look.module, "sources": look.sources, "params": {}, "rules": {}}
    prepared = on_host(json.dumps(given), "prepare(given); importlib.import_module(given['module']).main")
    assert prepared.returncode == 0, prepared.stderr


def test_what_is_found_is_the_result_of_the_module(tmp_path: Path) -> None:
    wanted = {"path": str(tmp_path / "motd"), "content": "Jupiter\n", "mode": "0644"}
    found = json.loads(looked("files", files=[wanted]).stdout)
    assert found["changed"]
    assert found["rewritten"] == [wanted["path"]]
    assert not (tmp_path / "motd").exists()


def test_a_module_that_complains_is_to_be_run_in_full(tmp_path: Path) -> None:
    (tmp_path / "motd").mkdir()
    unclear = looked("files", files=[{"path": str(tmp_path / "motd"), "content": "", "mode": "0644"}])
    assert unclear.returncode != 0
    assert "is a directory" in unclear.stderr


def test_wrong_arguments_are_for_the_module_to_refuse() -> None:
    assert LOOKING["files"].LOOK.given({"files": [{"path": "/nowhere", "colour": "red"}]}) is None
    assert LOOKING["host_info"].LOOK.given({"device": "/dev/none"}) is None


@pytest.mark.parametrize("name", LOOKING)
def test_a_module_has_no_rules_but_those_by_which_its_arguments_are_checked(name: str) -> None:
    look = LOOKING[name].LOOK
    given = {"program": ON_HOST, "module": look.module, "sources": look.sources, "params": {}, "rules": look.rules}
    ran = on_host(json.dumps(given), "look(given)")
    assert "were not checked by its rules" not in ran.stderr
