"""What can be seen of a run of Ansible from here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.plugin_utils import run
from ansible_collections.galilean.hub.plugins.plugin_utils.run import State, started, state_of, this_place

ROOT = Path(__file__).parents[4]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as sleeping:
        yield sleeping
        sleeping.kill()


def identity(process: subprocess.Popen[bytes]) -> str:
    return " ".join([*this_place(), str(process.pid), started(process.pid)])


def test_a_run_is_known_to_have_ended_from_the_moment_on_when_it_was_killed(process: subprocess.Popen[bytes]) -> None:
    known = identity(process)
    assert state_of(known) == State.RUNNING
    process.kill()
    # Nobody has waited for it yet.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert state_of(known) == State.ENDED
    process.wait()
    assert state_of(known) == State.ENDED


def test_another_process_of_the_same_number_is_another_run(process: subprocess.Popen[bytes]) -> None:
    *before, start = identity(process).split()
    assert state_of(" ".join([*before, str(int(start) - 1)])) == State.ENDED


MACHINE, BOOT, NAMESPACE = this_place()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((MACHINE, "another-boot", NAMESPACE), State.ENDED),
        ((MACHINE, BOOT, "pid:[1]"), State.ELSEWHERE),
        (("laptop/1234", BOOT, NAMESPACE), State.ELSEWHERE),
        (("laptop/1234", "another-boot", NAMESPACE), State.ELSEWHERE),
    ],
)
def test_what_is_known_of_runs_of_other_places(place: tuple[str, ...], expected: State) -> None:
    assert state_of(" ".join([*place, "4711", "5"])) == expected


def test_a_run_that_another_user_may_not_see_has_not_ended(process: subprocess.Popen[bytes]) -> None:
    ask = f"""
import conftest, os
from {run.__name__} import state_of
os.setgroups([]), os.setresgid(*[65534] * 3), os.setresuid(*[65534] * 3)
print(state_of({identity(process)!r}).name)
"""
    command = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc; exec "$0" -c "$1"']
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests/unit")}

    def seen() -> str:
        return subprocess.check_output([*command, sys.executable, ask], text=True, env=environment).strip()

    assert seen() == "RUNNING"
    process.kill()
    process.wait()
    assert seen() == "ENDED"
