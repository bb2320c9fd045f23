"""Compaction of a day that is over: small files, and every session in one of them."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.store.rows import events, rows_of
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.store import catalog, compaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import sessions_in, write_segment
from usertrack_cli.store.roster import add_segments, live_segments
from usertrack_cli.store.segment import Segment, day_end_ms, new_segment_path
from usertrack_cli.store.workspace import workspace

DAY = "2026-01-05"
ROWS = 100


@pytest.fixture(autouse=True)
def _small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "ROW_GROUP_ROWS", ROWS)


def put(home: Home, *tables: pa.Table, level: int = 0) -> None:
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        for table in tables:
            path = new_segment_path("default", DAY, node="00000000", now_ms=1)
            segment = write_segment(home, table, path=path, level=level, workspace=folder)
            with catalog.transaction(con):
                add_segments(con, [segment])


def compacted(home: Home) -> list[Segment]:
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        compaction.compact(con, home, folder, now_ms=clock.now_ms())
        return live_segments(con)


def test_each_session_of_a_finished_day_ends_in_one_file_of_one_row_group(home: Home) -> None:
    names = [f"{number:022d}" for number in range(20)]
    put(home, *(events(dict.fromkeys(names, 7), seq=seq) for seq in range(5)))
    with closing(catalog.connect(home)) as con:
        before = rows_of(home, live_segments(con))

    live = compacted(home)

    held = Counter(session for each in live for session in sessions_in(home, each.path))
    assert set(held) == set(names)
    assert set(held.values()) == {1}, "a session lies in several files"
    assert len(live) == 10
    assert all(each.rows <= ROWS for each in live)
    assert all(pq.read_metadata(home.segments / each.path).num_row_groups == 1 for each in live)
    assert rows_of(home, live).equals(before)


def test_what_was_cut_is_not_gathered_again(home: Home) -> None:
    put(home, *(events({f"{number:022d}": 40 for number in range(9)}, seq=seq) for seq in range(2)))

    first = compacted(home)

    assert len(first) > 1
    assert compacted(home) == first


def test_a_large_file_of_a_finished_day_is_cut_though_it_is_alone(home: Home) -> None:
    put(home, events({f"{number:022d}": 60 for number in range(4)}), level=3)

    assert [each.rows for each in compacted(home)] == [60, 60, 60, 60]


def test_a_session_larger_than_a_file_stays_whole(home: Home) -> None:
    put(home, events({"a" * 22: 10, "b" * 22: 3 * ROWS, "c" * 22: 10}), events({"c" * 22: 5}, seq=1))

    live = compacted(home)

    assert sorted(each.rows for each in live) == [10, 15, 3 * ROWS]
    assert all(len(sessions_in(home, each.path)) == 1 for each in live)


def test_a_disk_that_fills_up_between_two_files_leaves_none_of_them(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, *(events({f"{number:022d}": 40 for number in range(9)}, seq=seq) for seq in range(2)))
    before = sorted(home.segments.rglob("*.parquet"))
    written: list[Segment] = []

    def full(*given: object, **named: object) -> Segment:
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(write_segment(*given, **named))  # type: ignore[arg-type] # passed on as they came
        return written[-1]

    monkeypatch.setattr(compaction, "write_segment", full)

    with pytest.raises(OSError, match="No space left"):
        compacted(home)

    assert len(written) == 2
    assert sorted(home.segments.rglob("*.parquet")) == before


def times_rewritten(home: Home, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Let 50 drains fill a day, compact whenever there is something to, and once more when the day is over."""
    written: Counter[str] = Counter()

    def counting(*given: Any, **named: Any) -> Segment:
        made = write_segment(*given, **named)
        written.update(made.sessions)
        return made

    monkeypatch.setattr(compaction, "FAN_IN", 2)
    monkeypatch.setattr(compaction, "write_segment", counting)
    over_ms = day_end_ms(DAY) + 3 * DAY_MS
    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        for number in range(50):
            put(home, events({f"{number:022d}": 1}))
            compaction.compact(con, home, folder, now_ms=over_ms - 4 * DAY_MS)
        for _ in range(3):
            compaction.compact(con, home, folder, now_ms=over_ms)
        assert rows_of(home, live_segments(con)).num_rows == 50
    return written


def test_a_row_is_rewritten_four_times_at_most(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(times_rewritten(home, monkeypatch).values()) == 4


def test_without_the_last_level_rows_would_be_rewritten_again_and_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(compaction, "LEVEL_MAX", 99)

    assert max(times_rewritten(home, monkeypatch).values()) > 4
