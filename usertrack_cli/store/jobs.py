"""Jobs: when something was last done, and which sites are at their cap."""

from __future__ import annotations

import sqlite3

from usertrack_cli.store.catalog import transaction

DRAIN = "drain"
_FINISHED = """
INSERT INTO jobs (name, started_at, finished_at, outcome) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET started_at = ?2, finished_at = ?3, outcome = ?4
"""


def finished(
    con: sqlite3.Connection, name: str, *, started_at: int, now_ms: int, outcome: str = "done"
) -> None:
    """Note that a job is done."""
    with transaction(con):
        con.execute(_FINISHED, (name, started_at, now_ms, outcome))


def drained(con: sqlite3.Connection, *, oldest_at: int, now_ms: int) -> None:
    """Note that batches became segments, and when the oldest of them had come; inside a transaction."""
    con.execute(_FINISHED, (DRAIN, oldest_at, now_ms, "done"))


def last_finished(con: sqlite3.Connection, name: str) -> int | None:
    """Return when a job was last done, ms, or ``None``."""
    row = con.execute("SELECT finished_at FROM jobs WHERE name = ?", (name,)).fetchone()
    return None if row is None else row[0]


def mark_full(con: sqlite3.Connection, site: str, *, is_full: bool, now_ms: int) -> None:
    """Note whether a site takes no new sessions, since only young ones are left to evict."""
    with transaction(con):
        if is_full:
            con.execute(_FINISHED, (f"full:{site}", now_ms, now_ms, "no new sessions"))
        else:
            con.execute("DELETE FROM jobs WHERE name = ?", (f"full:{site}",))


def full_sites(con: sqlite3.Connection) -> list[str]:
    """Return the sites that take no new sessions."""
    return [
        row[0] for row in con.execute("SELECT substr(name, 6) FROM jobs WHERE name GLOB 'full:*' ORDER BY name")
    ]
