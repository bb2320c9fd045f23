"""A question is answered with everything that was acknowledged before it was asked, whoever drains."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import bell, snapshot
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import WRITER, FileLock


@contextmanager
def writing(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    """A real writer that drains once, when it starts, and then once an hour unless it is asked."""
    (home.root / "usertrack.toml").write_text('flush_interval = "1h"\n')
    Sender(home, session_id(999)).send(0, pageview())
    process = subprocess.Popen(
        [sys.executable, "-m", "usertrack_cli.lifecycle.writer", str(home.root)], stdin=subprocess.PIPE
    )
    try:
        deadline = clock.monotonic_s() + 30
        while not any(home.segments.rglob("*.parquet")):
            assert clock.monotonic_s() < deadline, "the writer did not start"
            clock.pause_s(0.05)
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def shown(home: Home) -> list[str]:
    sql = "SELECT DISTINCT session FROM events ORDER BY session"
    return [session for (session,) in ask(home, Filter(), lambda con: con.execute(sql).fetchall())]


def test_the_running_writer_is_asked_to_drain(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    # Far more than the writer takes, so that a loaded machine passes; the hour is what it may not wait for.
    monkeypatch.setattr(snapshot, "WRITER_WAIT_S", 30.0)
    with writing(home):
        for number in range(3):
            Sender(home, session_id(number)).send(0, pageview())

            assert session_id(number) in shown(home)


def test_without_the_bell_nothing_would_come_before_the_writers_turn(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "ring", lambda _home: None)
    monkeypatch.setattr(snapshot, "WRITER_WAIT_S", 1.0)
    with writing(home):
        Sender(home, session_id(1)).send(0, pageview())

        taken = snapshot.snapshot(home)

    assert taken.pending_batches == 1


def test_what_arrives_after_the_question_is_not_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Sender(home, session_id(1))
    first.send(0, pageview())
    pauses: list[int] = []

    def at_work(lock: FileLock, *, timeout_s: float = 0.0) -> bool:
        """Another process writes: it drains what was there, and meanwhile something new arrives."""
        if not pauses:
            monkeypatch.undo()
            snapshot.snapshot(home)
            Sender(home, session_id(2)).send(0, pageview())
            monkeypatch.setattr(FileLock, "acquire", at_work)
        pauses.append(1)
        return False

    monkeypatch.setattr(FileLock, "acquire", at_work)
    taken = snapshot.snapshot(home)

    assert (len(pauses), taken.pending_batches) == (1, 0)


def test_a_bell_that_a_killed_writer_left_keeps_nobody_waiting(home: Home) -> None:
    with writing(home) as process:
        process.kill()
        process.wait(timeout=30)
    assert (home.root / "bell").exists()
    Sender(home, session_id(1)).send(0, pageview())

    assert session_id(1) in shown(home)


def test_rings_beyond_what_the_bell_holds_are_harmless(home: Home) -> None:
    lock = FileLock(home.root / WRITER)
    assert lock.acquire()
    with bell.hung(home) as ringing:
        for _ in range(100_000):
            bell.ring(home)
        bell.silence(ringing)
        bell.silence(ringing)
    lock.release()

    bell.ring(home)
    assert not (home.root / "bell").exists()
