"""A run disturbs nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from client import Hub, eventually
from lab import HOSTS, ROOT, Lab


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


def test_a_phase_can_be_run_alone_by_its_tag(lab: Lab) -> None:
    run = lab.play("playbooks/site.yml", "--tags", "edge")
    assert run.returncode == 0, run.output
    assert run.changed == dict.fromkeys(HOSTS, 0), run.output


def test_the_order_of_the_inventory_does_not_matter(lab: Lab, tmp_path: Path) -> None:
    inventory = yaml.safe_load((ROOT / "inventories/lab/hosts.yml").read_text())
    inventory["nodes"]["hosts"] = dict(reversed(inventory["nodes"]["hosts"].items()))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    (tmp_path / "group_vars").symlink_to(ROOT / "inventories/lab/group_vars")
    directory = f"lab_directory={ROOT / '.lab' / lab.name}"
    run = lab.play("playbooks/site.yml", "--inventory", str(tmp_path), "--tags", "hosts", "--extra-vars", directory)
    assert run.returncode == 0, run.output
    assert run.changed == dict.fromkeys(HOSTS, 0), run.output


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


def test_a_node_that_joins_later_touches_nothing_else(placement: Lab, hub: Hub) -> None:
    with hub.student("settled") as settled, hub.student("newcomer") as newcomer:
        placement.pause("europa")
        settled.start()
        kernel = settled.kernel()
        kernel.run("kept = 'set before the node joined'")
        placement.run("europa", "docker", "swarm", "leave")
        eventually(lambda: placement.ready_nodes() == {"jupiter", "io"}, 60, "the node has left")
        placement.run("jupiter", "docker", "node", "rm", "europa")
        run = placement.play("playbooks/site.yml")
        assert run.returncode == 0, run.output
        assert run.changed["europa"] > 0
        assert {run.changed["jupiter"], run.changed["io"]} == {0}, run.output
        placement.pause("io")
        newcomer.start()
        assert newcomer.run("import os; print(os.environ['GALILEAN_NODE'])") == "europa"
        assert kernel.run("print(kept)") == "set before the node joined"
