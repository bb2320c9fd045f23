"""A backup made while the server collects is whole, and restores to what was acknowledged before it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fault.collecting import Crowd, collecting, stored
from usertrack_cli import clock
from usertrack_cli.lifecycle.restoration import restore
from usertrack_cli.store import backup, catalog
from usertrack_cli.store.backup import back_up
from usertrack_cli.store.home import Home


def test_a_backup_under_load_holds_everything_that_was_acknowledged_before_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    known: set[tuple[str, int]] = set()
    with Crowd(4) as crowd, collecting(data, "--flush-interval", "1s") as running:
        crowd.port = running.port
        for number in range(3):
            known = reached(crowd, len(known) + 100)
            made, _ = back_up(
                Home(data), tmp_path / "backups", now_ms=clock.now_ms(), with_keys=True, keep=None
            )
            restore(made, tmp_path / f"again-{number}", ledger=None)
            rows = stored(tmp_path / f"again-{number}")
            assert known <= {(session, seq) for session, seq, idx, _ in rows if idx == 1}
            assert len(rows) == len({row[:3] for row in rows})
        crowd.end()
        assert running.stop() == 0


def reached(crowd: Crowd, number: int) -> set[tuple[str, int]]:
    deadline = time.monotonic() + 40
    while len(known := crowd.acked) < number:
        assert time.monotonic() < deadline, "too little was acknowledged"
        time.sleep(0.05)
    return known


class InSteps(sqlite3.Connection):
    """Copies a page at a time, as a careful program would."""

    def backup(self, target: sqlite3.Connection, **_: Any) -> None:
        super().backup(target, pages=1, progress=self.look, sleep=0)

    look: Callable[[int, int, int], object] = staticmethod(lambda *_: None)


def test_a_copy_in_small_steps_would_begin_anew_with_every_commit(home: Home, tmp_path: Path) -> None:
    """The control of the test above."""
    left: list[int] = []

    def commit_meanwhile(_status: int, remaining: int, _total: int) -> None:
        left.append(remaining)
        if len(left) > 500:
            raise TimeoutError
        with closing(catalog.connect(home)) as con:
            con.execute(
                "INSERT INTO jobs VALUES ('x', 1, 1, '') ON CONFLICT DO UPDATE SET started_at = started_at + 1"
            )

    with closing(sqlite3.connect(home.catalog, factory=InSteps)) as con:
        con.look = commit_meanwhile
        with pytest.raises(TimeoutError):
            backup._copy_database(con, tmp_path / "copy.sqlite")

    assert min(left) > 1
