"""A clock that is set back or forward loses nothing and forgets nothing."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.fault.collecting import Browser, Crowd, batch, collecting, lost_and_double, stored
from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.lifecycle.writer import Writer
from usertrack_cli.store import catalog
from usertrack_cli.store.drain import drain, expire
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Outcome
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.timekeeping import is_steady
from usertrack_cli.store.workspace import workspace


def known(home: Home) -> int:
    with closing(catalog.connect(home)) as con:
        return int(con.execute("SELECT count(*) FROM batches").fetchone()[0])


def tidy_at(home: Home, monkeypatch: pytest.MonkeyPatch, now_ms: int) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms)
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        assert Writer(home, con, folder)._tidying.do()
    monkeypatch.undo()


def test_a_clock_ten_years_ahead_forgets_no_batch(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender(home, session_id(1), started_at=clock.now_ms() - 60_000)
    now_ms = clock.now_ms()
    sender.send(0, pageview())
    snapshot(home)
    tidy_at(home, monkeypatch, now_ms)

    for minutes in (0, 1, 60, 600):
        tidy_at(home, monkeypatch, now_ms + 3_650 * DAY_MS + minutes * 60_000)

    assert sender.send(0, pageview()) is Outcome.DUPLICATE


def test_without_that_pause_the_batch_would_be_taken_twice(home: Home) -> None:
    """The control of the test above."""
    sender = Sender(home, session_id(1), started_at=clock.now_ms() - 60_000)
    sender.send(0, pageview())
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        expire(con, now_ms=clock.now_ms() + 3_650 * DAY_MS)

    assert sender.send(0, pageview()) is Outcome.STORED


def test_what_is_due_is_forgotten_where_time_runs_evenly(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    now_ms = clock.now_ms()
    Sender(home, session_id(1)).send(0, pageview())
    snapshot(home)

    for hours in range(0, 90, 8):
        tidy_at(home, monkeypatch, now_ms + hours * HOUR_MS)

    assert known(home) == 0


def test_a_clock_set_back_by_a_year_is_not_trusted_for_a_day(home: Home) -> None:
    now_ms = clock.now_ms()
    with closing(catalog.connect(home)) as con:
        assert is_steady(con, now_ms=now_ms)
        assert not is_steady(con, now_ms=now_ms - 365 * DAY_MS)
        assert not is_steady(con, now_ms=now_ms - 364 * DAY_MS - HOUR_MS)
        assert is_steady(con, now_ms=now_ms - 364 * DAY_MS)


def test_draining_does_not_wait_for_a_clock_that_was_set_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender(home, session_id(1))
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        writer = Writer(home, con, folder)
        sender.send(0, pageview())
        writer.turn()
        sender.send(1, pageview(5))
        real_ms = clock.now_ms()
        monkeypatch.setattr(clock, "now_ms", lambda: real_ms - 10 * HOUR_MS)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and waiting(home):
            writer.turn()
            time.sleep(0.1)

    assert waiting(home) == 0


def waiting(home: Home) -> int:
    with closing(catalog.connect(home)) as con:
        return int(con.execute("SELECT count(*) FROM batches WHERE body IS NOT NULL").fetchone()[0])


def test_nothing_happened_after_it_arrived(home: Home) -> None:
    now_ms = clock.now_ms()
    sender = Sender(home, session_id(1), started_at=now_ms + DAY_MS, received_at=now_ms)
    sender.send(0, pageview(0), pageview(5_000))
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        drain(con, home, folder, now_ms=now_ms)

    (segment,) = snapshot(home).segments
    assert segment.last_at <= now_ms


@pytest.mark.skipif(shutil.which("faketime") is None, reason="NOT PROVED HERE: faketime is not installed")
@pytest.mark.parametrize("shift", ["-2d", "+3650d"])
def test_a_server_under_a_wrong_clock_keeps_every_batch_once(tmp_path: Path, shift: str) -> None:
    data = tmp_path / "data"
    with Crowd(2) as crowd:
        with collecting(data, "--flush-interval", "1s") as first:
            crowd.port = first.port
            time.sleep(1)
            assert first.stop() == 0
        prefix = ("faketime", "-f", shift)
        with collecting(data, "--flush-interval", "1s", prefix=prefix) as wrong:
            wrong.is_traced = False
            crowd.port = wrong.port
            time.sleep(1.5)
            with closing(Browser("late-" + "x" * 17)) as again:
                for session, seq in sorted(crowd.acked)[:3]:
                    content = next(b.acked[seq] for b in crowd.browsers if b.session == session)
                    assert again.post(wrong.port, content) in {200, 204}
                assert again.post(wrong.port, batch(again.session, 0)) in {200, 204}
            wrong.kill()
        crowd.end()
    lost, double = lost_and_double(data, crowd)

    assert (lost, double) == (set(), 0)
    assert "late-" + "x" * 17 in {row[0] for row in stored(data)}
