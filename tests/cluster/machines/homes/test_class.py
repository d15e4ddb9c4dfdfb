"""A class at work: thirty students on two nodes open, run and save, and none of them waits for the storage."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from client import Hub, Kernel, Student
from lab import NODES

STUDENTS = 30
SECONDS = 300
START_SECONDS = 900
LONGEST_STALL = 2.0
PAUSE_SECONDS = 5
NOTEBOOK = {
    "cells": [{"cell_type": "code", "id": "a", "source": "6 * 7", "metadata": {}, "outputs": [], "execution_count": 1}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
# Seconds that a file takes to be written, read and removed in the home, and then in the memory of the same node: what
# the second takes as well is the processor's.
TOUCH = """
import os, time
def touch(directory):
    began = time.monotonic()
    path = os.path.join(directory, "touched")
    with open(path, "w") as file:
        file.write("x" * 20_000)
        file.flush()
        os.fsync(file.fileno())
    open(path).read()
    os.remove(path)
    return time.monotonic() - began
"""
MEASURE = "print(touch(os.path.expanduser('~')), touch('/dev/shm'))"
Turn = tuple[float, float, float, float, float]
MEASURED = ("save", "open", "run", "file in the home", "file in memory")


def take_turn(student: Student, kernel: Kernel) -> Turn:
    """Seconds of what is MEASURED: the cell that runs writes a file in the home and one in memory."""
    began = time.monotonic()
    student.ask("PUT", "/api/contents/work.ipynb", json={"type": "notebook", "content": NOTEBOOK})
    saved = time.monotonic()
    assert student.ask("GET", "/api/contents/work.ipynb")["content"]["cells"]
    opened = time.monotonic()
    home, memory = map(float, kernel.run(MEASURE).split())
    return saved - began, opened - saved, time.monotonic() - opened, home, memory


@contextmanager
def at_work(hub: Hub, names: list[str]) -> Iterator[list[tuple[Student, Kernel]]]:
    """Students with a server and a kernel each, who have saved and opened once: a server loads what that takes then."""

    def prepare(student: Student) -> tuple[Student, Kernel]:
        student.start(START_SECONDS)
        kernel = student.kernel()
        kernel.run(TOUCH, START_SECONDS)
        take_turn(student, kernel)
        return student, kernel

    with ThreadPoolExecutor(len(names)) as pool, ExitStack() as students:
        yield list(pool.map(prepare, [students.enter_context(hub.student(name)) for name in names]))
        list(pool.map(lambda name: Student(hub, name).stop(), names))


def test_thirty_students_open_run_and_save(hub: Hub, record_property: Callable[[str, object], None]) -> None:
    def learn(student: Student, kernel: Kernel) -> list[Turn]:
        with kernel.kept_open():
            everyone.wait()
            deadline, turns = time.monotonic() + SECONDS, []
            while time.monotonic() < deadline:
                turns.append(take_turn(student, kernel))
                time.sleep(PAUSE_SECONDS)
            return turns

    names = [f"class-{number:02d}" for number in range(STUDENTS)]
    everyone = threading.Barrier(STUDENTS, timeout=START_SECONDS)
    with at_work(hub, names) as students, ThreadPoolExecutor(STUDENTS) as pool:
        where = {kernel.run("import os; print(os.environ['GALILEAN_NODE'])") for _student, kernel in students}
        assert where == set(NODES)
        turns = [turn for turns in pool.map(learn, *zip(*students, strict=True)) for turn in turns]
    for what, seconds in zip(MEASURED, zip(*turns, strict=True), strict=True):
        median, longest = statistics.median(seconds), max(seconds)
        record_property(f"{what}, {len(seconds)} times, median and longest seconds", f"{median:.3f} {longest:.3f}")
    assert not [turn for turn in turns if max(turn) > LONGEST_STALL]
