"""Two runs at the same time, on this machine alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.action.lock import started

ROOT = Path(__file__).parents[4]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - galilean.hub.lock: {path: PATH}
    - galilean.hub.lock: {path: PATH}
    - ansible.builtin.shell: touch PATH.taken && sleep {{ seconds }}
"""
PLAIN = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "500"}
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "run/lock"


@pytest.fixture
def run(tmp_path: Path, lock: Path) -> Iterator[Run]:
    """Start a run that holds the lock for some seconds."""
    (tmp_path / "play.yml").write_text(PLAY.replace("PATH", str(lock)))
    started = []

    def start(seconds: int, *options: str, **environment: str) -> subprocess.Popen[str]:
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "--inventory",
            "localhost,",
            "--connection",
            "local",
        ]
        process = subprocess.Popen(
            [*command, "--extra-vars", f"seconds={seconds}", *options, tmp_path / "play.yml"],
            cwd=ROOT,
            env={**os.environ, **PLAIN, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    # Workers of Ansible are in sessions of their own.
    subprocess.run(["pkill", "--signal", "KILL", "--full", str(tmp_path)], check=False)
    for process in started:
        process.communicate(timeout=30)


@pytest.fixture
def holder(run: Run, lock: Path) -> subprocess.Popen[str]:
    """A run that holds the lock, and has come to its work."""
    process = run(120)
    deadline = time.monotonic() + 60
    while not lock.with_name("lock.taken").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


@pytest.mark.parametrize("environment", [{}, {"LOGNAME": "bob", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}])
def test_the_second_run_is_refused_and_told_of_the_first(
    run: Run, holder: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    second = run(0, **environment)
    output, _errors = second.communicate(timeout=60)
    assert second.returncode != 0
    assert "Another run is at work on this cluster" in output
    assert f"process {holder.pid}" in " ".join(output.split())
    assert holder.poll() is None


def test_a_run_that_was_killed_leaves_nothing_locked(run: Run, holder: subprocess.Popen[str]) -> None:
    os.killpg(holder.pid, signal.SIGKILL)
    second = run(0)
    output, _errors = second.communicate(timeout=60)
    assert second.returncode == 0, output


def test_a_run_that_was_killed_with_all_its_processes_leaves_nothing_locked(
    run: Run, holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    subprocess.run(["pkill", "--signal", "KILL", "--full", f"ansible-playbook.*{tmp_path}"], check=True)
    holder.wait(timeout=10)
    second = run(0)
    output, _errors = second.communicate(timeout=60)
    assert second.returncode == 0, output


@pytest.mark.parametrize("loss", ["the process that holds it", "its file"])
def test_a_run_that_has_lost_its_lock_ends_and_says_so(holder: subprocess.Popen[str], lock: Path, loss: str) -> None:
    if loss == "its file":
        lock.unlink()
    else:
        os.kill(int(lock.read_text().splitlines()[2]), signal.SIGKILL)
    output, _errors = holder.communicate(timeout=60)
    assert holder.returncode != 0
    assert f"The lock {lock} is lost" in output


def test_a_run_that_another_user_may_not_see_has_not_ended(holder: subprocess.Popen[str], lock: Path) -> None:
    identity = lock.read_text().splitlines()[1]
    ask = f"""
import conftest, os
from {started.__module__} import Run
os.setgroups([]), os.setresgid(*[65534] * 3), os.setresuid(*[65534] * 3)
print(Run("", {identity!r}).ended)
"""
    command = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc; exec "$0" -c "$1"']
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests/unit")}

    def has_ended() -> str:
        return subprocess.check_output([*command, sys.executable, ask], text=True, env=environment).strip()

    assert has_ended() == "False"
    holder.kill()
    holder.wait()
    assert has_ended() == "True"


def test_what_stands_in_the_file_keeps_nobody_away(run: Run, lock: Path) -> None:
    lock.parent.mkdir()
    lock.write_text("ada@laptop, process 1 since Sat Nov 21 09:00:00 2026\nelsewhere pid:[1]\n4711\n")
    taking = run(0)
    output, _errors = taking.communicate(timeout=60)
    assert taking.returncode == 0, output


@pytest.mark.usefixtures("holder")
def test_check_mode_neither_locks_nor_is_refused(run: Run, lock: Path) -> None:
    held = lock.read_text()
    checking = run(0, "--check")
    output, _errors = checking.communicate(timeout=60)
    assert checking.returncode == 0, output
    assert lock.read_text() == held


def test_a_lock_that_cannot_be_taken_says_why(run: Run, lock: Path) -> None:
    lock.parent.write_text("in the way")
    refused = run(0)
    output, _errors = refused.communicate(timeout=60)
    assert refused.returncode != 0
    assert "cannot be taken" in output
