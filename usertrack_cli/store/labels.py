"""What people put on sessions: tags, notes, a star, that they were watched; and the files written from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from usertrack_cli.errors import UsageError

TAG_CHARACTERS_MAX = 64
NOTE_CHARACTERS_MAX = 2_000
"""A note is a remark, not an archive."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on a session, or on one instant of it."""

    at_ms: int | None
    note: str
    added_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """All that people put on one session."""

    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    is_watched: bool = False
    is_starred: bool = False


def add_tag(con: sqlite3.Connection, *, site: str, session: str, tag: str, now_ms: int) -> bool:
    """Put a tag on a session; return whether it is new there.

    Raises:
        UsageError: The tag is empty or too long.
    """
    clean = " ".join(tag.split())
    if not 0 < len(clean) <= TAG_CHARACTERS_MAX:
        raise UsageError(f"a tag has 1 to {TAG_CHARACTERS_MAX} characters")
    added = con.execute(
        "INSERT INTO tags (site, session, tag, added_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (site, session, tag) DO NOTHING",
        (site, session, clean, now_ms),
    )
    return added.rowcount > 0


def remove_tag(con: sqlite3.Connection, *, site: str, session: str, tag: str) -> bool:
    """Take a tag away; return whether it was there."""
    return (
        con.execute(
            "DELETE FROM tags WHERE site = ? AND session = ? AND tag = ?", (site, session, tag)
        ).rowcount
        > 0
    )


def add_note(
    con: sqlite3.Connection, *, site: str, session: str, note: str, at_ms: int | None, now_ms: int
) -> None:
    """Put a remark on a session.

    Raises:
        UsageError: It is empty or too long.
    """
    clean = note.strip()
    if not 0 < len(clean) <= NOTE_CHARACTERS_MAX:
        raise UsageError(f"a note has 1 to {NOTE_CHARACTERS_MAX} characters")
    con.execute(
        "INSERT INTO notes (site, session, at_ms, note, added_at) VALUES (?, ?, ?, ?, ?)",
        (site, session, at_ms, clean, now_ms),
    )


def remove_note(con: sqlite3.Connection, *, site: str, session: str, note: str, at_ms: int) -> None:
    """Take a remark on an instant back; one without an instant stands at the start."""
    con.execute(
        "DELETE FROM notes WHERE site = ? AND session = ? AND note = ? AND coalesce(at_ms, 0) = ?",
        (site, session, note, at_ms),
    )


def mark_watched(con: sqlite3.Connection, *, site: str, session: str, now_ms: int) -> None:
    """Remember that somebody watched a session."""
    con.execute(
        "INSERT INTO watched (site, session, watched_at) VALUES (?, ?, ?)"
        " ON CONFLICT (site, session) DO UPDATE SET watched_at = excluded.watched_at",
        (site, session, now_ms),
    )


def set_star(con: sqlite3.Connection, *, site: str, session: str, is_starred: bool, now_ms: int) -> None:
    """Give a session its star, or take it away."""
    con.execute(
        "INSERT INTO watched (site, session, watched_at, is_starred) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (site, session) DO UPDATE SET is_starred = excluded.is_starred",
        (site, session, now_ms, int(is_starred)),
    )


def labels_of(con: sqlite3.Connection, *, site: str, session: str) -> Labels:
    """Return what is on one session."""
    where = (site, session)
    tags = con.execute("SELECT tag FROM tags WHERE site = ? AND session = ? ORDER BY tag", where).fetchall()
    notes = con.execute(
        "SELECT at_ms, note, added_at FROM notes WHERE site = ? AND session = ? ORDER BY id", where
    ).fetchall()
    watched = con.execute("SELECT is_starred FROM watched WHERE site = ? AND session = ?", where).fetchone()
    return Labels(
        tags=tuple(tag for (tag,) in tags),
        notes=tuple(Note(*row) for row in notes),
        is_watched=watched is not None,
        is_starred=watched is not None and bool(watched[0]),
    )


def watched_sessions(con: sqlite3.Connection, *, site: str | None) -> list[str]:
    """Return the sessions that somebody watched."""
    rows = con.execute("SELECT session FROM watched WHERE ?1 IS NULL OR site = ?1 ORDER BY session", (site,))
    return [session for (session,) in rows]


def note_outputs(
    con: sqlite3.Connection, path: Path, sessions: Iterable[tuple[str, str]], *, now_ms: int
) -> None:
    """Remember that a file holds these single sessions, so that an erasure can name it."""
    for site, session in sessions:
        con.execute(
            "INSERT INTO outputs (path, site, session, written_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (path, site, session) DO UPDATE SET written_at = excluded.written_at",
            (str(path.absolute()), site, session, now_ms),
        )
