"""Thinning: segments written anew without what retention lets go, and what that is beforehand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import Mask, read_coded, rows_with
from usertrack_cli.store.quarantine import sound_segments
from usertrack_cli.store.rewriting import files_at_once, rewrite_segment
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.soundness import Soundness, soundness
from usertrack_cli.store.swap import swap
from usertrack_cli.store.workspace import workspace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    import pyarrow as pa

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
    node = catalog.store_value(con, "node")
    with workspace(home) as folder, ThreadPoolExecutor(max_workers=files_at_once()) as pool:
        for segments in sorted(days.values(), key=lambda day: sum(segment.bytes for segment in day)):
            written = pool.map(lambda segment: _without(home, folder, segment, what, node=node), segments)
            done = [(was, now) for was, now in zip(segments, written, strict=True) if now is not None]
            old = [was for was, _ in done]
            new = [segment for _, now in done for segment in now]
            paths = [segment.path for segment in old]
            swap(con, home, old=paths, new=new, now_ms=clock.now_ms(), at_once=at_once)
            rows += sum(segment.rows for segment in old) - sum(segment.rows for segment in new)
            size += sum(segment.bytes for segment in old) - sum(segment.bytes for segment in new)
    return Weight(rows, size)


def weights(
    con: sqlite3.Connection, home: Home, what: Thinned, groups: Sequence[frozenset[str]]
) -> tuple[list[Weight], Weight]:
    """Return what each of these groups of sessions weighs, and what the movements weigh that go besides.

    The bytes are a file's share by rows; rows that stay may need a few more or less when written anew.
    """
    rows = [[0, 0] for _ in groups] + [[0, 0]]
    for segment in _looked_at(con, home, what):
        held = _Held.by(home, segment.path)
        found = [rows_with(held.sessions, group) for group in groups]
        found.append(held.ageing(what) if segment.path in what.aged else np.zeros(segment.rows, np.bool_))
        for weight, mask in zip(rows, found, strict=True):
            count = int(np.count_nonzero(mask))
            weight[0] += count
            weight[1] += segment.bytes * count // segment.rows
    *of_groups, of_moves = [Weight(*weight) for weight in rows]
    return of_groups, of_moves


def _looked_at(con: sqlite3.Connection, home: Home, what: Thinned) -> Iterator[Segment]:
    # A look changes nothing, so damaged files are passed over and not moved aside.
    live = live_segments(con, what.site)
    states = soundness(home, live)
    for segment in live:
        is_sound = states[segment.path] is Soundness.SOUND
        if is_sound and (segment.path in what.aged or what.gone):
            yield segment


@dataclass(frozen=True, slots=True)
class _Held:
    """Sessions and kinds of the rows of one file."""

    sessions: pa.DictionaryArray
    kinds: pa.DictionaryArray

    @classmethod
    def by(cls, home: Home, path: str) -> _Held:
        coded = read_coded(home, path, ["session", "kind"])
        return cls(coded["session"], coded["kind"])

    def moves(self) -> Mask:
        return rows_with(self.kinds, {MOVE})

    def ageing(self, what: Thinned) -> Mask:
        """Return which rows are pointer movements that go although their session stays."""
        return self.moves() & ~rows_with(self.sessions, what.restricted | what.gone)


def _without(home: Home, folder: Path, segment: Segment, what: Thinned, *, node: str) -> list[Segment] | None:
    """Write what stays of a segment and return it, nothing or one; ``None`` where all of it stays."""
    is_aged = segment.path in what.aged
    if not is_aged and not what.gone:
        return None
    held = _Held.by(home, segment.path)
    stays = ~rows_with(held.sessions, what.gone)
    kinds = segment.aged
    if is_aged:
        stays &= ~held.ageing(what)
        # Movements that a restriction keeps go when it is lifted, so the file is looked at again.
        if not (held.moves() & stays).any():
            kinds = " ".join(sorted({*segment.aged.split(), MOVE}))
    if stays.all() and kinds == segment.aged:
        return None
    if not stays.any():
        return []
    return [
        rewrite_segment(
            home,
            segment,
            stays,
            sessions=len(held.sessions.dictionary),
            workspace=folder,
            node=node,
            now_ms=clock.now_ms(),
            aged=kinds,
        )
    ]
