"""Arrivals share a transaction, and each hears of its own fate."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, cast

from usertrack_cli.ingest.commit import GROUP_MAX, WAITING_MAX, GroupCommit
from usertrack_cli.ingest.keeper import Keeper, Verdict
from usertrack_cli.ingest.session import Arrival


class SlowKeeper:
    """Notes its groups; answers each arrival with its own number as status."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.threads: set[int] = {threading.get_ident()}
        self.gate = threading.Event()
        self.error: Exception | None = None

    def keep(self, arrivals: Sequence[Any]) -> list[Verdict]:
        self.gate.wait(5)
        self.threads.add(threading.get_ident())
        self.groups.append(len(arrivals))
        if self.error is not None:
            raise self.error
        return [Verdict(arrival) for arrival in arrivals]

    def close(self) -> None:
        self.threads.add(threading.get_ident())


async def fate(commits: GroupCommit, number: int) -> Verdict:
    told: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
    commits.keep(cast(Arrival, number), told.set_result)
    return await told


def kept(count: int, keeper: SlowKeeper, *, error: Exception | None = None) -> list[int]:
    async def run() -> list[int]:
        commits = await GroupCommit.opened(lambda: cast(Keeper, keeper))
        keeper.error = error
        keeper.gate.set()
        verdicts = await asyncio.gather(*(fate(commits, n) for n in range(count)))
        await commits.close()
        return [verdict.status for verdict in verdicts]

    return asyncio.run(run())


def test_arrivals_at_the_same_time_share_one_transaction() -> None:
    keeper = SlowKeeper()

    assert kept(100, keeper) == list(range(100))
    assert keeper.groups == [100]


def test_groups_are_bounded() -> None:
    keeper = SlowKeeper()

    assert kept(2 * GROUP_MAX + 1, keeper) == list(range(2 * GROUP_MAX + 1))
    assert keeper.groups == [GROUP_MAX, GROUP_MAX, 1]


def test_one_thread_holds_the_databases() -> None:
    keeper = SlowKeeper()

    kept(2 * GROUP_MAX, keeper)

    assert len(keeper.threads - {threading.get_ident()}) == 1


def test_more_than_can_wait_is_told_so_at_once() -> None:
    statuses = kept(WAITING_MAX + 3, SlowKeeper())

    assert statuses[-3:] == [503] * 3
    assert statuses[:WAITING_MAX] == list(range(WAITING_MAX))


def test_a_keeper_that_fails_leaves_nobody_waiting() -> None:
    assert kept(3, SlowKeeper(), error=RuntimeError("broken")) == [503] * 3


def test_an_answer_that_fails_does_not_keep_the_others_from_theirs() -> None:
    keeper = SlowKeeper()

    def fail(verdict: Verdict) -> None:
        raise RuntimeError(verdict.status)

    async def run() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        commits = await GroupCommit.opened(lambda: cast(Keeper, keeper))
        commits.keep(cast(Arrival, 1), fail)
        stays = asyncio.create_task(fate(commits, 2))
        await asyncio.sleep(0.02)
        keeper.gate.set()
        status = (await stays).status
        await commits.close()
        return status

    assert asyncio.run(run()) == 2
