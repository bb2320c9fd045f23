"""What reaches the server apart from batches: decisions about consent, and sights to be counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from usertrack_cli.ingest.commit import GroupCommit
from usertrack_cli.ingest.decision import Decided, Seen
from usertrack_cli.ingest.identity import limited_address
from usertrack_cli.ingest.rate import Rate
from usertrack_cli.settings import Settings

PER_ADDRESS_PER_MINUTE = 240
"""An office behind one address reads some pages a second; a program that counts itself up is held to this."""
COUNT_DELAY_S = 1.0
"""Sights share a transaction; the last second of them is lost in a crash, which changes no picture."""
WAITING_MAX = 10_000
"""Sights of one second, some 300 bytes each."""


class Unrecorded:
    """Passes decisions and sights on to the thread that holds the databases."""

    def __init__(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._rate = Rate(PER_ADDRESS_PER_MINUTE)
        self._seen: list[Seen] = []
        self._counting: asyncio.Task[None] | None = None

    def admits(self, address: str, *, now_ms: int) -> bool:
        """Return False where this address said too much."""
        return self._rate.admits(limited_address(address), now_ms=now_ms)

    async def decide(self, decided: Decided, settings: Settings) -> bool:
        """Record a decision, and have the session erased that ends by it; return whether it is kept."""
        return await self._commits.apply(lambda keeper: keeper.decide(decided, settings))

    def count(self, seen: Seen) -> None:
        """Add to the totals within a second."""
        if len(self._seen) >= WAITING_MAX:
            return
        self._seen.append(seen)
        if self._counting is None or self._counting.done():
            self._counting = asyncio.get_running_loop().create_task(self._count_soon())

    async def _count_soon(self) -> None:
        await asyncio.sleep(COUNT_DELAY_S)
        await self._flush()

    async def _flush(self) -> None:
        taken: Sequence[Seen] = self._seen
        self._seen = []
        if taken:
            await self._commits.apply(lambda keeper: keeper.count(taken))

    async def close(self) -> None:
        """Count what still waits."""
        if self._counting is not None:
            self._counting.cancel()
        await self._flush()
