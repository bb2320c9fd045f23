"""Group commit: arrivals of about two milliseconds share one transaction and one sync of the disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from usertrack_cli.ingest.keeper import Keeper, Verdict
from usertrack_cli.ingest.session import Arrival

GROUP_DELAY_S = 0.002
"""A sync takes about as long; waiting longer adds more to the answer than it saves."""
GROUP_MAX = 512
"""Bounds how long one transaction holds the writer process off."""
WAITING_MAX = 4_096
"""Arrivals in memory, some 6 KiB each; more of them would not be answered within the browser's patience."""

_OVERLOADED = Verdict(503, "overloaded")
_BROKEN = Verdict(503, "store failed")

Told = TypeVar("Told")


class GroupCommit:
    """Hands arrivals to the keeper's thread in groups and each verdict back to who waits for it."""

    def __init__(self, keeper: Keeper, thread: ThreadPoolExecutor) -> None:
        self._keeper = keeper
        self._thread = thread
        self._waiting: deque[tuple[Arrival, Callable[[Verdict], None]]] = deque()
        self._is_planned = False

    @classmethod
    async def opened(cls, make: Callable[[], Keeper]) -> GroupCommit:
        """Return a group commit whose keeper ``make`` made in the thread that will use it."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="keeper")
        return cls(await asyncio.get_running_loop().run_in_executor(thread, make), thread)

    def keep(self, arrival: Arrival, kept: Callable[[Verdict], None]) -> None:
        """Have ``arrival`` committed; ``kept`` is told what became of it once that is certain."""
        if len(self._waiting) >= WAITING_MAX:
            kept(_OVERLOADED)
            return
        self._waiting.append((arrival, kept))
        if not self._is_planned:
            self._is_planned = True
            loop = asyncio.get_running_loop()
            loop.call_later(GROUP_DELAY_S, self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]
        done = loop.run_in_executor(self._thread, self._keeper.keep, [arrival for arrival, _ in group])
        done.add_done_callback(lambda done: self._tell(loop, group, done))

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[Arrival, Callable[[Verdict], None]]],
        done: asyncio.Future[list[Verdict]],
    ) -> None:
        verdicts = [_BROKEN] * len(group) if done.cancelled() or done.exception() else done.result()
        # The next group is on its way before this one is answered.
        if self._waiting:
            self._start(loop)
        else:
            self._is_planned = False
        for (_, kept), verdict in zip(group, verdicts, strict=True):
            loop.call_soon(kept, verdict)

    async def apply(self, act: Callable[[Keeper], Told]) -> Told:
        """Return what ``act`` returned in the keeper's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, self._keeper)

    async def waiting(self) -> tuple[int, int | None]:
        """Return how many batches wait for the writer and when the oldest arrived (ms)."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._keeper.waiting)

    async def close(self) -> None:
        """Let the thread finish what it has and close the databases."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._keeper.close)
        self._thread.shutdown()
