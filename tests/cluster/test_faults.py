"""What happens when something dies."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack

import pytest
from client import Hub, eventually
from lab import HOSTS, ROOT, Lab, Run

# Phase and task, and the host on which it fails: the hub's before nodes ask for its Swarm, a node's before and in it.
FAILING = (("engine: docker : Install", "jupiter"), ("storage: homes : ", "io"), ("swarm: swarm : ", "io"))


@pytest.fixture
def whole(lab: Lab) -> Lab:
    """The lab; hosts that a test has stopped run again afterwards."""
    yield lab
    lab.docker("start", *map(lab.container, HOSTS))
    eventually(lambda: lab.ready_nodes() == set(HOSTS), "all hosts are in the Swarm")


def test_a_lost_node_costs_a_student_a_kernel_and_no_more(whole: Lab, placement: Lab, hub: Hub) -> None:
    with hub.student("survivor") as student:
        placement.pause("europa")
        student.start()
        student.run("open('notes.txt', 'w').write('saved before the node was lost')")
        url = student.server()["url"]
        placement.activate("europa")
        whole.docker("kill", whole.container("io"))
        lost = time.monotonic()
        eventually(student.answers, "the server answers on the other node")
        print(f"the server was back after {time.monotonic() - lost:.0f} s")
        assert student.run("import os; print(os.environ['GALILEAN_NODE'])") == "europa"
        assert student.run("print(open('notes.txt').read())") == "saved before the node was lost"
        assert student.server()["url"] == url


def fail(lab: Lab, task: str, host: str) -> Run:
    """A run of site.yml in which the first task that matches fails on the host."""
    return lab.play(
        "playbooks/site.yml",
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/faults/callback"),
        ANSIBLE_CALLBACKS_ENABLED="galilean.hub.phases,fail_at",
        GALILEAN_FAIL_AT=task,
        GALILEAN_FAIL_ON=host,
    )


def test_tasks_that_fail_on_one_host_cost_nobody_a_kernel(lab: Lab, hub: Hub) -> None:
    with ExitStack() as stack:
        kernels = {}
        for name in ("unharmed", "undisturbed", "unaware"):
            student = stack.enter_context(hub.student(name))
            student.start()
            kernels[name] = student.kernel()
            kernels[name].run(f"kept = {name!r}")

        def kept() -> list[str]:
            return [kernel.run("print(kept)") for kernel in kernels.values()]

        for task, host in FAILING:
            run = fail(lab, task, host)
            assert run.returncode, run.output
            assert f"Left out in {task.partition(':')[0]}, and left as it is: " in run.output, run.output
            assert kept() == list(kernels)
            assert lab.ready_nodes() == set(HOSTS)
        run = lab.play("playbooks/site.yml")
        assert run.changed == dict.fromkeys(HOSTS, 0), run.output
        assert kept() == list(kernels)


def last_lines(run: Run) -> str:
    """What a run says at its end of the hosts that it left out, or why it ended for all, on one line."""
    return " ".join(re.split(r"\n(?=(?:Left out|Ended) in )", run.output, maxsplit=1)[1].split())


@pytest.mark.seldom
def test_a_dead_node_stops_nobody_else(whole: Lab, placement: Lab, hub: Hub) -> None:
    """The others are brought to the end, and what the run was to do there is told, with an exit code."""
    with hub.student("elsewhere") as student:
        placement.pause("io")
        student.start()
        placement.activate("io")
        kernel = student.kernel()
        kernel.run("kept = 'set before the node died'")
        whole.docker("kill", whole.container("io"))
        eventually(lambda: whole.ready_nodes() == {"jupiter", "europa"}, "the node is missed")
        # Something to do on those that are there.
        for host in ("jupiter", "europa"):
            whole.run(host, "rm", "/etc/sysctl.d/60-galilean.conf")
        run = whole.play("playbooks/site.yml")
        assert run.returncode, run.output
        assert run.recap["io"]["unreachable"] + run.recap["io"]["failed"] == 1
        assert all(run.recap[host]["failed"] == 0 and run.changed[host] > 0 for host in ("jupiter", "europa"))
        assert "verify" in run.output.partition("\nphase ")[2]
        assert last_lines(run).startswith("Left out in validate, and left as it is: io ")
        assert "and run this again: it goes on from there." in last_lines(run)

        for tags in ("hub", "storage,swarm"):
            run = whole.play("playbooks/site.yml", "--limit", "!io", "--tags", tags)
            assert (run.returncode, set(run.changed.values())) == (0, {0}), run.output
            assert "Left out" not in run.output
        run = whole.play("playbooks/site.yml", "--tags", "hub")
        assert run.returncode, run.output
        assert run.recap["jupiter"]["failed"] == run.changed["jupiter"] == 0
        assert kernel.run("print(kept)") == "set before the node died"

        whole.docker("start", whole.container("io"))
        eventually(lambda: whole.ready_nodes() == set(HOSTS), "the node is back")
        run = whole.play("playbooks/site.yml")
        assert (run.returncode, run.changed) == (0, dict.fromkeys(HOSTS, 0)), run.output
        assert kernel.run("print(kept)") == "set before the node died"


@pytest.mark.seldom
def test_a_dead_hub_ends_the_run_for_all_and_costs_nobody_a_kernel(whole: Lab, hub: Hub) -> None:
    with hub.student("waiting") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the hub died'")
        whole.docker("kill", whole.container("jupiter"))
        for options in ([], ["--tags", "hub"], ["--limit", "io"], ["--limit", "!jupiter", "--tags", "swarm"]):
            run = whole.play("playbooks/site.yml", *options)
            assert run.returncode, run.output
            assert set(run.changed.values()) <= {0}, run.output
            assert "jupiter" in last_lines(run), run.output
        whole.docker("start", whole.container("jupiter"))
        eventually(lambda: hub.healthy() and student.answers(), "hub and server are reached again")
        assert kernel.run("print(kept)") == "set before the hub died"
        assert whole.ready_nodes() == set(HOSTS)


def test_a_killed_hub_is_back_and_keeps_kernels(lab: Lab, hub: Hub) -> None:
    with hub.student("unmoved") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the kill'")
        lab.run("jupiter", "docker", "kill", "--signal", "KILL", "galilean-hub-main")
        assert kernel.run("print(kept)") == "set before the kill"
        eventually(lambda: not hub.healthy(), "the hub is down")
        eventually(hub.healthy, "the hub is back")
        assert student.ready()
        assert kernel.run("print(kept)") == "set before the kill"


@pytest.mark.seldom
def test_a_killed_proxy_is_back_with_its_routes(lab: Lab, hub: Hub) -> None:
    with hub.student("routed") as student:
        student.start()
        kernel = student.kernel()
        kernel.run("kept = 'set before the kill'")
        lab.run("jupiter", "docker", "kill", "--signal", "KILL", "galilean-proxy-main")
        eventually(lambda: hub.healthy() and student.answers(), "hub and server are reached again")
        assert kernel.run("print(kept)") == "set before the kill"


def test_while_the_hub_restarts_people_see_a_friendly_page(lab: Lab, hub: Hub) -> None:
    lab.run("jupiter", "systemctl", "stop", "galilean-hub@main")
    try:
        page = hub.request("GET", "/hub/home")
        assert page.status_code == 503
        assert "Back in a moment" in page.text
        assert page.headers["Retry-After"] == "5"
    finally:
        lab.run("jupiter", "systemctl", "start", "galilean-hub@main")
        eventually(hub.healthy, "the hub is back")


@pytest.mark.seldom
def test_everything_is_back_after_the_three_hosts_restart(whole: Lab, hub: Hub) -> None:
    with hub.student("patient") as student:
        student.start()
        student.run("open('kept.txt', 'w').write('written before the restart')")
        whole.docker("restart", *map(whole.container, HOSTS))
        started = time.monotonic()
        eventually(hub.healthy, "the hub answers")
        eventually(student.answers, "the student's server answers")
        print(f"everything was back after {time.monotonic() - started:.0f} s")
        assert student.run("print(open('kept.txt').read())") == "written before the restart"
