from __future__ import annotations

from points import Point, Task, points_of, points_on_the_way, sample

TASKS = [
    Task(1, "validate", 0.2, [], "validate : Compare"),
    Task(2, "hosts", 4.0, ["jupiter", "io", "europa"], "base : Install"),
    Task(3, "hosts", 0.3, [], "base : Trust"),
    Task(4, "hosts", 0.9, ["io"], "base : Write"),
    Task(5, "engine", 0.1, [], "docker : Look"),
    Task(6, "engine", 3.0, [], "docker : Wait"),
]


def test_a_point_is_where_something_was_changed_before_and_in_the_middle_of_what_takes_long() -> None:
    assert [(point.task, point.after) for point in points_of(TASKS)] == [(1, 0), (2, 2.0), (3, 0), (5, 0), (6, 1.5)]


def test_a_run_is_on_its_way_from_the_middle_of_the_first_task_that_changes_something() -> None:
    assert [(point.task, point.after) for point in points_on_the_way(TASKS)] == [(2, 2.0), (3, 0), (5, 0), (6, 1.5)]
    assert [(point.task, point.after) for point in points_on_the_way(TASKS[2:])] == [(5, 0), (6, 1.5)]
    assert points_on_the_way(TASKS[4:5]) == []


def test_a_point_tells_where_it_is() -> None:
    assert str(Point(2, "hosts", "base : Install", 2.0)) == "  2 hosts: base : Install + 2.0 s"


def test_a_sample_is_drawn_by_its_seed_and_goes_on_in_the_order_of_the_run() -> None:
    points = list(points_of(TASKS))
    assert sample(points, 3, seed=1) == sample(points, 3, seed=1)
    assert sample(points, 3, seed=1) != sample(points, 3, seed=2)
    assert sample(points, 99, seed=1) == points
