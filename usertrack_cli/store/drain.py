"""The drain: batches of the inbox become segments, each batch exactly once."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from operator import attrgetter
from pathlib import Path

import pyarrow as pa

from usertrack_cli.store.catalog import store_value, transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import drained
from usertrack_cli.store.parquet import write_segment
from usertrack_cli.store.quarantine import keep_batch, name_batch
from usertrack_cli.store.roster import add_segments
from usertrack_cli.store.rows import Rows, WaitingBatch
from usertrack_cli.store.segment import Segment, new_segment_path
from usertrack_cli.store.swap import unlink

BATCHES_MAX = 500
"""Batches read at once; with 50 events each they are some 100,000 rows. Emptying them takes about
10 ms, for which nobody else commits; and memory that was used before is quicker than new memory."""
BODY_BYTES_MAX = 2 * 1024**2
"""Bodies read at once, and one more: a byte may turn into 60 bytes of columns, and each of those is there twice
for a moment. Bodies of usual batches are 3 KiB, so that this is their limit only where they are larger."""
KEEP_MS = 72 * 3_600_000
"""How long a drained batch is remembered; the tracker drops what it could not send after 24 h."""
UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    pa.ArrowException,
)
"""What a batch that ingest should never have let through can raise here."""

_WAITING = """
SELECT b.id, b.site, b.session, b.seq, b.received_at, b.epoch, b.visitor, b.ip, b.meta, b.body,
       coalesce(s.day, date(b.received_at / 1000, 'unixepoch')), coalesce(s.skew_ms, 0)
FROM batches b LEFT JOIN sessions_open s ON s.site = b.site AND s.session = b.session
WHERE b.body IS NOT NULL AND b.id <= ?
  AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.site = b.site AND t.session = b.session)
ORDER BY b.id
LIMIT ?
"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM batches"

_EMPTY = """
UPDATE batches SET body = NULL, meta = NULL, visitor = NULL, ip = NULL
WHERE id BETWEEN ? AND ? AND body IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.site = batches.site AND t.session = batches.session)
"""

_TOUCH = """
UPDATE sessions_open SET last_received_at = max(last_received_at, ?) WHERE site = ? AND session = ?
"""


class _OvertakenError(Exception):
    """An erasure changed the batches between the drain's read and its commit."""


def drain(
    con: sqlite3.Connection, home: Home, folder: Path, *, now_ms: int, rounds_max: int | None = None
) -> int:
    """Turn the batches that wait into segments; the caller holds the writer lock.

    What arrives meanwhile waits for the next time: under a steady load there would always be some more, and
    the caller would get to nothing else.

    Args:
        con: The catalog.
        home: The data directory.
        folder: This process's workspace.
        now_ms: Names the new files.
        rounds_max: Stop after reading so many times, with some left, so that other work has its turn.

    Returns:
        How many batches were drained. After a crash at any point the same batches wait again
        and the files that were not committed are orphans.
    """
    newest = con.execute(_NEWEST).fetchone()[0]
    drained, rounds, has_more = 0, 0, True
    while has_more and rounds != rounds_max:
        batches, has_more = _waiting(con, newest)
        rounds += 1
        try:
            if batches:
                _drain_some(con, home, folder, batches, now_ms=now_ms)
        except _OvertakenError:
            has_more = True
            continue
        drained += len(batches)
    return drained


def _waiting(con: sqlite3.Connection, newest: int) -> tuple[list[WaitingBatch], bool]:
    """Return as many of the oldest batches as are drained at once, and whether there may be more of them."""
    names = (
        "id",
        "site",
        "session",
        "seq",
        "received_at",
        "epoch",
        "visitor",
        "ip",
        "meta",
        "body",
        "day",
        "skew_ms",
    )
    batches: list[WaitingBatch] = []
    body_bytes = 0
    with closing(con.execute(_WAITING, (newest, BATCHES_MAX))) as rows:
        for row in rows:
            batches.append(WaitingBatch(**dict(zip(names, row, strict=True))))
            body_bytes += len(batches[-1].body)
            if body_bytes >= BODY_BYTES_MAX:
                return batches, True
    return batches, len(batches) == BATCHES_MAX


def _drain_some(
    con: sqlite3.Connection, home: Home, folder: Path, batches: Sequence[WaitingBatch], *, now_ms: int
) -> None:
    node = store_value(con, "node")
    tables, unreadable = _tables(batches)
    written: list[Segment] = []
    kept: list[str] = []
    is_committing = False
    try:
        for (site, day), table in tables.items():
            path = new_segment_path(site, day, node=node, now_ms=now_ms)
            written.append(write_segment(home, table, path=path, level=0, workspace=folder, is_sorted=True))
        kept += [_keep(home, batch) for batch, _ in unreadable]
        with transaction(con):
            _empty(con, batches)
            add_segments(con, written)
            for path, (batch, reason) in zip(kept, unreadable, strict=True):
                name_batch(con, path, site=batch.site, day=batch.day, rows=1, reason=reason, now_ms=now_ms)
            drained(con, oldest_at=min(batch.received_at for batch in batches), now_ms=now_ms)
            is_committing = True
    except BaseException:
        if not is_committing:  # what a failed commit leaves is an orphan until the next one succeeds
            unlink(home, [segment.path for segment in written])
            for path in kept:
                (home.quarantine / path).unlink(missing_ok=True)
        raise


def _tables(
    batches: Sequence[WaitingBatch],
) -> tuple[dict[tuple[str, str], pa.Table], list[tuple[WaitingBatch, str]]]:
    """Return the rows of each partition, and the batches that cannot be turned into rows, with why."""
    try:
        return _tables_of(batches), []
    except UNREADABLE:
        pass  # one of them is to blame: look at each, so that it does not keep all others waiting
    good, bad = [], []
    for batch in batches:
        try:
            _tables_of([batch])
        except UNREADABLE as error:
            bad.append((batch, f"batch cannot be read: {type(error).__name__}"))
        else:
            good.append(batch)
    return _tables_of(good), bad


def _tables_of(batches: Sequence[WaitingBatch]) -> dict[tuple[str, str], pa.Table]:
    """Return the rows of each partition in the order of a segment."""
    parts: defaultdict[tuple[str, str], Rows] = defaultdict(Rows)
    # Cheaper than to sort the rows, of which a batch has hundreds.
    for batch in sorted(batches, key=attrgetter("session", "seq")):
        parts[batch.site, batch.day].add(batch)
    return {where: rows.table() for where, rows in parts.items() if len(rows)}


def _keep(home: Home, batch: WaitingBatch) -> str:
    content = {
        "session": batch.session,
        "seq": batch.seq,
        "visitor": batch.visitor,
        "epoch": batch.epoch,
        "received_at": batch.received_at,
        "ip": batch.ip,
        "meta": batch.meta.decode("utf-8", "replace"),
        "body": batch.body.decode("utf-8", "replace"),
    }
    return keep_batch(home, number=batch.id, site=batch.site, day=batch.day, content=content)


def _empty(con: sqlite3.Connection, batches: Sequence[WaitingBatch]) -> None:
    """Empty exactly the batches that were read, or raise."""
    sessions = {(batch.site, batch.session): batch.received_at for batch in batches}
    emptied = con.execute(_EMPTY, (batches[0].id, batches[-1].id)).rowcount
    erased = any(
        con.execute("SELECT 1 FROM tombstones WHERE site = ? AND session = ?", where).fetchone()
        for where in sessions
    )
    if emptied != len(batches) or erased:
        raise _OvertakenError
    for (site, session), received_at in sessions.items():
        con.execute(_TOUCH, (received_at, site, session))


def expire(con: sqlite3.Connection, *, now_ms: int) -> None:
    """Forget drained batches, closed sessions and served tombstones after 72 h."""
    due = now_ms - KEEP_MS
    with transaction(con):
        con.execute("DELETE FROM batches WHERE received_at < ? AND body IS NULL", (due,))
        con.execute(
            "DELETE FROM sessions_open WHERE last_received_at < ?1 AND NOT EXISTS (SELECT 1 FROM batches b"
            " WHERE b.site = sessions_open.site AND b.session = sessions_open.session AND b.body IS NOT NULL)",
            (due,),
        )
        con.execute("DELETE FROM tombstones WHERE done_at < ?", (due,))
