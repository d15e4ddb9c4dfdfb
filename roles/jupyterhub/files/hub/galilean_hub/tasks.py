"""What the states of a service's tasks mean for the server that it is.

States and desired states are those of SwarmKit (api/types.proto): a task only moves forward, and what Swarm wants of
it stands in the desired state. When Swarm replaces a task it sets the old one's desired state to `shutdown` and makes
the new one in the same transaction (manager/orchestrator/restart), so two tasks of a service are ordinary: the node of
the old one may be lost, and its state then says `running` for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WAITING_STATES = frozenset({"new", "allocated", "pending"})
ALIVE_STATES = WAITING_STATES | {"assigned", "accepted", "preparing", "ready", "starting", "running"}
FAILED_STATES = frozenset({"failed", "rejected"})
WANTED_STATES = frozenset({"new", "ready", "running"})


@dataclass(frozen=True)
class Task:
    """One try of Swarm at running a server. `words` is what Swarm says about it, empty where it says nothing."""

    service_id: str
    node_id: str
    state: str
    desired_state: str
    created_at: str
    words: str
    exit_code: int

    @classmethod
    def from_api(cls, raw: Mapping[str, Any]) -> Task:
        """A task as the engine's API lists it."""
        status = raw["Status"]
        return cls(
            service_id=raw["ServiceID"],
            node_id=raw.get("NodeID", ""),
            state=status["State"],
            desired_state=raw["DesiredState"],
            # without the Z the times sort as text: the engine leaves zeros at the end of the fraction out
            created_at=raw["CreatedAt"].rstrip("Z"),
            words=status.get("Err", ""),
            exit_code=status.get("ContainerStatus", {}).get("ExitCode", 0),
        )

    @property
    def wanted(self) -> bool:
        return self.desired_state in WANTED_STATES

    @property
    def alive(self) -> bool:
        """Whether the server runs or is on its way.

        A failed task that is still wanted is one for which Swarm has not yet made the replacement.
        """
        return self.wanted and (self.state in ALIVE_STATES or self.state in FAILED_STATES)


def current(tasks: Iterable[Task]) -> Task | None:
    """The task that tells the state of the service: the newest wanted one, else the newest. None without tasks."""
    return max(tasks, key=lambda task: (task.wanted, task.created_at), default=None)


def failures(tasks: Iterable[Task]) -> list[Task]:
    """The tasks that failed or were rejected, oldest first."""
    return sorted((task for task in tasks if task.state in FAILED_STATES), key=lambda task: task.created_at)


def without_home(tasks: Iterable[Task], paths: Iterable[str]) -> Task | None:
    """A task that its node turned down because of one of these paths, which are there wherever the homes are."""
    return next((task for task in failures(tasks) if any(path in task.words for path in paths)), None)


def exit_status(tasks: Iterable[Task]) -> int | None:
    """What Spawner.poll returns: None while the server runs or is on its way, else how it ended (0: by itself)."""
    task = current(tasks)
    if task is None:
        return 0
    if task.alive:
        return None
    return 0 if task.state == "complete" else task.exit_code or 1
