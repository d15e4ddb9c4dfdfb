"""A node whose export is not there: nothing is written to its own disk in the place of the homes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Lab
from testinfra.host import Host

DIRECTORY = "/srv/elsewhere/homes"
AUTOMOUNT = "srv-elsewhere-homes.automount"
STARTED = f"systemctl show --property ActiveEnterTimestampMonotonic {AUTOMOUNT}"


@pytest.fixture(scope="module", autouse=True)
def converged(lab: Lab) -> None:
    """The role has run, which site.yml leaves out where the homes are no business of the cluster."""
    run = lab.play("molecule/nfs_client/converge.yml")
    assert run.returncode == 0, run.output


@pytest.fixture(params=["io", "europa"])
def node(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    return hosts[request.param]


@pytest.fixture
def student(hosts: dict[str, Host], probe: str) -> Iterator[Host]:
    """io, where a student's container runs."""
    io = hosts["io"]
    io.check_output(f"docker run --detach --name student --label galilean.user=ada {probe}")
    yield io
    io.run("docker rm --force student")


def test_no_container_starts_without_the_export(node: Host, probe: str) -> None:
    refused = node.run(
        f"docker run --rm --mount type=bind,source={DIRECTORY}/main/ada-0123abcd,target=/home/ada {probe} true"
    )
    assert refused.rc != 0
    assert 'invalid mount config for type "bind"' in refused.stderr


def test_nothing_is_written_below_the_mount(node: Host) -> None:
    assert node.run(f"mkdir -p {DIRECTORY}/main").rc != 0
    assert node.run(f"touch {DIRECTORY}/file").rc != 0


def test_the_mount_is_hard_and_gives_no_rights(node: Host) -> None:
    what, options = node.check_output(
        "systemctl show --property What,Options --value srv-elsewhere-homes.mount"
    ).splitlines()
    assert what.endswith(f":{DIRECTORY}")
    assert {"vers=4.2", "hard", "nosuid", "nodev", "noatime"} <= set(options.split(","))


def test_the_engine_starts_after_it_and_stops_before_it(node: Host) -> None:
    after = node.check_output("systemctl show --property After --value docker.service").split()
    assert {AUTOMOUNT, "srv-elsewhere-homes.mount", "galilean-homes.service"} <= set(after)


def test_nothing_of_older_versions_runs(node: Host) -> None:
    assert node.check_output("ss -Hlntu 'sport = :111'") == ""


@pytest.mark.seldom
def test_a_changed_mount_waits_until_no_student_is_there(lab: Lab, student: Host) -> None:
    mount = ("molecule/nfs_client/converge.yml", "--limit", "jupiter,io")
    before = student.check_output(STARTED)
    held = lab.play(*mount, "-e", "nfs_client_server=192.0.2.9")
    assert held.returncode == 0, held.output
    assert "galilean-homes.service was not restarted, though it should be" in held.output
    assert student.check_output(STARTED) == before
    student.check_output("docker rm --force student")
    changed = lab.play(*mount, "-e", "nfs_client_server=192.0.2.9")
    assert changed.returncode == 0, changed.output
    assert student.check_output(STARTED) != before
    back = lab.play(*mount)
    assert back.returncode == 0, back.output
