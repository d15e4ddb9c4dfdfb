"""Starts take turns: a class that arrives at once waits in a line instead of being told to try again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """At most `limit` turns at a time, given in the order in which they were asked for."""

    def __init__(self, limit: int) -> None:
        self._semaphore = asyncio.Semaphore(limit)
        self._line: list[str] = []

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for a turn and keep it until the end of the block."""
        self._line.append(name)
        try:
            await self._semaphore.acquire()
        finally:
            self._line.remove(name)
        try:
            yield
        finally:
            self._semaphore.release()

    def ahead(self, name: str) -> int | None:
        """How many wait in front of `name`, None when it does not wait."""
        return self._line.index(name) if name in self._line else None
