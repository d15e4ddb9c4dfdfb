"""Questions are asked at once and apart from each other, and one without an answer keeps nobody from the others."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.within import within

LONG_ENOUGH = 60


def refuse() -> NoReturn:
    raise PermissionError("only root may")


def stumble() -> NoReturn:
    raise KeyError("export_id")


@pytest.mark.parametrize("answer", ["", "é\udcff", 0, None, ["x"] * 100_000, {"path": "/srv"}])
def test_an_answer_comes_as_it_is(answer: Any) -> None:
    assert within(LONG_ENOUGH, {"it": lambda: answer}) == ({"it": answer}, {})


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (refuse, "only root may"),
        (stumble, "KeyError: 'export_id'"),
        (lambda: sys.exit(1), "SystemExit: 1"),
        (lambda: {1, 2}, "TypeError: Object of type set is not JSON serializable"),
        (lambda: os._exit(3), "it ended without an answer"),
    ],
)
def test_what_goes_wrong_is_the_reason(ask: Any, reason: str) -> None:
    assert within(LONG_ENOUGH, {"wrong": ask, "right": lambda: 1}) == ({"right": 1}, {"wrong": reason})


def test_what_hangs_is_given_up_and_ended(tmp_path: Path) -> None:
    """As opening a pipe to which nobody writes does."""
    os.mkfifo(tmp_path / "pipe")
    many = list(range(100_000))

    def hang() -> str:
        (tmp_path / "process").write_text(str(os.getpid()))
        return (tmp_path / "pipe").read_text()

    answers, reasons = within(2, {"first": hang, "many": lambda: many, "last": lambda: "here"})
    assert answers == {"many": many, "last": "here"}
    assert reasons == {"first": "no answer within 2 s"}
    process = Path("/proc", (tmp_path / "process").read_text())
    deadline = time.monotonic() + LONG_ENOUGH
    while process.exists() and "State:\tZ" not in (process / "status").read_text():
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.05)


def test_one_question_does_not_wait_for_another(tmp_path: Path) -> None:
    """The first ends once the second has begun."""
    os.mkfifo(tmp_path / "pipe")

    def write() -> bool:
        return bool((tmp_path / "pipe").write_text("word"))

    assert within(LONG_ENOUGH, {"read": (tmp_path / "pipe").read_text, "write": write})[0] == {
        "read": "word",
        "write": True,
    }


def test_nothing_stays_of_what_one_does_to_itself(tmp_path: Path) -> None:
    before = os.getcwd()
    assert within(LONG_ENOUGH, {"there": lambda: os.chdir(tmp_path)}) == ({"there": None}, {})
    assert os.getcwd() == before
