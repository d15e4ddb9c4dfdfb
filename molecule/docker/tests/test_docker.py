"""What containers get from the engine, and what a run does to those that work."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab import Lab
from testinfra.host import Host

STARTED = "docker inspect --format '{{.State.StartedAt}}' student"


@pytest.fixture
def student(hosts: dict[str, Host], probe: str) -> Iterator[Host]:
    """io, where a student's container runs."""
    io = hosts["io"]
    io.check_output(f"docker run --detach --name student --label galilean.user=ada {probe}")
    yield io
    io.run("docker rm --force student")


def test_a_container_has_limits_and_gains_no_privileges(hosts: dict[str, Host], probe: str) -> None:
    look = "ulimit -Hn; ulimit -c; grep NoNewPrivs /proc/self/status; cat /sys/class/net/eth0/mtu"
    io = hosts["io"]
    files, cores, privileges, mtu = io.check_output(f"docker run --rm {probe} sh -c '{look}'").splitlines()
    assert int(files) == 16384
    assert int(cores) == 0
    assert privileges.split() == ["NoNewPrivs:", "1"]
    assert mtu == io.check_output("cat /sys/class/net/eth0/mtu")


def test_logs_of_a_container_are_bounded(student: Host) -> None:
    log = json.loads(student.check_output("docker inspect --format '{{json .HostConfig.LogConfig}}' student"))
    assert log == {"Type": "local", "Config": {"max-file": "3", "max-size": "10m"}}


@pytest.mark.seldom
def test_an_engine_of_snap_is_refused_before_anything_is_installed(lab: Lab, hosts: dict[str, Host]) -> None:
    hosts["io"].check_output("mkdir -p /var/snap/docker/1 && ln -s 1 /var/snap/docker/current")
    try:
        run = lab.play("playbooks/engine.yml", "--limit", "io")
    finally:
        hosts["io"].check_output("rm -r /var/snap")
    assert run.returncode != 0
    assert "This host has an engine of snap" in run.output
    assert run.changed["io"] == 0


@pytest.fixture
def unchanged(lab: Lab) -> Iterator[None]:
    """The engine of io has its own options again afterwards."""
    yield
    assert lab.play("playbooks/engine.yml", "--limit", "io").returncode == 0


@pytest.mark.usefixtures("unchanged")
@pytest.mark.seldom
def test_a_changed_option_waits_for_students_and_is_taken_up_without_them(lab: Lab, student: Host) -> None:
    process = "systemctl show -P MainPID docker"
    started, engine = student.check_output(STARTED), student.check_output(process)
    change = ("playbooks/engine.yml", "--limit", "io", "--extra-vars", "docker_log_files=4")
    run = lab.play(*change)
    assert run.returncode == 0, run.output
    assert (student.check_output(STARTED), student.check_output(process)) == (started, engine)
    assert "student" in run.output, "the run says whom it waits for"

    student.check_output("docker rm --force student")
    run = lab.play(*change)
    assert run.returncode == 0, run.output
    assert student.check_output(process) != engine
