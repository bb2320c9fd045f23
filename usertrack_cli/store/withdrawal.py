"""A visitor's own wish to be erased, written down where the next erasure finds it."""

from __future__ import annotations

import sqlite3

from usertrack_cli.store.catalog import transaction

_WISH = """
INSERT INTO tombstones (site, session, created_at, done_at)
SELECT ?1, ?2, ?3,
       CASE WHEN EXISTS (SELECT 1 FROM sessions_open WHERE site = ?1 AND session = ?2) THEN NULL ELSE ?3 END
WHERE true
ON CONFLICT (site, session) DO NOTHING
"""


def wish_erasure(con: sqlite3.Connection, *, site: str, session: str, now_ms: int) -> None:
    """Hide a session at once, drop its late batches, and leave its erasure to the writer.

    A session of which nothing ever came only has its late batches dropped: a made-up id must not make
    the writer look through every segment.
    """
    with transaction(con):
        con.execute(_WISH, (site, session, now_ms))
