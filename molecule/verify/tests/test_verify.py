"""What the throw-away student leaves behind, and what a run says when something is broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Lab
from testinfra.host import Host


def test_the_student_leaves_nothing_behind(hosts: dict[str, Host]) -> None:
    jupiter = hosts["jupiter"]
    for directory in ("main", ".galilean-owners"):
        assert jupiter.check_output(f"ls -A /srv/galilean/homes/{directory}") == ""
    assert jupiter.check_output("docker service ls --quiet --filter label=galilean.instance=main") == ""


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
