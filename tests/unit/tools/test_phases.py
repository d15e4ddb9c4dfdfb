"""What `make test` runs in which order, where it stops, and what it says of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import phases
import pytest

PROGRAM = Path(phases.__file__)
Run = Callable[..., subprocess.CompletedProcess[str]]
# `first` writes a line to what has run, as every phase does; `broken` fails; `tests` ends as pytest does.
MAKEFILE = """
first second third tests broken:
\t@echo $@ >>ran
\t@[ $@ != tests ] || echo '== 3 passed, 1 skipped in 0.42s =='
\t@[ $@ != broken ]
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run phases in a repository of their own."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "CONTRIBUTING.md").write_text("| `first` | 0 |\n| `second` | 9 |\n| `all` | 35 |\n")
    (tmp_path / ".gitignore").write_text("artifacts\n.cache\nran\n")
    (tmp_path / "artifacts").mkdir()

    def runs(*arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "ran").write_text("")
        command = [sys.executable, PROGRAM, *arguments]
        environment = {**os.environ, "MAKEFLAGS": ""}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return runs


@pytest.fixture
def ran(tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: (tmp_path / "ran").read_text().split()


def test_rows_end_before_those_behind_them_begin(run: Run, ran: Callable[[], list[str]]) -> None:
    ended = run("first second", "nice third", "then", "tests")
    assert ended.returncode == 0
    assert sorted(ran()[:3]) == ["first", "second", "third"]
    assert ran()[3] == "tests"
    assert ended.stdout.splitlines()[-1] == "3 passed, 0 failed"


def test_nothing_begins_after_a_phase_that_failed(run: Run, ran: Callable[[], list[str]]) -> None:
    ended = run("broken first", "then", "second")
    assert ended.returncode == 1
    assert ran() == ["broken"]
    assert ended.stdout.splitlines()[-1] == "0 passed, 1 failed"


def test_others_begin_where_they_are_asked_to_go_on(run: Run, ran: Callable[[], list[str]]) -> None:
    ended = run("--keep-going", "broken first", "then", "second")
    assert ended.returncode == 1
    assert ran() == ["broken", "first", "second"]
    assert ended.stdout.splitlines()[-1] == "0 passed, 1 failed"


def test_a_phase_that_passed_on_the_same_tree_is_not_run_again(
    run: Run, ran: Callable[[], list[str]], tmp_path: Path
) -> None:
    run("--keep-going", "--resume", "first", "then", "broken")
    run("--keep-going", "--resume", "first", "then", "broken")
    assert ran() == ["broken"]
    run("--keep-going", "--resume", "--raise", "first", "first", "then", "broken")
    assert ran() == ["first", "broken"], "what is left needs what the first raises"
    run("--resume", "--raise", "first", "first")
    assert ran() == []
    (tmp_path / "another").write_text("file")
    run("--resume", "first")
    assert ran() == ["first"]


def test_the_table_names_what_is_over_its_budget(run: Run) -> None:
    lines = run("first second third").stdout.partition("seconds  budget  phase\n")[2].splitlines()
    assert [("over its budget" in line, line.split()[1]) for line in lines[:3]] == [
        (True, "0"), (False, "540"), (False, "-"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("log", "summary"),
    [
        ("====== 65 passed in 1848.12s (0:30:48) ======", "65 passed"),
        ("== 1 failed, 64 passed, 2 warnings in 3.1s ==", "1 failed, 64 passed, 2 warnings"),
        ("1270 passed in 60.2s (0:01:00)", "1270 passed"),
        ("4 points, 4 converged", "4 points, 4 converged"),
        ("== 3 passed in 1.2s ==\n== 2 passed, 1 deselected in 0.10s ==", "5 passed, 1 deselected"),
        ("2 passed the gate", ""),
        ("ok: [jupiter] 3 passed in 4 s", ""),
    ],
)
def test_how_runners_end(log: str, summary: str) -> None:
    assert phases.summary_of(log) == summary
