"""Restrictions: sessions that are kept and that nobody gets to see, until that is lifted."""

from __future__ import annotations

import sqlite3


def restricted_sessions(con: sqlite3.Connection, *, site: str | None = None) -> list[tuple[str, str, int]]:
    """Return ``(site, session, since)`` of each, the longest restricted first."""
    return con.execute(
        "SELECT site, session, created_at FROM restrictions WHERE ?1 IS NULL OR site = ?1"
        " ORDER BY created_at, site, session",
        (site,),
    ).fetchall()


def add_restriction(con: sqlite3.Connection, *, site: str, session: str, now_ms: int) -> bool:
    """Restrict a session; return False where it was already. Inside a transaction."""
    added = con.execute(
        "INSERT INTO restrictions (site, session, created_at) VALUES (?, ?, ?)"
        " ON CONFLICT (site, session) DO NOTHING",
        (site, session, now_ms),
    ).rowcount
    return added > 0


def remove_restriction(con: sqlite3.Connection, *, site: str, session: str) -> bool:
    """Lift a restriction; return False where there was none. Inside a transaction."""
    where = (site, session)
    return con.execute("DELETE FROM restrictions WHERE site = ? AND session = ?", where).rowcount > 0
