"""Writers, readers, compaction and erasure at the same time: every answer is one consistent state."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fault.collecting import Crowd, collecting, lost_and_double
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog, compaction, drain
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox
from usertrack_cli.store.lock import MAINTENANCE, FileLock
from usertrack_cli.store.parquet import write_segment
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.workspace import workspace

ROOT = Path(__file__).parents[2]
PARTS = 5
"""Rows of a batch; each says which it is, so that half a batch shows."""


def test_a_delete_between_a_drains_read_and_its_commit_brings_nothing_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased, other = Sender(home, session_id(1)), Sender(home, session_id(2))
    erased.send(0, pageview())
    other.send(0, pageview())
    write = write_segment

    def write_then_let_somebody_delete(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr("usertrack_cli.store.drain.write_segment", write)
        written = write(*given, **named)
        erase(home, [("default", erased.session)])
        return written

    monkeypatch.setattr("usertrack_cli.store.drain.write_segment", write_then_let_somebody_delete)
    snapshot(home)

    assert sessions_on_disk(home) == {other.session}
    assert sessions_seen(home) == {other.session}


def test_a_drain_that_did_not_look_again_would_bring_them_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    test = test_a_delete_between_a_drains_read_and_its_commit_brings_nothing_back

    def empty_without_looking(con: Any, batches: Any) -> None:
        con.execute(drain._EMPTY, (batches[0].id, batches[-1].id))

    monkeypatch.setattr(drain, "_empty", empty_without_looking)
    with pytest.raises((AssertionError, FileNotFoundError)):
        test(home, monkeypatch)


def sessions_on_disk(home: Home) -> set[str]:
    import pyarrow.parquet as pq

    return {
        session
        for file in home.root.rglob("*.parquet")
        for session in pq.read_table(file, partitioning=None, columns=["session"])["session"].to_pylist()
    }


def sessions_seen(home: Home) -> set[str]:
    found = ask(home, Filter(), lambda con: con.execute("SELECT DISTINCT session FROM events").fetchall())
    return {row[0] for row in found}


class Together:
    """A writer, a compactor, an eraser and readers on one store until somebody objects."""

    def __init__(self, home: Home, *, seconds: float) -> None:
        self.home = home
        self.until = time.monotonic() + seconds
        self.objections: list[str] = []
        self.sent: dict[str, int] = {}
        self.erased: set[str] = set()
        self.reads = 0

    def run(self) -> None:
        jobs: list[Callable[[], None]] = [self.write, self.take_in, self.compact, self.erase, *[self.read] * 2]
        threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            while time.monotonic() < self.until and not self.objections:
                job()
        except Exception as error:  # noqa: BLE001 whatever it is, the test reports it
            self.objections.append(f"{job.__name__}: {error!r}")

    def write(self) -> None:
        number = len(self.sent)
        sender = Sender(self.home, session_id(number))
        batches = [
            sender.batch(seq, *(click(100 * part, part, PARTS) for part in range(PARTS))) for seq in range(3)
        ]
        with closing(catalog.connect(self.home)) as con:
            for each in batches:
                Inbox(con).append([each])
                self.sent[sender.session] = each.seq
        time.sleep(0.01)

    def take_in(self) -> None:
        with closing(catalog.connect(self.home)) as con, workspace(self.home) as folder:
            drain.drain(con, self.home, folder, now_ms=clock.now_ms())
        time.sleep(0.02)

    def compact(self) -> None:
        lock = FileLock(self.home.root / MAINTENANCE)
        if lock.acquire(timeout_s=0.5):
            try:
                with closing(catalog.connect(self.home)) as con, workspace(self.home) as folder:
                    compaction.compact(con, self.home, folder, now_ms=clock.now_ms())
            finally:
                lock.release()
        time.sleep(0.02)

    def erase(self) -> None:
        whole = [session for session, seq in list(self.sent.items()) if seq == 2 and session not in self.erased]
        if whole:
            erase(self.home, [("default", whole[0])])
            self.erased.add(whole[0])
        time.sleep(0.3)

    def read(self) -> None:
        gone = set(self.erased)
        sql = "SELECT session, seq, list_sort(list(x)) FROM events GROUP BY session, seq ORDER BY session, seq"
        batches: dict[str, list[int]] = defaultdict(list)
        for session, seq, parts in ask(self.home, Filter(), lambda con: con.execute(sql).fetchall()):
            batches[session].append(seq)
            if parts != list(range(PARTS)):
                self.objections.append(f"{session} {seq} holds parts {parts}")
        for session, seqs in batches.items():
            if seqs != list(range(len(seqs))):
                self.objections.append(f"{session} holds batches {seqs}")
        if back := gone & set(batches):
            self.objections.append(f"{back} came back")
        self.reads += 1


@pytest.mark.parametrize(
    "seconds", [3.0, pytest.param(20.0, marks=[pytest.mark.soak, pytest.mark.timeout(300)])]
)
def test_readers_see_whole_batches_while_all_others_are_at_work(
    home: Home, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "FAN_IN", 3)
    together = Together(home, seconds=seconds)

    together.run()

    assert together.objections == []
    assert together.reads > 2
    assert sessions_seen(home) == set(together.sent) - together.erased
    assert sessions_on_disk(home) == set(together.sent) - together.erased


def test_readers_of_two_lists_would_be_caught(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: a swap in two steps shows rows twice or not at all."""
    monkeypatch.setattr(compaction, "FAN_IN", 3)

    def in_two_steps(con: Any, _home: Home, *, old: Any, new: Any, now_ms: int, at_once: bool) -> None:
        from usertrack_cli.store.roster import add_segments, retire_segments

        with catalog.transaction(con):
            add_segments(con, new)
        time.sleep(0.3)
        with catalog.transaction(con):
            retire_segments(con, old, now_ms=now_ms)

    monkeypatch.setattr(compaction, "swap", in_two_steps)
    together = Together(home, seconds=15)

    together.run()

    assert any("holds parts" in objection for objection in together.objections)


def test_cron_prunes_and_deletes_while_serve_starts_and_collects(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Crowd(3) as crowd, collecting(data, "--flush-interval", "1s") as running:
        crowd.port = running.port
        time.sleep(0.3)
        for _ in range(2):
            running.kill()
            pruning = usertrack("prune", "--data", str(data))
            with collecting(data, "--flush-interval", "1s") as again:
                crowd.port = again.port
                assert pruning.wait(timeout=60) == 0
                erasing = usertrack(
                    "delete", "--session", crowd.browsers[0].session, "--yes", "--data", str(data)
                )
                also = usertrack("prune", "--data", str(data))
                assert also.wait(timeout=60) == 0
                assert erasing.wait(timeout=60) in {0, 3}
                if again is not None:
                    assert again.stop() == 0
        crowd.end()

    lost, double = lost_and_double(data, crowd)
    assert double == 0
    assert {session for session, _ in lost} <= {crowd.browsers[0].session}


def usertrack(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "usertrack_cli", *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
