"""Thinning: segments written anew without what retention lets go, and what that is beforehand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import read_segment, without_sessions, write_segment
from usertrack_cli.store.quarantine import sound_segments
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import Segment, new_segment_path
from usertrack_cli.store.soundness import Soundness, soundness
from usertrack_cli.store.swap import swap
from usertrack_cli.store.workspace import workspace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """What is to leave the segments of one site.

    Attributes:
        gone: Sessions that go whole.
        aged: Paths of segments whose pointer movements go.
        restricted: Sessions of which nothing goes.
    """

    site: str
    gone: frozenset[str]
    aged: frozenset[str]
    restricted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Weight:
    """Rows, and about how many bytes of their files they take."""

    rows: int = 0
    bytes: int = 0


def thin(con: sqlite3.Connection, home: Home, what: Thinned, *, at_once: bool) -> Weight:
    """Replace every file that holds what goes; all in one commit, or on a full disk a day at a time.

    A session lies in the files of one day, so that no crash leaves half of it.
    """
    days: dict[str, list[Segment]] = defaultdict(list)
    for segment in sound_segments(con, home, live_segments(con, what.site), now_ms=clock.now_ms()):
        days[segment.day if at_once else ""].append(segment)
    rows = size = 0
    with workspace(home) as folder:
        for segments in sorted(days.values(), key=lambda day: sum(segment.bytes for segment in day)):
            old: list[Segment] = []
            new: list[Segment] = []
            for segment in segments:
                written = _without(con, home, folder, segment, what)
                if written is not None:
                    old.append(segment)
                    new += written
            paths = [segment.path for segment in old]
            swap(con, home, old=paths, new=new, now_ms=clock.now_ms(), at_once=at_once)
            rows += sum(segment.rows for segment in old) - sum(segment.rows for segment in new)
            size += sum(segment.bytes for segment in old) - sum(segment.bytes for segment in new)
    return Weight(rows, size)


def weights(
    con: sqlite3.Connection, home: Home, what: Thinned, groups: Iterable[frozenset[str]]
) -> tuple[list[Weight], Weight]:
    """Return what each of these groups of sessions weighs, and what the movements weigh that go besides.

    The bytes are a file's share by rows; rows that stay may need a few more or less when written anew.
    """
    rows = [[0, 0] for _ in groups] + [[0, 0]]
    for segment, table in _looked_at(con, home, what):
        found = [pc.is_in(table["session"], value_set=_set(group)) for group in groups]
        found.append(_ageing(table, what) if segment.path in what.aged else pc.equal(table["kind"], ""))
        for weight, mask in zip(rows, found, strict=True):
            count = pc.sum(mask).as_py() or 0
            weight[0] += count
            weight[1] += segment.bytes * count // segment.rows
    *of_groups, of_moves = [Weight(*weight) for weight in rows]
    return of_groups, of_moves


def _looked_at(con: sqlite3.Connection, home: Home, what: Thinned) -> Iterator[tuple[Segment, pa.Table]]:
    # A look changes nothing, so damaged files are passed over and not moved aside.
    live = live_segments(con, what.site)
    states = soundness(home, live)
    for segment in live:
        is_sound = states[segment.path] is Soundness.SOUND
        if is_sound and (segment.path in what.aged or what.gone):
            yield segment, read_segment(home, segment.path, columns=["session", "kind"])


def _without(
    con: sqlite3.Connection, home: Home, folder: Path, segment: Segment, what: Thinned
) -> list[Segment] | None:
    """Write what stays of a segment and return it, nothing or one; ``None`` where all of it stays."""
    is_aged = segment.path in what.aged
    if not is_aged and not _may_hold(home, segment, what.gone):
        return None
    before = read_segment(home, segment.path)
    after = without_sessions(before, what.gone) if what.gone else before
    kinds = segment.aged
    if is_aged:
        after = after.filter(pc.invert(_ageing(after, what)))
        # Movements that a restriction keeps go when it is lifted, so the file is looked at again.
        if not pc.any(pc.equal(after["kind"], MOVE)).as_py():
            kinds = " ".join(sorted({*segment.aged.split(), MOVE}))
    if after.num_rows == before.num_rows and kinds == segment.aged:
        return None
    return _written(con, home, folder, after, segment, aged=kinds)


def _ageing(table: pa.Table, what: Thinned) -> pa.ChunkedArray:
    """Return which rows are pointer movements that go although their session stays."""
    stays = pc.is_in(table["session"], value_set=_set(what.restricted | what.gone))
    return pc.and_(pc.equal(table["kind"], MOVE), pc.invert(stays))


def _set(sessions: frozenset[str]) -> pa.Array:
    return pa.array(sorted(sessions), type=pa.string())


def _written(
    con: sqlite3.Connection, home: Home, folder: Path, after: pa.Table, segment: Segment, *, aged: str
) -> list[Segment]:
    if not after.num_rows:
        return []
    node = catalog.store_value(con, "node")
    target = new_segment_path(segment.site, segment.day, node=node, now_ms=clock.now_ms())
    written = write_segment(
        home, after, path=target, level=segment.level, workspace=folder, aged=aged, is_sorted=True
    )
    return [written]


def _may_hold(home: Home, segment: Segment, gone: frozenset[str]) -> bool:
    if not gone:
        return False
    column = read_segment(home, segment.path, columns=["session"])["session"]
    return not gone.isdisjoint(pc.unique(column).to_pylist())
