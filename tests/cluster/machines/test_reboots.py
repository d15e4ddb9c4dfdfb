"""What a reboot, a power cut and a cut network cost those who work."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from client import Hub, Kernel, Student, eventually
from galilean_hub.slug import slug
from lab import HOSTS, NODES, Machines

Measure = Callable[[str, object], None]
# Appends numbered lines, and remembers outside the home which of them the file system has acknowledged.
WRITER = """
import os, threading, time
acknowledged, stalls = [], []
def write():
    with open("diary.txt", "a") as diary:
        for number in range(100_000):
            began = time.monotonic()
            diary.write(f"{number}\\n")
            diary.flush()
            os.fsync(diary.fileno())
            stalls.append(time.monotonic() - began)
            acknowledged.append(number)
            time.sleep(0.1)
threading.Thread(target=write, daemon=True).start()
"""
ACKNOWLEDGED = "print(len(acknowledged))"
LONGEST = "print(round(max(stalls), 1))"


def acknowledged(kernel: Kernel) -> int:
    """How many lines are, from that of number 0 on."""
    return int(kernel.run(ACKNOWLEDGED))


def lost(machines: Machines, student: Student, written: int) -> set[int]:
    """Those of so many lines that the storage host lacks: the node of the writer would read them from its own cache."""
    diary = machines.run("jupiter", "cat", f"/srv/galilean/homes/main/{slug(student.name)}/diary.txt")
    return set(range(written)) - set(map(int, diary.split()))


def cut_power(machines: Machines) -> None:
    machines.power_off("jupiter")
    machines.power_on("jupiter")


def reboot(machines: Machines) -> None:
    machines.reboot("jupiter")


@pytest.mark.parametrize("interrupt", [cut_power, reboot])
def test_writers_go_on_after_the_storage_host_and_nothing_acknowledged_is_lost(
    whole: Machines, hub: Hub, record_property: Measure, interrupt: Callable[[Machines], None]
) -> None:
    with hub.student("diarist") as student:
        student.start()
        kernel = student.kernel()
        kernel.run(WRITER)
        eventually(lambda: acknowledged(kernel) > 20, "the writer writes", 60)
        began = time.monotonic()
        interrupt(whole)
        eventually(hub.healthy, "the hub answers", 300)
        eventually(student.answers, "the server answers", 120)
        record_property("hub and storage are back, seconds", round(time.monotonic() - began))
        before = acknowledged(kernel)
        eventually(lambda: acknowledged(kernel) > before + 200, "the writer goes on in the same kernel", 180)
        assert lost(whole, student, acknowledged(kernel)) == set()
        assert {whole.node_spec(node)["Availability"] for node in NODES} == {"active"}
        record_property("longest write meanwhile, seconds", kernel.run(LONGEST))


def test_a_node_that_reboots_takes_servers_again(
    whole: Machines, placement: Machines, hub: Hub, record_property: Measure
) -> None:
    with hub.student("tenant") as student:
        placement.pause("europa")
        student.start()
        student.run("open('notes.txt', 'w').write('saved before the reboot')")
        placement.activate("europa")
        began = time.monotonic()
        whole.reboot("io")
        eventually(student.answers, "the server answers", 180)
        record_property("node and server are back, seconds", round(time.monotonic() - began))
        assert student.run("print(open('notes.txt').read())") == "saved before the reboot"
        student.stop()
        eventually(lambda: "io" in whole.ready_nodes(), "the node is back", 180)
        placement.pause("europa")
        student.start()
        assert student.run("import os; print(os.environ['GALILEAN_NODE'], open('notes.txt').read())") == (
            "io saved before the reboot"
        )


def test_everything_is_back_by_itself_after_a_power_cut(whole: Machines, hub: Hub, record_property: Measure) -> None:
    with hub.student("patient") as student:
        student.start()
        student.run("import os; f = open('kept.txt', 'w'); f.write('acknowledged'); f.flush(); os.fsync(f.fileno())")
        for host in HOSTS:
            whole.power_off(host)
        began = time.monotonic()
        for host in HOSTS:
            whole.power_on(host)
        eventually(hub.healthy, "the hub answers", 600)
        record_property("hub is back, seconds", round(time.monotonic() - began))
        eventually(student.answers, "the student's server answers", 300)
        record_property("everything is back, seconds", round(time.monotonic() - began))
        assert student.run("print(open('kept.txt').read())") == "acknowledged"


def test_a_node_that_is_cut_off_loses_its_servers_and_takes_new_ones_when_it_is_back(
    whole: Machines, placement: Machines, hub: Hub, record_property: Measure
) -> None:
    with hub.student("islander") as student:
        placement.pause("europa")
        student.start()
        student.run("open('notes.txt', 'w').write('saved before the cut')")
        placement.activate("europa")
        whole.disconnect("io")
        began = time.monotonic()
        eventually(student.answers, "the server answers on the other node", 180)
        record_property("server is back on the other node, seconds", round(time.monotonic() - began))
        assert student.run("import os; print(os.environ['GALILEAN_NODE'])") == "europa"
        assert student.run("print(open('notes.txt').read())") == "saved before the cut"
        whole.connect("io")
        eventually(lambda: "io" in whole.ready_nodes(), "the node is back", 120)
        running = ["docker", "ps", "--quiet", "--filter", "label=galilean.user=islander"]
        eventually(lambda: not whole.run("io", *running), "the server that nobody reached has ended", 120)
        assert whole.run("europa", *running)
        student.stop()
        placement.pause("europa")
        student.start()
        assert student.run("import os; print(os.environ['GALILEAN_NODE'])") == "io"
