"""One test for each fault of SwarmSpawner that GalileanSpawner mends, against a real Swarm and a real keeper."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound
from galilean_hub.engine import CALLS
from galilean_hub.overlay import expected_nodes, visit
from galilean_hub.service import EXPORT_TARGET, HOME_DIRECTORY, server_labels
from galilean_hub.settings import Ulimit
from galilean_hub.spawner import GalileanSpawner, StartFailed
from jupyterhub.httpclient import fetch

NewSpawner = Callable[..., GalileanSpawner]
# Only what is broken takes so long, on the slowest of machines.
DEADLINE_SECONDS = 600


async def get(spawner: GalileanSpawner, path: str = "") -> str:
    """What the quick server of conftest.py says, asked for by the name of the service."""
    response = await fetch(f"http://{spawner.object_name}:8888{spawner.server.base_url}api{path}")
    return str(await response.text())


async def limit(spawner: GalileanSpawner, version_2: str, version_1: str) -> str:
    """What a cgroup's file says, in whichever version of cgroups the node has."""
    found = await get(spawner, f"/sys/fs/cgroup/{version_2}") or await get(spawner, f"/sys/fs/cgroup/{version_1}")
    return found.split()[0]


async def tasks(spawner: GalileanSpawner) -> list[dict[str, Any]]:
    engine = spawner.shared.cluster.engine
    found: list[dict[str, Any]] = await engine.call("tasks", filters={"service": spawner.object_name})
    return found


async def service_exists(spawner: GalileanSpawner) -> bool:
    try:
        await spawner.shared.cluster.engine.call("inspect_service", spawner.object_name)
    except NotFound:
        return False
    return True


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {DEADLINE_SECONDS} s"
        await asyncio.sleep(0.25)
    return found


async def test_a_server_that_was_started_again_is_reached_each_time(new_spawner: NewSpawner) -> None:
    for _turn in range(5):
        spawner = new_spawner()
        assert await spawner.poll() == 0
        url = await spawner.start()
        assert url == f"http://{spawner.object_name}:8888"
        assert await spawner.poll() is None
        assert "JUPYTERHUB_USER=test-ada" in await get(spawner, "/env")
        assert spawner.get_state()["object_id"]
        service_id = spawner.object_id
        await spawner.stop()
        assert not await service_exists(spawner)
        assert not await spawner.shared.cluster.tasks(service_id, 0)
        assert await spawner.poll() == 0


@pytest.mark.parametrize("name", ["x" * 60, "a.b@uni.edu", "o'neil", "李小龙", "{{.Task.ID}}", "-x-"])
async def test_any_name_gets_a_server(new_spawner: NewSpawner, name: str) -> None:
    spawner = new_spawner(name)
    await spawner.start()
    environment = await get(spawner, "/env")
    assert f"JUPYTERHUB_USER={name}\n" in environment
    labels = (await spawner.shared.cluster.engine.call("inspect_service", spawner.object_name))["Spec"]["Labels"]
    assert labels == server_labels("main", name, "")


async def test_the_container_has_its_limits_and_no_privileges(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(
        memory_limit="200M",
        memory_guarantee="50M",
        cpu_limit=0.5,
        pids_limit=77,
        ulimits=(Ulimit("nofile", 1000, 2000),),
    )
    await spawner.start()
    status = dict(line.split(":\t", 1) for line in (await get(spawner, "/proc/self/status")).splitlines())
    uids = status["Uid"].split()
    assert len(set(uids)) == 1
    assert int(uids[0]) >= 1000
    assert status["CapBnd"] == status["CapEff"] == "0" * 16
    assert status["NoNewPrivs"] == "1"
    assert await limit(spawner, "memory.max", "memory/memory.limit_in_bytes") == str(200 << 20)
    assert await limit(spawner, "cpu.max", "cpu/cpu.cfs_quota_us") == "50000"
    assert await limit(spawner, "pids.max", "pids/pids.max") == "77"
    limits = await get(spawner, "/proc/self/limits")
    assert next(line for line in limits.splitlines() if "open files" in line).split()[3:5] == ["1000", "2000"]
    lines = map(str.split, (await get(spawner, "/proc/self/mounts")).splitlines())
    mounts = {target: options.split(",") for _source, target, _type, options, *_rest in lines}
    assert "rw" in mounts[HOME_DIRECTORY]
    assert "ro" in mounts[EXPORT_TARGET]
    assert "ro" in mounts["/"]
    for target in ("/dev/shm", "/tmp", "/var/tmp"):
        assert "size=102400k" in mounts[target]
    assert await get(spawner, EXPORT_TARGET) == "jupiter:/srv/galilean/homes\n"


async def test_a_rejected_task_fails_at_once_in_swarms_words(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(image="galilean.invalid/no-such-image:1")
    with pytest.raises(StartFailed, match=r"galilean\.invalid/no-such-image") as failed:
        await asyncio.wait_for(spawner.start(), DEADLINE_SECONDS)
    assert "Swarm says" in failed.value.jupyterhub_message
    assert not await service_exists(spawner)
    assert await spawner.poll() == 0


async def test_a_program_that_cannot_run_fails_in_swarms_words(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(command=("python3", "-c", "raise SystemExit(7)"))
    with pytest.raises(StartFailed, match=r"non-zero exit \(7\)"):
        await asyncio.wait_for(spawner.start(), DEADLINE_SECONDS)
    assert not await service_exists(spawner)


async def test_a_server_that_ends_at_once_is_told(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(command=("true",))
    with pytest.raises(StartFailed, match="ended while it started"):
        await asyncio.wait_for(spawner.start(), DEADLINE_SECONDS)


async def test_no_place_fails_after_the_grace_period(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(memory_guarantee="10T")
    with pytest.raises(StartFailed, match=r"no suitable node .*insufficient resources") as failed:
        await asyncio.wait_for(spawner.start(), DEADLINE_SECONDS)
    assert "10T of memory" in failed.value.jupyterhub_message
    assert not await service_exists(spawner)


async def test_no_node_for_a_constraint_is_told(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(constraints=("node.labels.galilean.test==nowhere",))
    with pytest.raises(StartFailed, match="scheduling constraints not satisfied"):
        await spawner.start()


async def test_a_server_that_never_answers_is_given_up(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(command=("sleep", "1000"), start_timeout_seconds=40)
    with pytest.raises(StartFailed, match=r"did not start within 40 s\. Last step: Node .*waiting for the server"):
        await spawner.start()
    assert not await service_exists(spawner)


async def test_a_start_that_is_cancelled_ends_and_leaves_nothing_to_stop(new_spawner: NewSpawner) -> None:
    spawner = new_spawner(command=("sleep", "1000"))
    start = asyncio.create_task(spawner.start())
    await eventually(lambda: service_exists(spawner))
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(start, DEADLINE_SECONDS)
    await spawner.stop()
    await spawner.run_post_stop_hook()
    assert not await service_exists(spawner)


async def test_poll_says_running_in_every_state_of_a_start(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    start = asyncio.create_task(spawner.start())
    await eventually(lambda: service_exists(spawner))
    # Swarm makes the task of a service a moment after the service.
    await eventually(lambda: tasks(spawner))
    while not start.done():
        assert not spawner.object_id or await spawner.poll() is None
        await asyncio.sleep(0.02)
    await start


async def test_two_tasks_are_one_server(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    await spawner.start()
    engine = spawner.shared.cluster.engine
    service = await engine.call("inspect_service", spawner.object_name)
    spec = service["Spec"]
    spec["TaskTemplate"]["ForceUpdate"] = 1
    await engine.call(
        "update_service",
        spawner.object_id,
        service["Version"]["Index"],
        task_template=spec["TaskTemplate"],
        name=spec["Name"],
        labels=spec["Labels"],
        mode=spec["Mode"],
        endpoint_spec=spec["EndpointSpec"],
    )
    states: list[str] = []
    while "running" not in states or len(states) < 2:
        assert await spawner.poll() is None
        states = [task["Status"]["State"] for task in await tasks(spawner) if task["DesiredState"] != "ready"]
    assert await spawner.poll() is None
    await eventually(lambda: answers(spawner))


async def answers(spawner: GalileanSpawner) -> bool:
    try:
        return bool(await get(spawner, "/env"))
    except OSError:
        return False


async def test_a_server_that_shuts_itself_down_stays_down(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    await spawner.start()
    await get(spawner, "/exit/0")
    await eventually(lambda: stopped(spawner))
    assert await spawner.poll() == 0
    await asyncio.sleep(8)
    assert [task["Status"]["State"] for task in await tasks(spawner)] == ["complete"]
    # the hub calls no stop() now, only the hook
    await spawner.run_post_stop_hook()
    assert not await service_exists(spawner)


async def stopped(spawner: GalileanSpawner) -> bool:
    return all(task.state != "running" for task in await spawner.shared.cluster.tasks(spawner.object_id, 0))


async def test_a_server_that_is_killed_comes_back_at_the_same_url(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    await spawner.start()
    await get(spawner, "/exit/137")
    await eventually(lambda: stopped(spawner))
    assert await spawner.poll() is None
    await eventually(lambda: answers(spawner))
    assert await spawner.poll() is None
    assert len(await tasks(spawner)) == 2


async def test_stop_minds_neither_a_missing_service_nor_being_called_twice(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    await spawner.start()
    await spawner.shared.cluster.engine.call("remove_service", spawner.object_name)
    await spawner.stop()
    await spawner.stop()
    assert await spawner.poll() == 0


async def test_what_a_dead_hub_left_behind_is_replaced(new_spawner: NewSpawner) -> None:
    dead = new_spawner()
    await dead.start()
    left_behind, dead.object_id = dead.object_id, ""
    # a hub that died while it started a server kept no state of it
    spawner = new_spawner()
    assert await spawner.poll() == 0
    await spawner.start()
    assert spawner.object_id != left_behind
    assert await get(spawner, "/env")


async def test_a_new_hub_finds_the_server_by_its_state(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    await spawner.start()
    state = spawner.get_state()
    again = new_spawner()
    again.load_state(state)
    assert await again.poll() is None
    await again.stop()
    assert not await service_exists(spawner)
    spawner.object_id = ""


@pytest.mark.seldom
async def test_a_burst_waits_in_line_and_all_start(new_spawner: NewSpawner) -> None:
    spawners = [new_spawner(f"test-burst-{index}", concurrent_starts=3) for index in range(10)]
    told: list[list[str]] = [[] for _spawner in spawners]

    async def listen(spawner: GalileanSpawner, tell: Callable[[str], None]) -> None:
        async for event in spawner.progress():
            tell(event["message"])

    listeners = [
        asyncio.create_task(listen(spawner, messages.append)) for spawner, messages in zip(spawners, told, strict=True)
    ]
    urls = await asyncio.gather(*(spawner.start() for spawner in spawners))
    for listener in listeners:
        listener.cancel()
    assert len(set(urls)) == len(spawners)
    assert not any("turn" in message for message in told[0])
    assert any(message.startswith("Waiting for a turn, ") for message in told[-1])
    assert all(any(message.startswith("Node ") for message in messages) for messages in told)
    await asyncio.gather(*(spawner.stop() for spawner in spawners))


@pytest.mark.seldom
async def test_a_hundred_idle_servers_cost_a_few_calls(new_spawner: NewSpawner) -> None:
    first = new_spawner()
    await first.start()
    idle = [new_spawner(f"test-idle-{index}") for index in range(100)]
    for spawner in idle:
        spawner.object_id = first.object_id
    before = calls()
    for _turn in range(3):
        assert await asyncio.gather(*(spawner.poll() for spawner in idle)) == [None] * len(idle)
    assert calls() - before <= 1
    for spawner in idle:
        spawner.object_id = ""


def calls() -> float:
    return sum(
        sample.value for metric in CALLS.collect() for sample in metric.samples if sample.name.endswith("_total")
    )


async def test_an_engine_that_is_away_says_nothing_about_the_server(new_spawner: NewSpawner) -> None:
    spawner = new_spawner()
    spawner.object_id = "somewhere"
    configuration = spawner.configuration
    object.__setattr__(configuration.engine, "url", "https://127.0.0.1:9")
    assert await spawner.poll() is None
    with pytest.raises(StartFailed, match="does not answer"):
        await spawner.start()
    spawner.object_id = ""


async def test_every_node_that_takes_servers_is_visited_over_their_network(new_spawner: NewSpawner) -> None:
    engine = new_spawner().shared.cluster.engine
    nodes = await engine.call("nodes")
    expected = sorted(expected_nodes(nodes).values())
    assert expected
    assert await visit(Path("/etc/galilean/hub.json"), DEADLINE_SECONDS) == {"ok": True, "nodes": expected}
    assert not await engine.call("services", filters={"name": "galilean-main-overlay"})
