"""Retention: how long and how many sessions are kept, and the application of it.

The unit is the whole session. The rules, each per site: sessions silent for longer than ``max_age``
go; of what is left the newest ``max_sessions`` stay, but eviction stops at sessions of the last
seven days: new ones are refused instead, so that a flood cannot wash away what was recorded.
Bots have a cap of their own below that. Pointer movements older than ``moves`` go while their
session stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, MINUTE_MS
from usertrack_cli.errors import CheckFailedError
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.visitors import SessionEnd, session_ends
from usertrack_cli.settings import Settings
from usertrack_cli.store import catalog, timekeeping
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import finished, mark_full
from usertrack_cli.store.lock import MAINTENANCE, held
from usertrack_cli.store.parquet import read_segment, without_sessions, write_segment
from usertrack_cli.store.quarantine import forget, quarantined, sound_segments
from usertrack_cli.store.reserve import spent_reserve
from usertrack_cli.store.roster import live_segments, unlink_retired
from usertrack_cli.store.segment import Segment, day_end_ms, new_segment_path
from usertrack_cli.store.swap import swap
from usertrack_cli.store.tallies import EVICTED, add_tallies
from usertrack_cli.store.workspace import workspace

if TYPE_CHECKING:
    import sqlite3

ACTIVE_WITHIN_MS = 30 * MINUTE_MS
"""A session ends after 30 min of silence; one that may still be going on is never evicted."""
YOUNG_MS = 7 * DAY_MS
"""Eviction by number stops here: a week of traffic over the cap means a wrong cap or a flood."""
BOT_SHARE = 10
"""Bots get a tenth of the cap, so that they never push people out."""
LOCK_WAIT_S = 60.0
SOURCE = "tracker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the rules of one site would remove now.

    Attributes:
        too_old: Sessions silent for longer than ``max_age``.
        over_cap: Further sessions beyond ``max_sessions``, oldest first.
        is_full: True where only young sessions are over the cap, so that new ones are refused.
        moves_before: Instant before which pointer movements go, ms.
        aged_segments: Paths of segments that hold such movements.
        outlived: Files in quarantine whose sessions would be too old by now.
    """

    site: str
    kept: int
    too_old: tuple[str, ...]
    over_cap: tuple[str, ...]
    is_full: bool
    rows: int
    moves_before: int
    aged_segments: tuple[str, ...]
    outlived: tuple[str, ...]

    @property
    def sessions(self) -> tuple[str, ...]:
        """Every session that goes."""
        return (*self.too_old, *self.over_cap)

    @property
    def is_nothing(self) -> bool:
        """True where every rule is met already."""
        return not self.sessions and not self.aged_segments and not self.outlived


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What pruning one site removed."""

    site: str
    sessions: int
    rows: int
    bytes: int


def due(home: Home, settings: Settings, *, now_ms: int, spares_young: bool = True) -> Due:
    """Return what the rules of ``settings.site`` would remove; nothing is changed.

    Args:
        spares_young: False where the operator typed the cap and means it, whatever is over it.
    """
    site = settings.site
    ends = ask(
        home, Filter(site=site), lambda con: session_ends(con, site=site, source=SOURCE), shows_hidden=True
    )
    with closing(catalog.connect(home)) as con:
        restricted = {row[0] for row in con.execute("SELECT session FROM restrictions WHERE site = ?", (site,))}
        segments = live_segments(con, site)
        aside = quarantined(con, site)
    free = [end for end in ends if end.session not in restricted]
    too_old = [end for end in free if end.ended_at < now_ms - settings.max_age]
    rest = free[len(too_old) :]  # oldest first, so the old ones lead
    over_cap, is_full = _over_cap(
        rest,
        keep=settings.max_sessions,
        pinned=len(ends) - len(free),
        now_ms=now_ms,
        spares_young=spares_young,
    )
    moves_before = now_ms - settings.moves
    return Due(
        site=site,
        kept=len(ends) - len(too_old) - len(over_cap),
        too_old=tuple(end.session for end in too_old),
        over_cap=tuple(end.session for end in over_cap),
        is_full=is_full,
        rows=sum(end.events for end in [*too_old, *over_cap]),
        moves_before=moves_before,
        aged_segments=tuple(
            s.path for s in segments if s.last_at < moves_before and "move" not in s.aged.split()
        ),
        outlived=tuple(each.path for each in aside if day_end_ms(each.day) < now_ms - settings.max_age),
    )


def prune(
    home: Home, settings: Settings, *, now_ms: int, spares_young: bool = True, trusts_clock: bool = False
) -> Pruned:
    """Apply the rules of ``settings.site``; whole files go where they can, others are rewritten.

    On a full disk the emergency reserve is released, and replaced files go at once instead of
    after ten minutes.

    Args:
        trusts_clock: The operator says that the clock is right although it jumped.

    Raises:
        CheckFailedError: The clock jumped; by a wrong clock everything would be too old.
        StoreError: Another process keeps the store, or it is damaged.
    """
    with (
        held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="pruning"),
        spent_reserve(home) as is_low,
        closing(catalog.connect(home)) as con,
    ):
        _check_clock(con, now_ms=now_ms, trusts_clock=trusts_clock)
        unlink_retired(con, home, now_ms=now_ms)
        what = due(home, settings, now_ms=now_ms, spares_young=spares_young)
        mark_full(con, settings.site, is_full=what.is_full, now_ms=now_ms)
        # Labels first: without their session they would be found by nobody and stay for ever.
        _forget(con, what)
        rows, size = _rewrite(con, home, what, at_once=is_low) if not what.is_nothing else (0, 0)
        forget(con, home, what.outlived)
        with catalog.transaction(con):
            add_tallies(con, EVICTED, {"over the cap": len(what.over_cap)}, now_ms=now_ms)
        finished(con, f"prune:{settings.site}", started_at=now_ms, now_ms=clock.now_ms())
    return Pruned(site=settings.site, sessions=len(what.sessions), rows=rows, bytes=size)


def _check_clock(con: sqlite3.Connection, *, now_ms: int, trusts_clock: bool) -> None:
    if trusts_clock:
        timekeeping.trust(con, now_ms=now_ms)
    elif not timekeeping.is_steady(con, now_ms=now_ms):
        raise CheckFailedError(
            "nothing was pruned: the clock jumped by more than a day since this store was last looked at",
            hint="if the date is right, add --yes; without it pruning goes on when the date has held for a day",
        )


def _over_cap(
    rest: Sequence[SessionEnd], *, keep: int, pinned: int, now_ms: int, spares_young: bool
) -> tuple[list[SessionEnd], bool]:
    """Return the sessions beyond the caps, and whether some that are over had to stay."""
    bots = [end for end in rest if end.is_bot]
    people = [end for end in rest if not end.is_bot]
    bots_over = bots[: max(0, len(bots) - max(1, keep // BOT_SHARE))]
    room = keep - pinned - (len(bots) - len(bots_over))
    people_over = people[: max(0, len(people) - max(0, room))]
    spared_since = now_ms - (YOUNG_MS if spares_young else ACTIVE_WITHIN_MS)
    evicted = [end for end in people_over if end.ended_at < spared_since]
    gone = [end for end in bots_over if end.ended_at < now_ms - ACTIVE_WITHIN_MS]
    return sorted([*gone, *evicted], key=lambda end: (end.ended_at, end.session)), (
        spares_young and len(evicted) < len(people_over)
    )


def _rewrite(con: sqlite3.Connection, home: Home, what: Due, *, at_once: bool) -> tuple[int, int]:
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
            swap(
                con,
                home,
                old=[segment.path for segment in old],
                new=new,
                now_ms=clock.now_ms(),
                at_once=at_once,
            )
            rows += sum(segment.rows for segment in old) - sum(segment.rows for segment in new)
            size += sum(segment.bytes for segment in old) - sum(segment.bytes for segment in new)
    return rows, size


def _without(
    con: sqlite3.Connection, home: Home, folder: Path, segment: Segment, what: Due
) -> list[Segment] | None:
    """Write what stays of a segment and return it, nothing or one; ``None`` where all of it stays."""
    gone, is_aged = set(what.sessions), segment.path in what.aged_segments
    if not is_aged and not _may_hold(home, segment, gone):
        return None
    before = read_segment(home, segment.path)
    after, kinds = _after(before, segment, gone=gone, is_aged=is_aged)
    if after.num_rows == before.num_rows and kinds == segment.aged:
        return None
    return _written(con, home, folder, after, segment, aged=kinds)


def _written(
    con: sqlite3.Connection, home: Home, folder: Path, after: pa.Table, segment: Segment, *, aged: str
) -> list[Segment]:
    if not after.num_rows:
        return []
    node = catalog.store_value(con, "node")
    target = new_segment_path(segment.site, segment.day, node=node, now_ms=clock.now_ms())
    return [write_segment(home, after, path=target, level=segment.level, workspace=folder, aged=aged)]


def _after(before: pa.Table, segment: Segment, *, gone: set[str], is_aged: bool) -> tuple[pa.Table, str]:
    after = without_sessions(before, gone) if gone else before
    if not is_aged:
        return after, segment.aged
    return after.filter(pc.not_equal(after["kind"], "move")), " ".join(sorted({*segment.aged.split(), "move"}))


def _may_hold(home: Home, segment: Segment, gone: set[str]) -> bool:
    if not gone:
        return False
    column = read_segment(home, segment.path, columns=["session"])["session"]
    return not gone.isdisjoint(pc.unique(column).to_pylist())


def _forget(con: sqlite3.Connection, what: Due) -> None:
    """Take the labels and notes of sessions that are gone with them."""
    with catalog.transaction(con):
        for session in what.sessions:
            for table in ("sessions_open", "tags", "notes", "watched", "outputs"):
                con.execute(
                    f"DELETE FROM {table} WHERE site = ? AND session = ?",  # noqa: S608 - own table names
                    (what.site, session),
                )
