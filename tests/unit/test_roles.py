"""What holds for every role: what it takes is described, and nothing is described that it does not take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import roles, values
from clusters import options

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "meta").is_dir())
# Where a role reads variables.
FOLDERS = ("defaults", "vars", "tasks", "templates")
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
def test_it_reads_of_the_cluster_only_what_the_role_cluster_declares(role: Path) -> None:
    """So it works in anybody's play, which has neither the groups nor the files of the collection's own plays."""
    cluster = ROOT / "roles/cluster"
    tasks = "".join(path.read_text() for path in (cluster / "tasks").glob("*.yml"))
    registered = re.findall(r"register: (\w+)", tasks)
    declared = {*options_of(cluster), *load(cluster / "vars/main.yml"), *registered}
    for path in (path for folder in FOLDERS for path in (role / folder).rglob("*.*") if path.suffix in {".yml", ".j2"}):
        read = set(re.findall(r"(?<!\w)cluster_\w+", re.sub(r"(?m)^\s*#.*", "", path.read_text())))
        assert read <= declared, path.relative_to(ROOT)
        assert not re.search(r"\bgroups[\[.]", path.read_text()), path.relative_to(ROOT)


def test_what_plays_derive_from_the_groups_is_what_the_role_cluster_takes() -> None:
    derived = load(ROOT / "playbooks/vars/cluster.yml")
    assert {*derived} <= {*options_of(ROOT / "roles/cluster")}
    assert all("groups[" in value for value in derived.values())


def given_to_added_hosts(tasks: Any) -> Iterator[str]:
    """Names of variables, besides Ansible's own, and those of the role that are nobody's to set."""
    if isinstance(tasks, list):
        for task in tasks:
            yield from given_to_added_hosts(task)
    elif isinstance(tasks, dict):
        for name, value in tasks.items():
            if name == "ansible.builtin.add_host":
                yield from (
                    key for key in value if key not in {"name", "groups"} and not key.startswith(("ansible_", "__"))
                )
            yield from given_to_added_hosts(value)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_what_it_gives_to_hosts_that_it_adds_is_described(role: Path) -> None:
    """They are in the inventory for the rest of the run, and what no role describes is refused there."""
    for path in (role / "tasks").glob("*.yml"):
        assert {*given_to_added_hosts(yaml.safe_load(path.read_text()))} <= {*options_of(role)}, path.name


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_says_what_it_is_for(role: Path) -> None:
    assert (role / "README.md").read_text().startswith(f"# {role.name}\n")
    assert load(role / "meta/main.yml")["dependencies"] == []


ALL_INPUTS = {name: role.name for role in ROLES for name in options_of(role)}
SAYING = [role for role in ROLES if (role / "meta/validation.py").exists()]
every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
each_that_says_something = pytest.mark.parametrize("role", SAYING, ids=lambda role: role.name)


def places(role: Path) -> dict[str, values.Option]:
    """What people may set of a role, and the keys inside it."""
    found = dict(options(role.name))
    for name, option in options(role.name).items():
        found |= {f"{name}.{key}": part for key, part in option.get("options", {}).items()}
    return found


@every_role
def test_each_input_has_limits(role: Path) -> None:
    """A number its range, a text its form, a mapping the parts it may hold."""
    for place, option in places(role).items():
        kind = option.get("type", "str")
        element = option.get("elements", kind)
        if element in ("int", "float"):
            assert "range" in option, place
        elif element in ("str", "path", "raw"):
            assert option.get("choices") or "form" in option, place
        elif kind == "dict":
            assert option.get("options") or "entries" in option, place


@each_that_says_something
def test_no_limit_is_left_over(role: Path) -> None:
    limits = roles.limits(role.name)
    keys = {place.rpartition(".")[2] for place in places(role) if "." in place}
    assert {*limits.ranges, *limits.forms, *limits.entries, *limits.per_host} <= set(options_of(role))
    assert {*limits.ranges_of_keys, *limits.forms_of_keys} <= keys
    assert {*limits.not_empty} <= keys | set(options_of(role))


@every_role
def test_each_default_is_within_its_limits(role: Path) -> None:
    for name, option in options(role.name).items():
        if option["default"] is not None and "{{" not in str(option["default"]):
            assert values.check("io", name, option["default"], option) == []


@each_that_says_something
def test_a_role_says_nothing_of_the_inputs_of_others(role: Path) -> None:
    """What is between roles stands in between.py."""
    words = set(re.findall(r"\w+", (role / "meta/validation.py").read_text()))
    assert {name: owner for name, owner in ALL_INPUTS.items() if name in words and owner != role.name} == {}
