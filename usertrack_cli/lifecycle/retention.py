"""Retention: how long and how many sessions are kept, and the application of it.

The unit is the whole session. The rules, each per site: sessions silent for longer than ``max_age``
go; of what is left the newest ``max_sessions`` of each source stay, but eviction stops at sessions of
the last seven days: new ones are refused instead, so that a flood cannot wash away what was recorded.
Bots have a cap of their own below that. Pointer movements older than ``moves`` go while their
session stays. Layouts, agent strings, consents and hourly counts that were not seen within ``max_age``
go too. Restricted sessions stay, with everything in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, MINUTE_MS
from usertrack_cli.errors import CheckFailedError
from usertrack_cli.lifecycle.thinning import MOVE, Thinned, Weight, thin, weights
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.visitors import SessionEnd, session_ends
from usertrack_cli.settings import Settings, site_slugs
from usertrack_cli.store import catalog, timekeeping
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import finished, mark_full
from usertrack_cli.store.leftovers import Leftovers, forget_leftovers, leftovers
from usertrack_cli.store.lock import MAINTENANCE, held
from usertrack_cli.store.migration import forget_copies
from usertrack_cli.store.quarantine import forget, quarantined
from usertrack_cli.store.remembered import forget_sessions
from usertrack_cli.store.reserve import spent_reserve
from usertrack_cli.store.restrictions import restricted_sessions
from usertrack_cli.store.roster import live_segments, unlink_retired
from usertrack_cli.store.segment import day_end_ms

if TYPE_CHECKING:
    import sqlite3

ACTIVE_WITHIN_MS = 30 * MINUTE_MS
"""A session ends after 30 min of silence; one that may still be going on is never evicted."""
YOUNG_MS = 7 * DAY_MS
"""Eviction by number stops here: a week of traffic over the cap means a wrong cap or a flood."""
BOT_SHARE = 10
"""Bots get a tenth of the cap, so that they never push people out."""
COPY_KEEP_MS = 7 * DAY_MS
"""A week after a migration nobody goes back; its copy holds what the catalog held then."""
LOCK_WAIT_S = 60.0
RECORDED = "tracker"
"""The source that new sessions come from; it alone can be full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the rules of one site would remove now.

    Attributes:
        too_old: Sessions silent for longer than ``max_age``.
        over_cap: Further sessions beyond ``max_sessions``, oldest first.
        restricted: Sessions that stay whatever the rules say.
        is_full: True where only young sessions are over the cap, so that new ones are refused.
        before_ms: Instant that ``max_age`` reaches back to.
        moves_before: Instant before which pointer movements go, ms.
        aged_segments: Paths of segments that hold such movements.
        outlived: Files in quarantine whose sessions would be too old by now.
        leftovers: Layouts, agent strings, consents and hourly counts not seen within ``max_age``.
        is_steady: False where the clock jumped, so that nothing will be removed.
    """

    site: str
    kept: int
    too_old: tuple[str, ...]
    over_cap: tuple[str, ...]
    restricted: frozenset[str]
    is_full: bool
    rows: int
    before_ms: int
    moves_before: int
    aged_segments: tuple[str, ...]
    outlived: tuple[str, ...]
    leftovers: Leftovers = field(default_factory=Leftovers)
    is_steady: bool = True

    @property
    def sessions(self) -> tuple[str, ...]:
        """Every session that goes."""
        return (*self.too_old, *self.over_cap)

    @property
    def thinned(self) -> Thinned:
        """What is to leave the segments."""
        return Thinned(
            site=self.site,
            gone=frozenset(self.sessions),
            aged=frozenset(self.aged_segments),
            restricted=self.restricted,
        )

    @property
    def is_nothing(self) -> bool:
        """True where every rule is met already."""
        return not (self.sessions or self.aged_segments or self.outlived) and self.leftovers.is_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one rule would remove: how many of what, the events among them, and about how many bytes."""

    rule: str
    what: str
    count: int
    events: int
    bytes: int


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
    ends = ask(home, Filter(site=site), lambda con: session_ends(con, site=site), shows_hidden=True)
    before_ms, moves_before = now_ms - settings.max_age, now_ms - settings.moves
    with closing(catalog.connect(home)) as con:
        restricted = frozenset(session for _, session, _ in restricted_sessions(con, site=site))
        segments = live_segments(con, site)
        aside = quarantined(con, site)
        unseen = leftovers(con, site=site, before_ms=before_ms)
        is_steady = timekeeping.would_be_steady(con, now_ms=now_ms)
    free = [end for end in ends if end.session not in restricted]
    too_old = [end for end in free if end.ended_at < before_ms]
    rest = free[len(too_old) :]  # oldest first, so the old ones lead
    over_cap: list[SessionEnd] = []
    is_full = False
    for source in sorted({end.source for end in ends}):
        over, stays_full = _over_cap(
            [end for end in rest if end.source == source],
            keep=settings.max_sessions,
            pinned=sum(end.source == source and end.session in restricted for end in ends),
            now_ms=now_ms,
            spares_young=spares_young,
        )
        over_cap += over
        is_full = is_full or (stays_full and source == RECORDED)
    return Due(
        site=site,
        kept=len(ends) - len(too_old) - len(over_cap),
        too_old=tuple(end.session for end in too_old),
        over_cap=tuple(end.session for end in over_cap),
        restricted=restricted,
        is_full=is_full,
        rows=sum(end.events for end in [*too_old, *over_cap]),
        before_ms=before_ms,
        moves_before=moves_before,
        aged_segments=tuple(
            each.path for each in segments if each.last_at < moves_before and MOVE not in each.aged.split()
        ),
        # Whom a file in quarantine belongs to is not known: it may be a restricted session.
        outlived=tuple(each.path for each in aside if day_end_ms(each.day) < before_ms and not restricted),
        leftovers=unseen,
        is_steady=is_steady,
    )


def sites_kept(home: Home, table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every site that retention looks after: those of the settings, and those that left them."""
    with closing(catalog.connect(home)) as con:
        stored = {segment.site for segment in live_segments(con)}
    return tuple(sorted({*site_slugs(table), *stored}))


def forecast(home: Home, what: Due) -> list[Rule]:
    """Return what each rule would remove, with the events and about how many bytes; nothing is changed."""
    groups = [frozenset(what.too_old), frozenset(what.over_cap)]
    left = what.leftovers
    with closing(catalog.connect(home)) as con:
        (old, over), moves = weights(con, home, what.thinned, groups)
    files = [home.quarantine / path for path in what.outlived]
    aside = sum(file.stat().st_size for file in files if file.exists())
    named = (
        ("max_age", "sessions", len(what.too_old), old),
        ("max_sessions", "sessions", len(what.over_cap), over),
        ("moves", "pointer movements", moves.rows, moves),
        ("max_age", "files in quarantine", len(what.outlived), Weight(0, aside)),
        ("max_age", "layouts", left.layouts, Weight(0, left.layout_bytes)),
        ("max_age", "agent strings", left.agents, Weight(0, left.agent_bytes)),
        ("max_age", "consents", left.consents, Weight()),
        ("max_age", "hourly counts", left.counts, Weight()),
    )
    return [
        Rule(rule=rule, what=kind, count=count, events=weight.rows, bytes=weight.bytes)
        for rule, kind, count, weight in named
    ]


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
        forget_copies(home, before_ms=now_ms - COPY_KEEP_MS)
        what = due(home, settings, now_ms=now_ms, spares_young=spares_young)
        mark_full(con, settings.site, is_full=what.is_full, now_ms=now_ms)
        # Labels first: without their session they would be found by nobody and stay for ever.
        _forget(con, what)
        forget_sessions(home, ((what.site, session) for session in what.sessions))
        gone = Weight() if what.is_nothing else thin(con, home, what.thinned, at_once=is_low)
        forget(con, home, what.outlived)
        finished(con, f"prune:{settings.site}", started_at=now_ms, now_ms=clock.now_ms())
    return Pruned(site=settings.site, sessions=len(what.sessions), rows=gone.rows, bytes=gone.bytes)


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


def _forget(con: sqlite3.Connection, what: Due) -> None:
    """Take the labels and notes of sessions that are gone with them, and what was not seen for as long."""
    with catalog.transaction(con):
        forget_leftovers(con, site=what.site, before_ms=what.before_ms)
        for session in what.sessions:
            for table in ("sessions_open", "tags", "notes", "watched", "outputs"):
                con.execute(
                    f"DELETE FROM {table} WHERE site = ? AND session = ?",  # noqa: S608 - own table names
                    (what.site, session),
                )
