"""What was acknowledged is stored, once, whoever is killed and whenever."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.collecting import (
    Browser,
    Collecting,
    Crowd,
    collecting,
    command,
    lost_and_double,
    start,
    stored,
    unsafely,
)
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import SERVE, WRITER, FileLock

WHO = ("both", "parent", "writer")


def kill_often(data: Path, *, kills: int, seed: int) -> Crowd:
    """Browsers send all the time; somebody is killed ``kills`` times, each time at a random moment."""
    chance = random.Random(seed)  # noqa: S311 the seed is named so that a failure can be repeated
    with Crowd(6) as crowd:
        running = start(data, "--flush-interval", "1s")
        crowd.port = running.port
        try:
            for number in range(kills):
                time.sleep(chance.uniform(0.05, 0.8))
                who = WHO[number % 3]
                running.kill(who)
                if who != "writer":
                    running = start(data, "--flush-interval", "1s")
                    crowd.port = running.port
            time.sleep(0.5)
            crowd.end()
            running.stop()
        finally:
            running.kill()
    return crowd


def check(data: Path, crowd: Crowd) -> None:
    lost, double = lost_and_double(data, crowd)
    assert len(crowd.acked) > 100
    assert lost == set()
    assert double == 0
    assert crowd.statuses <= {200, 204, 503}


def test_kills_lose_and_double_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    check(tmp_path / "data", kill_often(tmp_path / "data", kills=6, seed=1))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_sixty_kills_lose_and_double_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    check(tmp_path / "data", kill_often(tmp_path / "data", kills=60, seed=int(os.environ.get("SEED", "2"))))


HASTY = """
import usertrack_cli.ingest.keeper as k
keep, late = k.Keeper.keep, []
def hasty(self, arrivals):
    late.extend(arrivals)
    if len(late) > 200:
        keep(self, late[:-1]); del late[:-1]  # the newest always waits, so there is something to lose
    return [k.KEPT] * len(arrivals)
k.Keeper.keep = hasty
"""
"""A server that answers before it stores."""
LOCKED_BY_EXISTENCE = """
import os
import usertrack_cli.store.lock as l
class Existing(l.FileLock):
    def acquire(self, *given, **named):
        try:
            self._handle = os.open(f"{self._path}.exists", os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return False
        return True
    def release(self):
        if self._handle is not None:
            os.unlink(f"{self._path}.exists")
        super().release()
l.FileLock = Existing
"""
"""Locks that outlive who held them."""
UNLOCKED = """
import usertrack_cli.store.lock as l
l.FileLock.acquire = lambda self, **named: True
"""
"""Locks that anybody may hold at any time."""


@pytest.mark.parametrize("end", [Collecting.kill, Collecting.stop], ids=["kill", "stop"])
def test_an_acknowledgement_before_the_commit_would_be_found(
    tmp_path: Path, end: Callable[[Collecting], object]
) -> None:
    """The control: a server that answers before it stores loses what it acknowledged."""
    with Crowd(4) as crowd:
        running = start(tmp_path / "data", environ=unsafely(HASTY, tmp_path))
        crowd.port = running.port
        deadline = time.monotonic() + 40
        while len(crowd.acked) < 250 and time.monotonic() < deadline:
            time.sleep(0.05)
        end(running)
        crowd.end()

    lost, _ = lost_and_double(tmp_path / "data", crowd)
    assert lost


def test_a_stop_under_load_exits_0_and_loses_nothing(tmp_path: Path) -> None:
    with Crowd(6) as crowd:
        running = start(tmp_path / "data")
        crowd.port = running.port
        time.sleep(1.5)
        code = running.stop()
        crowd.end()

    lost, double = lost_and_double(tmp_path / "data", crowd)
    assert code == 0
    assert (lost, double) == (set(), 0)
    assert len(crowd.acked) > 50


@pytest.mark.parametrize("who", ["both", "parent"])
def test_locks_of_the_killed_are_taken_over(tmp_path: Path, who: str) -> None:
    with closing(Browser("b" * 22)) as browser, collecting(tmp_path / "data") as first:
        assert browser.send(first.port) in {200, 204}
        first.kill(who)
        with collecting(tmp_path / "data") as second:
            assert browser.send(second.port) in {200, 204}
            deadline = time.monotonic() + 20
            while len(stored(tmp_path / "data")) < 4 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert second.stop() == 0

    assert len(stored(tmp_path / "data")) == 4


def test_locks_that_outlive_their_holder_would_be_found(tmp_path: Path) -> None:
    """The control of the test above."""
    environ = unsafely(LOCKED_BY_EXISTENCE, tmp_path)
    with collecting(tmp_path / "data", environ=environ) as first:
        first.kill("both")

        with pytest.raises(AssertionError, match="another usertrack process serves"):
            start(tmp_path / "data", environ=environ)


def is_held(path: Path) -> bool:
    lock = FileLock(path)
    is_free = lock.acquire()
    lock.release()
    return not is_free


def test_a_writer_whose_parent_was_killed_drains_and_ends(tmp_path: Path) -> None:
    with collecting(tmp_path / "data", "--flush-interval", "1h") as running:
        with closing(Browser("b" * 22)) as browser:
            assert browser.send(running.port) in {200, 204}
        while not is_held(tmp_path / "data" / WRITER):
            time.sleep(0.05)
        running.kill("parent")

    lock = FileLock(tmp_path / "data" / WRITER)
    assert lock.acquire(timeout_s=15)
    assert len(list(Home(tmp_path / "data").segments.rglob("*.parquet"))) == 1
    lock.release()


UNWATCHED_PIPE = """
import select
look = select.select
select.select = lambda reading, *rest: look([each for each in reading if isinstance(each, int)], *rest)
"""
"""A writer that does not see that its parent is gone."""


def test_a_writer_that_outlives_its_parent_would_be_found(tmp_path: Path) -> None:
    """The control of the test above."""
    with collecting(tmp_path / "data", environ=unsafely(UNWATCHED_PIPE, tmp_path)) as running:
        while not is_held(tmp_path / "data" / WRITER):
            time.sleep(0.05)
        writer = running.writer_pid()
        assert writer is not None
        try:
            running.kill("parent")
            assert not FileLock(tmp_path / "data" / WRITER).acquire(timeout_s=4)
        finally:
            os.kill(writer, signal.SIGKILL)


def test_a_second_serve_exits_6_and_the_first_goes_on(tmp_path: Path) -> None:
    with collecting(tmp_path / "data") as first:
        second = subprocess.run(
            command(tmp_path / "data"), capture_output=True, text=True, timeout=30, check=False
        )

        assert second.returncode == 6
        assert "another usertrack process serves" in second.stderr
        with closing(Browser("b" * 22)) as browser:
            assert browser.send(first.port) in {200, 204}
        free = FileLock(tmp_path / "data" / SERVE)
        assert not free.acquire()
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(timeout=15) == 0


def test_two_servers_without_a_lock_would_both_serve(tmp_path: Path) -> None:
    """The control of the test above."""
    environ = unsafely(UNLOCKED, tmp_path)
    with (
        collecting(tmp_path / "data", environ=environ),
        collecting(tmp_path / "data", environ=environ) as second,
        closing(Browser("b" * 22)) as browser,
    ):
        assert browser.send(second.port) in {200, 204}
