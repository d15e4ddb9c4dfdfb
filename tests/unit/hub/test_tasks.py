from __future__ import annotations

from typing import Any

import pytest
from galilean_hub.tasks import Task, current, exit_status, failures, without_home


def task(state: str, desired: str = "running", created: str = "2026-11-20T20:00:00.1Z", **status: Any) -> Task:
    return Task.from_api(
        {
            "ServiceID": "s",
            "NodeID": "n",
            "DesiredState": desired,
            "CreatedAt": created,
            "Status": {"State": state, **status},
        }
    )


LATER = "2026-11-20T20:00:00.12Z"


@pytest.mark.parametrize(
    "state", ["new", "allocated", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running"]
)
def test_a_server_on_its_way_is_alive(state: str) -> None:
    assert exit_status([task(state)]) is None
    assert exit_status([task(state, desired="ready")]) is None


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        pytest.param([], 0, id="service gone"),
        pytest.param([task("complete", "shutdown")], 0, id="shut down by its user"),
        pytest.param([task("complete")], 0, id="shut down by its user a moment ago"),
        pytest.param([task("failed", "shutdown", ContainerStatus={"ExitCode": 137})], 137, id="given up after a kill"),
        pytest.param([task("rejected", "shutdown", Err="bind source path does not exist")], 1, id="given up"),
        pytest.param([task("failed")], None, id="Swarm has not decided yet"),
        pytest.param([task("failed", "shutdown"), task("new", "ready", LATER)], None, id="waits to be restarted"),
        pytest.param([task("running", "shutdown"), task("running", created=LATER)], None, id="node lost"),
        pytest.param([task("running", "shutdown"), task("pending", created=LATER)], None, id="node lost, none free"),
        pytest.param([task("running", "shutdown"), task("complete", "shutdown", LATER)], 0, id="ended elsewhere"),
        pytest.param([task("running", "remove")], 1, id="being removed"),
        pytest.param([task("orphaned", "shutdown")], 1, id="lost for good"),
    ],
)
def test_poll(tasks: list[Task], expected: int | None) -> None:
    assert exit_status(tasks) == expected
    assert exit_status(reversed(tasks)) == expected


def test_the_newest_wanted_task_counts() -> None:
    old, new = task("running", "shutdown", LATER), task("starting")
    assert current([old, new]) is new
    assert current([]) is None
    first, second = task("failed", "shutdown"), task("failed", "shutdown", LATER)
    assert current([second, first]) is second
    assert failures([second, new, first]) == [first, second]


def test_times_are_compared_with_and_without_a_fraction() -> None:
    whole, fraction = task("running", created="2026-11-20T20:00:00Z"), task("running", created="2026-11-20T20:00:00.5Z")
    assert current([fraction, whole]) is fraction


def test_words_and_exit_code_are_swarms() -> None:
    rejected = task("rejected", Err="No such image: x", ContainerStatus={"ExitCode": 3})
    assert (rejected.words, rejected.exit_code) == ("No such image: x", 3)
    assert (task("pending").words, task("pending").exit_code) == ("", 0)


HOME = "/srv/galilean/homes/main/ada-fdee430d"
EXPORT = "/srv/galilean/homes/.galilean-export"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (f'invalid mount config for type "bind": bind source path does not exist: {HOME}', True),
        (f'invalid mount config for type "bind": stat {HOME}: stale NFS file handle', True),
        (f'OCI runtime create failed: error mounting "{HOME}" to rootfs at "/home/student"', True),
        (f'invalid mount config for type "bind": bind source path does not exist: {EXPORT}', True),
        ("No such image: registry/notebook@sha256:1", False),
        ("", False),
    ],
)
def test_a_node_that_does_not_see_the_home_is_told_from_other_failures(words: str, found: bool) -> None:
    rejected = task("rejected", "shutdown", Err=words)
    assert without_home([task("failed", "shutdown", Err="x"), rejected, task("new")], (HOME, EXPORT)) is (
        rejected if found else None
    )
    assert without_home([task("pending", Err=words)], (HOME, EXPORT)) is None
