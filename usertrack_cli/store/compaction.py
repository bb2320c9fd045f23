"""Compaction by levels: many small segments become few, and a row is rewritten at most four times."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from usertrack_cli.clock import DAY_MS
from usertrack_cli.errors import StoreError
from usertrack_cli.store.catalog import store_value
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import ROW_GROUP_ROWS, SORT_ORDER, read_segment, write_segment
from usertrack_cli.store.quarantine import sound_segments
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import Segment, day_end_ms, new_segment_path
from usertrack_cli.store.swap import swap, unlink

FAN_IN = 20
"""Segments of one level that become one of the next."""
LEVEL_MAX = 4
"""Flush, about 10k rows, about 200k rows, and the final files of a day that is over."""
ROWS_MAX = 500_000
"""Rows merged at a time: that takes some 250 MB, four times as many would take 1.6 GB."""
OVER_AFTER_MS = 2 * DAY_MS
"""A batch may come 48 h late; after that a day's partition is complete."""


def compact(
    con: sqlite3.Connection, home: Home, folder: Path, *, now_ms: int, groups_max: int | None = None
) -> int:
    """Rewrite what is worth it; the caller holds the maintenance lock.

    A damaged segment is moved to quarantine and the others go on without it.

    Args:
        groups_max: Stop after so many rewrites, so that a long backlog does not keep the inbox waiting.

    Returns:
        How many segments were replaced. The rows are the same before and after.
    """
    replaced = done = 0
    for group in _groups(live_segments(con), now_ms=now_ms):
        if groups_max is not None and done >= groups_max:
            break
        sound = sound_segments(con, home, group, now_ms=now_ms)
        if len(sound) < min(2, len(group)):
            continue
        _merge(con, home, folder, sound, now_ms=now_ms, is_final=_is_over(sound[0].day, now_ms=now_ms))
        replaced += len(sound)
        done += 1
    return replaced


def _merge(
    con: sqlite3.Connection,
    home: Home,
    folder: Path,
    group: Sequence[Segment],
    *,
    now_ms: int,
    is_final: bool,
) -> None:
    rows = _rows(home, group)
    order = pc.sort_indices(rows, SORT_ORDER)
    cuts = _cuts(rows["session"].take(order)) if is_final else [len(order)]
    first, level = group[0], max(segment.level for segment in group) + 1
    merged: list[Segment] = []
    try:
        for start, end in pairwise([0, *cuts]):
            path = new_segment_path(first.site, first.day, node=store_value(con, "node"), now_ms=now_ms)
            # One of several is as large as it gets: gathering them again would only repeat this.
            reached = level if len(cuts) == 1 else LEVEL_MAX
            part = order[start:end]
            merged.append(
                write_segment(
                    home, rows, path=path, level=reached, workspace=folder, aged=first.aged, order=part
                )
            )
    except BaseException:
        unlink(home, [segment.path for segment in merged])
        raise
    swap(con, home, old=[segment.path for segment in group], new=merged, now_ms=now_ms, at_once=False)


def _cuts(sessions: pa.ChunkedArray) -> list[int]:
    """Return where the files of sorted rows end: each has whole sessions, and one row group where they fit."""
    # Of a file that a session is erased from all rows are written anew: small files make that quick.
    cuts: list[int] = []
    start = end = 0
    for bound in pc.run_end_encode(sessions.combine_chunks()).run_ends.to_pylist():
        if bound - start > ROW_GROUP_ROWS and end > start:
            cuts.append(end)
            start = end
        end = bound
    return [*cuts, end]


def _rows(home: Home, group: Sequence[Segment]) -> pa.Table:
    table = pa.concat_tables([read_segment(home, segment.path) for segment in group])
    if table.num_rows != sum(segment.rows for segment in group):
        raise StoreError("segments hold other rows than the catalog says", hint="look with: usertrack doctor")
    return table


def _groups(segments: Sequence[Segment], *, now_ms: int) -> Iterator[list[Segment]]:
    partitions: dict[tuple[str, str, str], list[Segment]] = defaultdict(list)
    for segment in segments:
        partitions[segment.site, segment.day, segment.aged].append(segment)
    for (_, day, _), members in sorted(partitions.items()):
        if _is_over(day, now_ms=now_ms):
            yield from _final(members)
        else:
            yield from _full_levels(members)


def _full_levels(members: Sequence[Segment]) -> Iterator[list[Segment]]:
    levels: dict[int, list[Segment]] = defaultdict(list)
    for segment in members:
        if segment.rows <= ROWS_MAX // 2:  # a larger file gains nothing from another
            levels[segment.level].append(segment)
    for level, same in sorted(levels.items()):
        if level >= LEVEL_MAX - 1:
            continue
        while len(same) >= FAN_IN:
            group = _fitting(same[:FAN_IN])
            same = same[len(group) :]
            yield group


def _final(members: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Gather files of a finished day, half a million rows at a time; a large one is cut into small ones."""
    small = sorted((s for s in members if s.level < LEVEL_MAX), key=lambda s: (s.rows, s.path))
    while small:
        group = _fitting(small)
        small = small[len(group) :]
        if len(group) > 1 or group[0].rows > ROW_GROUP_ROWS:
            yield group


def _fitting(segments: Sequence[Segment]) -> list[Segment]:
    """Return the first of ``segments`` that together are within the rows of one file."""
    group: list[Segment] = []
    rows = 0
    for segment in segments:
        rows += segment.rows
        if group and rows > ROWS_MAX:
            break
        group.append(segment)
    return group


def _is_over(day: str, *, now_ms: int) -> bool:
    return now_ms - day_end_ms(day) > OVER_AFTER_MS
