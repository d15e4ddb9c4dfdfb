"""Two runs at the same time, on this machine alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.lease import LEASE_SECONDS, Lease, Moment, seconds
from ansible_collections.galilean.hub.plugins.plugin_utils.run import this_place

ROOT = Path(__file__).parents[4]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - galilean.hub.lease: &lease {controller_directory: "DIRECTORY/{{ controller }}", path: DIRECTORY/hub/lease}
    - ansible.builtin.shell: touch DIRECTORY/working && until [ -e DIRECTORY/go ]; do sleep 0.1; done
- hosts: localhost
  gather_facts: false
  tasks:
    - galilean.hub.lease: *lease
    - ansible.builtin.file: {path: DIRECTORY/second, state: touch}
    - galilean.hub.lease: {<<: *lease, state: released}
      when: ends_well
"""
# As nobody on this machine can see whether it goes on.
BOB = Lease("desk/1 another-boot pid:[1] 4711 5", "bob@desk, process 4711", Moment(this_place()[1], 0))
PLAIN = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "500"}
REFUSED = "Another run is at work on this cluster"
# Only something broken takes so long.
DEADLINE_SECONDS = 300
# Nobody listens at this port.
NOWHERE = ("--connection", "ssh", "--extra-vars", "ansible_host=127.0.0.1 ansible_port=1")
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def lease(tmp_path: Path) -> Path:
    """The file on the host."""
    return tmp_path / "hub/lease"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start a run of one of two controllers, which stands still until a file lets all go on."""
    (tmp_path / "play.yml").write_text(PLAY.replace("DIRECTORY", str(tmp_path)))
    started = []

    def start(*options: str, controller: str = "laptop", **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                *[Path(sys.executable).with_name("ansible-playbook"), "--inventory", "localhost,"],
                *["--connection", "local", "--extra-vars", f"ansible_python_interpreter={sys.executable}"],
                *["--extra-vars", json.dumps({"controller": controller, "ends_well": False})],
                *[*options, tmp_path / "play.yml"],
            ],
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
        process.communicate(timeout=DEADLINE_SECONDS)


@pytest.fixture
def holder(run: Run, tmp_path: Path) -> subprocess.Popen[str]:
    """A run that has the lease, and has come to its work."""
    return at_work(run(), tmp_path)


def at_work(process: subprocess.Popen[str], directory: Path) -> subprocess.Popen[str]:
    """Wait until the run has its lease."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (directory / "working").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process


def go_on(process: subprocess.Popen[str], directory: Path) -> str:
    """What the run says until its end, with nothing more to wait for."""
    (directory / "go").touch()
    output, _errors = process.communicate(timeout=DEADLINE_SECONDS)
    return " ".join(output.split())


def let_a_minute_pass(controller: Path) -> None:
    """Have the run believe that it asked the host long ago."""
    known = json.loads((controller / ".lease").read_text())
    (controller / ".lease").write_text(json.dumps({**known, "renewed": seconds() - LEASE_SECONDS}))


@pytest.mark.parametrize(
    ("controller", "environment"),
    [("laptop", {"LOGNAME": "bob", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}), ("desk", {})],
    ids=["same controller", "another controller"],
)
def test_the_second_run_is_refused_and_told_of_the_first(
    run: Run, holder: subprocess.Popen[str], lease: Path, controller: str, environment: dict[str, str]
) -> None:
    held = lease.read_text()
    second = run(controller=controller, **environment)
    output, _errors = second.communicate(timeout=DEADLINE_SECONDS)
    assert second.returncode != 0
    assert REFUSED in output
    assert f"process {holder.pid} " in " ".join(output.split())
    assert "changed=0" in output
    assert holder.poll() is None
    assert lease.read_text() == held


def test_runs_of_a_controller_keep_each_other_away_while_no_host_is_there(run: Run, tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    with_a_host = play.read_text()
    play.write_text(with_a_host.replace(f", path: {tmp_path}/hub/lease", ""))
    first = at_work(run(), tmp_path)
    play.write_text(with_a_host)
    second = run(*NOWHERE)
    output, _errors = second.communicate(timeout=DEADLINE_SECONDS)
    assert REFUSED in output
    assert "UNREACHABLE" not in output
    output = go_on(first, tmp_path)
    assert first.returncode == 0, output


@pytest.mark.parametrize(
    ("number", "controller"),
    [(signal.SIGINT, "laptop"), (signal.SIGKILL, "desk")],
    ids=["Ctrl-C", "kill -9, seen from another directory"],
)
def test_a_run_that_was_ended_keeps_nobody_away(
    run: Run, holder: subprocess.Popen[str], tmp_path: Path, number: int, controller: str
) -> None:
    os.killpg(holder.pid, number)
    holder.wait(timeout=DEADLINE_SECONDS)
    second = run(controller=controller)
    output = go_on(second, tmp_path)
    assert second.returncode == 0, output


@pytest.mark.parametrize(
    ("ago", "is_refused"), [(LEASE_SECONDS - 600, True), (LEASE_SECONDS, False)], ids=["a while ago", "too long ago"]
)
def test_a_run_that_nobody_here_can_see_keeps_its_lease_for_an_hour(
    run: Run, lease: Path, tmp_path: Path, ago: float, is_refused: bool
) -> None:
    lease.parent.mkdir()
    lease.write_text(str(replace(BOB, renewed=replace(BOB.renewed, seconds=seconds() - ago))))
    second = run()
    output = go_on(second, tmp_path)
    assert (second.returncode != 0) == is_refused
    words = "bob@desk, process 4711. Unless it goes on, its lease ends in 10 minutes."
    assert (f"{REFUSED}: {words} Wait until then, or remove {lease} " in output) == is_refused


@pytest.mark.parametrize("loss", ["bob@desk, process 4711 has taken it", "its file is gone"])
def test_a_run_that_has_lost_its_lease_ends_before_it_does_more(
    holder: subprocess.Popen[str], lease: Path, tmp_path: Path, loss: str
) -> None:
    if "taken" in loss:
        lease.write_text(str(BOB))
    else:
        lease.unlink()
    let_a_minute_pass(tmp_path / "laptop")
    output = go_on(holder, tmp_path)
    assert holder.returncode != 0
    assert f"This run has lost the lease {lease}: {loss}." in output
    assert not (tmp_path / "second").exists()


def test_a_host_that_restarts_leaves_a_run_its_lease(
    holder: subprocess.Popen[str], lease: Path, tmp_path: Path
) -> None:
    held = Lease.parse(lease.read_text())
    lease.write_text(str(replace(held, renewed=Moment("before the restart", 1e9))))
    let_a_minute_pass(tmp_path / "laptop")
    output = go_on(holder, tmp_path)
    assert holder.returncode == 0, output
    renewed = Lease.parse(lease.read_text()).renewed
    assert renewed.boot == held.renewed.boot
    assert renewed.seconds > held.renewed.seconds


def test_the_host_is_not_asked_again_within_a_minute(
    holder: subprocess.Popen[str], lease: Path, tmp_path: Path
) -> None:
    lease.unlink()
    output = go_on(holder, tmp_path)
    assert holder.returncode == 0, output
    assert not lease.exists()


def test_a_run_that_ends_well_leaves_nothing(run: Run, lease: Path, tmp_path: Path) -> None:
    first = run("--extra-vars", "{ends_well: true}")
    output = go_on(first, tmp_path)
    assert first.returncode == 0, output
    assert not lease.exists()
    assert not (tmp_path / "laptop/.lease").exists()


@pytest.mark.usefixtures("holder")
def test_check_mode_neither_takes_nor_is_refused(run: Run, lease: Path, tmp_path: Path) -> None:
    held = lease.read_text()
    checking = run("--check")
    output = go_on(checking, tmp_path)
    assert checking.returncode == 0, output
    assert lease.read_text() == held


@pytest.mark.parametrize("place", ["hub/lease", "laptop/.lease"])
def test_a_lease_that_cannot_be_read_says_why(run: Run, tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text("[]")
    refused = run()
    output, _errors = refused.communicate(timeout=DEADLINE_SECONDS)
    assert refused.returncode != 0
    assert f"The lease {tmp_path}/{place} cannot be taken: it is no lease: '[]'" in output
