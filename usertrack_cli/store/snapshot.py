"""A snapshot: the exact segments a question may read, and the sessions it may not show."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass

from usertrack_cli import clock
from usertrack_cli.errors import StoreError
from usertrack_cli.plural import count
from usertrack_cli.store import catalog
from usertrack_cli.store.bell import ring
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import MAINTENANCE, WRITER, FileLock
from usertrack_cli.store.quarantine import quarantined, set_aside
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.soundness import Soundness, soundness
from usertrack_cli.store.trouble import EXPECTED

WRITER_WAIT_S = 3.0
"""How long a reading command waits for the running writer, asked by the bell, to take in what arrived before;
it answers within milliseconds unless it is at work on something long."""
PAUSE_S = 0.05
ATTEMPTS_MAX = 5
"""A list that swaps made old is taken again; more often than this means that something else is wrong."""

_NEWEST = "SELECT coalesce(max(id), 0) FROM batches"
_PENDING = """
SELECT count(*) FROM batches b WHERE body IS NOT NULL AND id <= ?2 AND (?1 IS NULL OR site = ?1)
  AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.site = b.site AND t.session = b.session)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one question reads.

    Attributes:
        hidden: ``(site, session)`` erased or restricted: no row of theirs may be shown.
        labels: ``(site, session, tag)`` of the tags that operators gave; the page's own are events.
        pending_batches: Acknowledged before the question, but in no segment yet, so not in the answer.
        damaged_files: Files in quarantine, or with other content than was written, or gone.
        damaged_rows: Rows that those held, not in the answer.
    """

    home: Home
    segments: tuple[Segment, ...]
    hidden: frozenset[tuple[str, str]]
    labels: tuple[tuple[str, str, str], ...] = ()
    pending_batches: int = 0
    damaged_files: int = 0
    damaged_rows: int = 0

    @property
    def files(self) -> list[str]:
        """Absolute paths of the segments."""
        return [str(self.home.segments / segment.path) for segment in self.segments]

    def left_out(self) -> list[str]:
        """Return what an answer from this snapshot does not include, a sentence each."""
        said = []
        if self.damaged_files:
            said.append(
                f"{self.damaged_rows} rows in {count(self.damaged_files, 'damaged segment')} are not included;"
                " see: usertrack doctor"
            )
        if self.pending_batches:
            said.append(f"{count(self.pending_batches, 'batch', 'batches')} pending, not included yet")
        return said


def snapshot(
    home: Home,
    *,
    site: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    session: str | None = None,
    takes_in: bool = True,
) -> Snapshot:
    """Return what may be read now, after taking in what waits in the inbox.

    Damaged segments are left out, counted, and moved to quarantine if nobody is at work on the
    segments; one that is missing or cannot be read is left out and counted.

    Args:
        from_ms: Leaves out segments that cannot hold a session of the range from here on, up to ``to_ms``.
        session: The beginning of an id: leaves out segments that are known to hold no such session.
        takes_in: False leaves the inbox alone and counts nothing as pending.

    Raises:
        StoreError: There is no store, it is damaged, or it kept changing.
    """
    with closing(catalog.connect(home)) as con:
        newest = con.execute(_NEWEST).fetchone()[0] if takes_in else 0
        _take_in(con, home, newest)
        sound, absent = _sound(
            con,
            home,
            lambda: live_segments(con, site, from_ms=from_ms, to_ms=to_ms, session=session),
        )
        pending = _pending(con, site, newest)
        aside = quarantined(con, site)
        hidden = con.execute(
            "SELECT site, session FROM tombstones UNION SELECT site, session FROM restrictions"
        ).fetchall()
        labels = con.execute("SELECT site, session, tag FROM tags ORDER BY site, session, tag").fetchall()
    # What was set aside between the two looks counts once.
    known = {each.path for each in aside}
    absent = [segment for segment in absent if segment.path not in known]
    return Snapshot(
        home=home,
        segments=tuple(sound),
        hidden=frozenset(hidden),
        labels=tuple(labels),
        pending_batches=pending,
        damaged_files=len(aside) + len(absent),
        damaged_rows=sum(each.rows for each in aside) + sum(segment.rows for segment in absent),
    )


def _pending(con: sqlite3.Connection, site: str | None, newest: int) -> int:
    return int(con.execute(_PENDING, (site, newest)).fetchone()[0])


def _take_in(con: sqlite3.Connection, home: Home, newest: int) -> None:
    """Drain batches up to ``newest`` ourselves where no writer runs, else ask the running one to.

    What comes later is no part of the question: under a steady load something always waits. What cannot be
    drained, on a full disk for example, is pending; that keeps nobody from reading.
    """
    lock = FileLock(home.root / WRITER)
    deadline = clock.monotonic_s() + WRITER_WAIT_S
    while _pending(con, None, newest) and clock.monotonic_s() < deadline:
        ring(home)
        with suppress(*EXPECTED):
            if lock.acquire(timeout_s=PAUSE_S):
                from usertrack_cli.store.drain import drain
                from usertrack_cli.store.workspace import workspace

                try:
                    with workspace(home) as folder:
                        drain(con, home, folder, now_ms=clock.now_ms())
                finally:
                    lock.release()
                return
            continue
        return


def _sound(
    con: sqlite3.Connection, home: Home, listed: Callable[[], list[Segment]]
) -> tuple[list[Segment], list[Segment]]:
    """Return the listed segments that can be read, and those that cannot."""
    for _ in range(ATTEMPTS_MAX):
        segments = listed()
        states = soundness(home, segments)
        damaged = [each for each in segments if states[each.path] is Soundness.DAMAGED]
        absent = [each for each in segments if states[each.path] is not Soundness.SOUND]
        if absent:
            live = {each.path for each in listed()}
            if any(each.path not in live for each in absent):
                clock.pause_s(PAUSE_S)
                continue  # swapped away since the list was taken
        if damaged:
            _set_aside(con, home, damaged)
        return [each for each in segments if states[each.path] is Soundness.SOUND], absent
    raise StoreError("the store kept changing while it was read", hint="try again")


def _set_aside(con: sqlite3.Connection, home: Home, damaged: list[Segment]) -> None:
    maintenance = FileLock(home.root / MAINTENANCE)
    with suppress(*EXPECTED):
        if maintenance.acquire():
            try:
                set_aside(con, home, damaged, reason="content differs from its digest", now_ms=clock.now_ms())
            finally:
                maintenance.release()
