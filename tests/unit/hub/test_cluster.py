from __future__ import annotations

import asyncio
from typing import Any

import pytest
import requests
from galilean_hub.cluster import ClusterView, WithoutHomes


class Engine:
    """An engine whose answers are given by hand, to see when it is asked and when not."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answer: asyncio.Future[list[dict[str, Any]]] | None = None

    async def call(self, method: str, **kwargs: Any) -> list[dict[str, Any]]:
        self.calls.append(method)
        if method == "nodes":
            return [
                node("io", {"galilean.homes": "waiting"}),
                node("europa", {}),
                node("ganymede", {"galilean.homes": "dead"}),
            ]
        assert kwargs == {"filters": {"label": "galilean.instance=main"}}
        if self.answer:
            return await self.answer
        return [raw("ada", state) for state in ("failed", "running")] + [raw("bob", "pending")]


def raw(service: str, state: str) -> dict[str, Any]:
    return {"ServiceID": service, "DesiredState": "running", "CreatedAt": "2026", "Status": {"State": state}}


def node(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return {"ID": f"id of {name}", "Description": {"Hostname": name}, "Spec": {"Labels": labels}}


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def cluster(engine: Engine) -> ClusterView:
    return ClusterView(engine, "main")  # type: ignore[arg-type]


async def test_everybody_reads_one_look(cluster: ClusterView, engine: Engine) -> None:
    answers = await asyncio.gather(*(cluster.tasks(name, 15) for name in ["ada", "bob", "eve"] * 100))
    assert engine.calls == ["tasks"]
    assert [task.state for task in answers[0]] == ["failed", "running"]
    assert [task.state for task in answers[1]] == ["pending"]
    assert answers[2] == ()
    await cluster.tasks("ada", 15)
    assert engine.calls == ["tasks"]


async def test_who_needs_it_fresh_asks_again(cluster: ClusterView, engine: Engine) -> None:
    await cluster.tasks("ada", 15)
    await cluster.tasks("ada", 0)
    assert engine.calls == ["tasks"] * 2


async def test_a_look_that_began_too_early_does_not_count(cluster: ClusterView, engine: Engine) -> None:
    engine.answer = asyncio.get_running_loop().create_future()
    early = asyncio.create_task(cluster.tasks("ada", 15))
    await asyncio.sleep(0.01)
    late = [asyncio.create_task(cluster.tasks("ada", 0)) for _turn in range(10)]
    await asyncio.sleep(0.01)
    assert engine.calls == ["tasks"]
    engine.answer.set_result([])
    await asyncio.gather(early, *late)
    assert engine.calls == ["tasks"] * 2


async def test_a_failed_look_is_everybodys_error_and_not_for_ever(cluster: ClusterView, engine: Engine) -> None:
    engine.answer = asyncio.get_running_loop().create_future()
    looks = [asyncio.create_task(cluster.tasks("ada", 15)) for _turn in range(3)]
    await asyncio.sleep(0.01)
    engine.answer.set_exception(requests.ConnectionError("refused"))
    results = await asyncio.gather(*looks, return_exceptions=True)
    assert [type(result) for result in results] == [requests.ConnectionError] * 3
    engine.answer = None
    assert await cluster.tasks("bob", 15)


async def test_who_gives_up_waiting_does_not_end_the_look(cluster: ClusterView, engine: Engine) -> None:
    engine.answer = asyncio.get_running_loop().create_future()
    one, other = (asyncio.create_task(cluster.tasks("ada", 15)) for _turn in range(2))
    await asyncio.sleep(0.01)
    one.cancel()
    engine.answer.set_result([raw("ada", "running")])
    assert [task.state for task in await other] == ["running"]
    assert engine.calls == ["tasks"]


async def test_the_nodes_without_homes_are_looked_for_once_for_everybody(cluster: ClusterView, engine: Engine) -> None:
    found = await cluster.nodes_without_homes(5)
    assert found == {
        "id of io": WithoutHomes("io", others_see_them=False),
        "id of ganymede": WithoutHomes("ganymede", others_see_them=True),
    }
    assert await asyncio.gather(*(cluster.nodes_without_homes(5) for _turn in range(100))) == [found] * 100
    assert engine.calls == ["nodes"]
    await cluster.nodes_without_homes(0)
    assert engine.calls == ["nodes"] * 2
