"""How roles, playbooks and files are written, as far as no linter knows it. What roles take is held by test_roles."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "meta").is_dir())
LINES_AT_MOST = 110
# With which the names of tasks begin.
VERB = re.compile(
    r"Add|Ask|Build|Compare|Configure|Copy|Create|End|Fill|Find|Gather|Give|Go|Have|Hold|Install|Issue|Join|Judge|Keep"
    r"|Label|Leave|Log|Look|Make|Manage|Mount|Move|Pin|Prove|Pull|Read|Remember|Remove|Run|Say|Serve|Start"
    r"|Stop|Sum|Take|Trust|Try|Visit|Wait|Withdraw|Write"
)
FORBIDDEN = {"set_fact", "shell", "ignore_errors", "notify", "listen", "handlers"}
FROM_THE_START = re.compile(r"\{\{ lookup\('galilean\.hub\.from_the_start', '([a-z:]+)'(?:, whole=true)?\) \}\}")
SHELLS = {"sh", "bash", "dash"}
INPUT_WITH_DEFAULT = re.compile(r"\b(\w+)\s*\|\s*(?:ansible\.builtin\.)?(?:default|d)\s*\(")
TASK_LISTS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks")
# Formats whose writers add the line themselves, or that have no comments.
WITHOUT_COMMENTS = {".json"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "token": re.compile(
        r"\b(?:gh[pousr]_\w{30,}|glpat-[\w-]{20}|SWMTKN-1-[0-9a-z]{40,}|AKIA[0-9A-Z]{16}|xox[abp]-\w{10,})"
    ),
    "password in an address": re.compile(r"\b[a-z]+://[^\s/:@{}'\"<>]+:[^\s/:@{}'\"<>]{6,}@[\w.-]+"),
}
PACKAGE_REGISTRIES = re.compile(r"\b(?:pypi|files\.pythonhosted|registry\.(?:npmjs|yarnpkg))\.(?:org|com)\b")

# How a template reads an input that may be text: converted, put into other text, or by itself.
AS_BOOLEAN = re.compile(r"\s*\|\s*bool\b")
AS_NUMBER = re.compile(r"\s*(?:\|\s*(?:int|float|string)\b|~)")
BY_ITSELF = re.compile(r".*(?:\{\{|\[|~)\s*@\s*(?:\}\}|\]|~).*")
WHOLE_VALUE = re.compile(r".*[\"']\{\{\s*@\s*\}\}[\"']")

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Names and contents of the files that users get, as far as they are text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                yield name, content.decode("utf-8", errors="replace")


def tasks_in(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Tasks and plays of a file, those inside blocks too."""
    for entry in entries:
        yield entry
        for key in TASK_LISTS:
            yield from tasks_in(entry.get(key) or [])


def options() -> dict[str, dict[str, Any]]:
    return {
        name: option
        for role in ROLES
        for entry in load(role / "meta/argument_specs.yml")["argument_specs"].values()
        for name, option in entry.get("options", {}).items()
    }


def inputs() -> set[str]:
    return set(options())


def readings(role: Path, *types: str) -> Iterator[tuple[Path, str, str, str]]:
    """Where a role reads an input of these types: the file, and the line before the name, the name, and behind it."""
    names = {name for name, option in options().items() if option.get("type") in types}
    for folder in ("tasks", "templates", "vars", "defaults"):
        for path in (file for file in (role / folder).rglob("*") if file.is_file()):
            for line in path.read_text().splitlines():
                for found in re.finditer(r"\b\w+\b(?!:)", line.partition("# ")[0]):
                    if found[0] in names:
                        yield path, line[: found.start()], found[0], line[found.end() :]


@every_role
def test_it_converges_without_what_a_died_run_loses(role: Path) -> None:
    assert not (role / "handlers").exists()
    for path in sorted((role / "tasks").glob("*.yml")):
        for task in tasks_in(load(path)):
            used = {key.removeprefix("ansible.builtin.") for key in task}
            assert not FORBIDDEN & used, f"{path.name}: {task['name']}"


@every_role
def test_a_task_hands_no_script_to_a_shell(role: Path) -> None:
    """A module or a command of the host says what it does, takes check mode, and is found by its name."""
    for path in sorted((role / "tasks").glob("*.yml")):
        for task in tasks_in(load(path)):
            command = task.get("ansible.builtin.command") or {}
            program = next(iter(command.get("argv", ())), "") if isinstance(command, dict) else command.split()[0]
            assert Path(program).name not in SHELLS, f"{path.name}: {task['name']}"


@every_role
def test_a_documented_input_needs_no_default_where_it_is_read(role: Path) -> None:
    known = inputs()
    for folder in ("tasks", "templates", "vars", "defaults"):
        for path in (file for file in (role / folder).rglob("*") if file.is_file()):
            doubled = known.intersection(INPUT_WITH_DEFAULT.findall(path.read_text()))
            assert not doubled, f"{path.relative_to(ROOT)}: {doubled}"


@every_role
def test_a_boolean_that_is_text_is_read_as_what_it_says(role: Path) -> None:
    """`--extra-vars name=false` and INI inventories give a text that is not empty, and so would be true."""
    for path, before, name, behind in readings(role, "bool"):
        assert AS_BOOLEAN.match(behind), f"{path.relative_to(ROOT)}: {before}{name}{behind}"


@every_role
def test_a_number_that_is_text_is_read_as_a_number(role: Path) -> None:
    """But where it becomes text again, or the argument of a module, which knows its type."""
    for path, before, name, behind in readings(role, "int", "float"):
        line = f"{before}@{behind}"
        is_part_of_data = path.parent.name == "vars" and WHOLE_VALUE.fullmatch(line)
        is_read = AS_NUMBER.match(behind) or (BY_ITSELF.fullmatch(line) and not is_part_of_data)
        assert is_read, f"{path.relative_to(ROOT)}: {before}{name}{behind}"


@every_role
def test_tasks_say_what_they_do(role: Path) -> None:
    """By an imperative: what is done to what."""
    for path in sorted((role / "tasks").glob("*.yml")):
        for task in tasks_in(load(path)):
            assert VERB.fullmatch(task["name"].split()[0]), f"{path.relative_to(ROOT)}: {task['name']}"


@every_role
def test_tasks_can_be_read_at_a_glance(role: Path) -> None:
    for path in (role / "tasks").glob("*.yml"):
        assert len(path.read_text().splitlines()) <= LINES_AT_MOST, path.name


@every_role
def test_templates_say_that_they_are_managed(role: Path) -> None:
    for path in (role / "templates").rglob("*.j2"):
        if Path(path.stem).suffix not in WITHOUT_COMMENTS:
            assert "ansible_managed" in "".join(path.read_text().splitlines(keepends=True)[:2]), path.name


# The role cluster does nothing by itself and is part of every scenario.
@pytest.mark.parametrize("role", sorted({role.name for role in ROLES} - {"cluster"}))
def test_it_has_a_scenario_of_its_own(role: str) -> None:
    assert (ROOT / "molecule" / role / "molecule.yml").exists()


@every_role
def test_its_main_entry_is_described(role: Path) -> None:
    main = load(role / "meta/argument_specs.yml")["argument_specs"]["main"]
    assert main["short_description"]
    assert all(option["description"] for option in main.get("options", {}).values())


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_is_nothing_but_plays(path: Path) -> None:
    for play in load(path):
        assert not {*TASK_LISTS, "handlers"} & set(play), play["name"]


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_hosts_of_a_play_wait_for_one_another_whatever_strategy_is_configured(path: Path) -> None:
    for play in (play for play in load(path) if "hosts" in play):
        assert play["strategy"] == "linear", play["name"]


def groups_of(play: Mapping[str, Any]) -> set[str]:
    refused = FROM_THE_START.fullmatch(play["hosts"])
    return set((refused[1] if refused else play["hosts"]).split(":"))


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_each_play_begins_with_what_ends_a_run_whose_hub_has_failed(path: Path) -> None:
    beside_the_hub: set[str] = set()
    for play in (play for play in load(path) if "roles" in play and "vars_files" in play):
        assert play["roles"][0]["role"] == "galilean.hub.cluster", play["name"]
        groups = groups_of(play)
        if "hub" in groups:
            beside_the_hub |= groups
        assert groups <= beside_the_hub, play["name"]


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_a_playbook_that_can_be_run_alone_is_run_from_the_start(path: Path) -> None:
    first = load(path)[0]
    if "vars_files" in first and "always" not in first["tags"]:
        assert FROM_THE_START.fullmatch(first["hosts"])


def test_files_hold_no_secret_no_registry_and_nothing_unfinished() -> None:
    found = []
    for name, text in tracked_texts():
        checks = {**SECRETS, "package registry": PACKAGE_REGISTRIES, "unfinished": UNFINISHED}
        found += [f"{name}: {what}" for what, pattern in checks.items() if pattern.search(text)]
    assert not found
