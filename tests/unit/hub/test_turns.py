from __future__ import annotations

import asyncio

import pytest
from galilean_hub.turns import Turns


async def test_turns_come_in_order_and_the_line_is_known() -> None:
    turns = Turns(2)
    began: list[str] = []
    release = asyncio.Event()

    async def start(name: str) -> None:
        async with turns.turn(name):
            began.append(name)
            await release.wait()

    starts = [asyncio.create_task(start(name)) for name in "abcde"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert began == ["a", "b"]
    assert [turns.ahead(name) for name in "abcde"] == [None, None, 0, 1, 2]
    starts[2].cancel()
    with pytest.raises(asyncio.CancelledError):
        await starts[2]
    assert turns.ahead("d") == 0
    release.set()
    await asyncio.gather(starts[0], starts[1], *starts[3:])
    assert began == ["a", "b", "d", "e"]


async def test_a_failed_start_gives_its_turn_back() -> None:
    turns = Turns(1)
    for _turn in range(3):
        with pytest.raises(RuntimeError):
            async with turns.turn("a"):
                raise RuntimeError
    async with asyncio.timeout(1), turns.turn("b"):
        assert turns.ahead("b") is None
