"""What waits in the inbox, as rows: seen a moment before it is in a segment."""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import pyarrow as pa

from usertrack_cli.store.drain import UNREADABLE
from usertrack_cli.store.rows import Rows, WaitingBatch

BATCHES_MAX = 5_000
"""The newest of them: more wait only while the writer stands still, and then nobody is shown the present."""

_WAITING = """
SELECT b.id, b.site, b.session, b.seq, b.received_at, b.epoch, b.visitor, b.ip, b.meta, b.body,
       coalesce(s.day, date(b.received_at / 1000, 'unixepoch')), coalesce(s.skew_ms, 0)
FROM batches b LEFT JOIN sessions_open s ON s.site = b.site AND s.session = b.session
WHERE b.body IS NOT NULL AND b.site = ?
  AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.site = b.site AND t.session = b.session)
  AND NOT EXISTS (SELECT 1 FROM restrictions r WHERE r.site = b.site AND r.session = b.session)
ORDER BY b.id DESC
LIMIT ?
"""
_NAMES = (
    "id", "site", "session", "seq", "received_at", "epoch", "visitor", "ip", "meta", "body", "day", "skew_ms",
)  # fmt: skip


def waiting_rows(con: sqlite3.Connection, *, site: str) -> pa.Table:
    """Return the rows of the batches of a site that wait for the writer, with the columns of ``events``."""
    rows = Rows()
    for found in con.execute(_WAITING, (site, BATCHES_MAX)).fetchall():
        # The writer moves a batch that cannot be read aside; here it is merely not shown.
        with suppress(*UNREADABLE):
            one = Rows()
            batch = WaitingBatch(**dict(zip(_NAMES, found, strict=True)))
            one.add(batch)
            one.table()
            rows.add(batch)
    return rows.table()
