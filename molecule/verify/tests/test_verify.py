"""What the throw-away student leaves behind, and what a run says when something is broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab
from testinfra.host import Host


def test_the_student_leaves_nothing_behind(hosts: dict[str, Host]) -> None:
    jupiter = hosts["jupiter"]
    for directory in ("main", ".galilean-owners"):
        assert jupiter.check_output(f"ls -A /srv/galilean/homes/{directory}") == ""
    assert jupiter.check_output("docker service ls --quiet --filter label=galilean.instance=main") == ""


def test_what_roles_declare_to_be_kept_is_there(lab: Lab, hosts: dict[str, Host]) -> None:
    kept = lab.evaluated("{{ lookup('galilean.hub.declared', 'kept') }}")
    assert {entry["kind"] for entry in kept} == {"tree", "sqlite", "controller"}
    here = [entry["path"] for entry in kept if entry["kind"] == "controller"]
    assert [path for path in here if not Path(path).exists()] == []
    elsewhere = [(entry, host) for entry in kept if entry["kind"] != "controller" for host in entry["hosts"]]
    assert [entry["name"] for entry, host in elsewhere if not hosts[host].file(entry["path"]).exists] == []
    databases = [(entry["path"], host) for entry, host in elsewhere if entry["kind"] == "sqlite"]
    for path, host in databases:
        assert hosts[host].file(path).content.startswith(b"SQLite format 3\0")


@pytest.fixture
def stopped(hosts: dict[str, Host]) -> Iterator[None]:
    """The hub does not run."""
    hosts["jupiter"].check_output("systemctl stop galilean-hub@main")
    yield
    hosts["jupiter"].check_output("systemctl start galilean-hub@main")


@pytest.mark.usefixtures("stopped")
def test_a_hub_that_is_down_fails_the_run_with_a_reason(lab: Lab) -> None:
    run = lab.play("playbooks/verify.yml", "--extra-vars", "verify_timeout_seconds=20")
    assert run.returncode != 0
    assert "Traceback" not in run.output
    assert "The hub is at" not in run.output
