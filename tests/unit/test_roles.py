"""What holds for every role: what it takes is described, and nothing is described that it does not take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "meta").is_dir())
TEXT_TYPES = {"str", "path", "raw"}


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {} if path.exists() else {}


def options_of(role: Path) -> dict[str, dict[str, Any]]:
    return load(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def is_template(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_default_is_the_one_that_is_described(role: Path) -> None:
    defaults = load(role / "defaults/main.yml")
    options = options_of(role)
    assert set(defaults) == {name for name, option in options.items() if not option.get("required")}
    for name, value in defaults.items():
        if is_template(value) and options[name].get("type", "str") not in TEXT_TYPES:
            assert "default" not in options[name], f"{name}: a template is no value of its type"
        else:
            assert options[name].get("default") == value, name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_option_is_read(role: Path) -> None:
    files = (path for folder in ("roles", "playbooks") for path in (ROOT / folder).rglob("*") if path.is_file())
    readers = [
        re.sub(r"^\s*\w+:", "", path.read_text(), flags=re.MULTILINE)
        for path in files
        if path.suffix in {".yml", ".j2"} and path.name != "argument_specs.yml"
    ]
    unread = [name for name in options_of(role) if not any(re.search(rf"\b{name}\b", text) for text in readers)]
    assert not unread


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_says_what_it_is_for(role: Path) -> None:
    assert (role / "README.md").read_text().startswith(f"# {role.name}\n")
    assert load(role / "meta/main.yml")["dependencies"] == []
