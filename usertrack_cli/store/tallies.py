"""Tallies: how often something happened in an hour, for the doctor and for monitoring; no id of anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.store.catalog import transaction

KEEP_MS = 30 * DAY_MS
"""Long enough to compare with last week; some dozen rows an hour."""
REFUSED = "refused"
"""Batches and events that were not recorded; the detail is the reason."""
BEGUN = "begun"
"""Sessions that began; the detail is how far away their address is."""
EVICTED = "evicted"
"""Sessions that gave way to the cap."""

_ADD = """
INSERT INTO tallies (hour_at, name, detail, total) VALUES (?, ?, ?, ?)
ON CONFLICT (hour_at, name, detail) DO UPDATE SET total = total + excluded.total
"""
_SUMS = """
SELECT detail, sum(total) FROM tallies WHERE name = ? AND hour_at >= ?
GROUP BY detail ORDER BY sum(total) DESC, detail
"""


def add_tallies(con: sqlite3.Connection, name: str, totals: Mapping[str, int], *, now_ms: int) -> None:
    """Add to the tallies of this hour; inside a transaction."""
    hour_at = now_ms - now_ms % HOUR_MS
    con.executemany(_ADD, [(hour_at, name, detail, total) for detail, total in sorted(totals.items()) if total])


def tallied(con: sqlite3.Connection, name: str, *, since_ms: int) -> dict[str, int]:
    """Return the totals by detail of the hours that began at or after ``since_ms``, the largest first."""
    return {str(detail): int(total) for detail, total in con.execute(_SUMS, (name, since_ms))}


def forget_tallies(con: sqlite3.Connection, *, now_ms: int) -> None:
    """Forget what is older than a month."""
    with transaction(con):
        con.execute("DELETE FROM tallies WHERE hour_at < ?", (now_ms - KEEP_MS,))
