"""The moments at which a run may end, found in a run that did not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Task:
    """A task of a run: its number from 1, its phase, its seconds, the hosts it has changed, and its name."""

    number: int
    phase: str
    seconds: float
    changed: Sequence[str]
    name: str


@dataclass(frozen=True)
class Point:
    """A moment to end a run at: seconds into a task."""

    task: int
    phase: str
    name: str
    after: float

    def __str__(self) -> str:
        return f"{self.task:3d} {self.phase}: {self.name}" + (f" + {self.after:.1f} s" if self.after else "")


def points_of(tasks: Sequence[Task]) -> Iterator[Point]:
    """A point at each task before which something was changed since the last point, and one in the middle of each task
    that took longer than a second: at any other moment the hosts are as they are at one of these.
    """
    changed = True
    for task in tasks:
        if changed:
            yield Point(task.number, task.phase, task.name, 0)
        changed = bool(task.changed)
        if task.seconds > 1:
            yield Point(task.number, task.phase, task.name, task.seconds / 2)


def points_on_the_way(tasks: Sequence[Task]) -> list[Point]:
    """The points at which a run has changed something, or is about to in a task that has begun."""
    changing = [task.number for task in tasks if task.changed]
    return [point for point in points_of(tasks) if changing and (point.task, point.after) > (changing[0], 0)]


def sample(points: Sequence[Any], size: int, seed: int) -> list[Any]:
    """So many of the points, drawn by the seed and in the order of the run."""
    drawn = random.Random(seed).sample(range(len(points)), min(size, len(points)))
    return [points[index] for index in sorted(drawn)]
