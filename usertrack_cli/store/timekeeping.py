"""Timekeeping: whether the clock can be trusted with forgetting.

A machine that starts ten years ahead of time until its clock is set would otherwise remove
everything as too old. The catalog remembers when the clock was last looked at; where the next look
lies further away than a day, forgetting pauses until the new time has held for a day.
"""

from __future__ import annotations

import sqlite3

from usertrack_cli.clock import DAY_MS
from usertrack_cli.store.catalog import transaction

JUMP_MS = DAY_MS
"""A store that is served or pruned hourly is looked at far more often."""
SETTLE_MS = DAY_MS
"""By then somebody, or the network's time, has set a clock that was wrong."""

_UPSERT = """
INSERT INTO jobs (name, started_at, finished_at) VALUES ('clock', ?1, ?2)
ON CONFLICT (name) DO UPDATE SET started_at = ?1, finished_at = ?2
"""


def is_steady(con: sqlite3.Connection, *, now_ms: int) -> bool:
    """Note the time, and return whether what is too old by it may be removed."""
    with transaction(con):
        since, is_trusted = _judged(con, now_ms=now_ms)
        con.execute(_UPSERT, (since, now_ms))
    return is_trusted


def would_be_steady(con: sqlite3.Connection, *, now_ms: int) -> bool:
    """Return the same without noting anything."""
    return _judged(con, now_ms=now_ms)[1]


def trust(con: sqlite3.Connection, *, now_ms: int) -> None:
    """Take the time for right: the operator said so."""
    with transaction(con):
        con.execute(_UPSERT, (0, now_ms))


def _judged(con: sqlite3.Connection, *, now_ms: int) -> tuple[int, bool]:
    """Return since when time has run evenly, 0 meaning always, and whether that is long enough."""
    row = con.execute("SELECT started_at, finished_at FROM jobs WHERE name = 'clock'").fetchone()
    if row is None:
        return 0, True
    since, seen = int(row[0]), int(row[1] or 0)
    if abs(now_ms - seen) > JUMP_MS:
        since = now_ms
    return since, since == 0 or now_ms - since >= SETTLE_MS
