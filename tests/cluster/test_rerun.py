"""A run disturbs nobody."""

from __future__ import annotations

import pytest
from client import Hub, eventually
from lab import Lab

HOSTS = {"jupiter", "io", "europa"}


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["run", "check"])
def test_a_second_run_changes_nothing_while_a_kernel_works(lab: Lab, hub: Hub, options: tuple[str, ...]) -> None:
    with hub.student("rerun") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the run'")
        run = lab.play("playbooks/site.yml", *options)
        assert run.returncode == 0, run.output
        assert run.changed == dict.fromkeys(HOSTS, 0), run.output
        assert kernel.run("print(kept)") == "set before the run"


def test_a_changed_hub_setting_restarts_the_hub_and_keeps_kernels(lab: Lab, hub: Hub) -> None:
    def started() -> str:
        return lab.run("jupiter", "docker", "inspect", "--format", "{{.State.StartedAt}}", "galilean-hub-main")

    with hub.student("setting") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the restart'")
        before = started()
        run = lab.play("playbooks/hub.yml", "--extra-vars", "jupyterhub_idle_timeout_seconds=4000")
        assert run.returncode == 0, run.output
        assert run.changed["jupiter"] > 0
        assert started() != before
        eventually(hub.healthy, 60, "the hub answers")
        assert kernel.run("print(kept)") == "set before the restart"
        assert student.ready()
        back = lab.play("playbooks/hub.yml")
        assert back.returncode == 0, back.output
        assert kernel.run("print(kept)") == "set before the restart"
