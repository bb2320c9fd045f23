"""Quarantine: what cannot be trusted is moved aside, counted and never deleted for being damaged."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from usertrack_cli.errors import StoreError
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import FILE_MODE, Home, make_dirs, sync_dir
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.soundness import Soundness, soundness
from usertrack_cli.store.trouble import RESTORE

_INSERT = """
INSERT INTO quarantine (path, site, day, rows, reason, moved_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One file in quarantine, its path relative to that folder."""

    path: str
    site: str
    day: str
    rows: int
    reason: str
    moved_at: int


def set_aside(
    con: sqlite3.Connection, home: Home, damaged: Iterable[Segment], *, reason: str, now_ms: int
) -> int:
    """Move damaged segments to quarantine; the caller holds the maintenance lock.

    The file moves before the roster forgets it: the other way round, a crash between the two
    would leave an orphan, which is removed.

    Returns:
        How many were moved.
    """
    moved = 0
    for segment in damaged:
        if not con.execute("SELECT 1 FROM segments WHERE path = ?", (segment.path,)).fetchone():
            continue
        source, target = home.segments / segment.path, home.quarantine / segment.path
        if source.exists():
            make_dirs(target.parent, below=home.quarantine)
            source.rename(target)
            sync_dir(target.parent)
            sync_dir(source.parent)
        with transaction(con):
            con.execute("DELETE FROM segments WHERE path = ?", (segment.path,))
            con.execute(_INSERT, (segment.path, segment.site, segment.day, segment.rows, reason, now_ms))
        moved += 1
    return moved


def sound_segments(
    con: sqlite3.Connection, home: Home, segments: Sequence[Segment], *, now_ms: int
) -> list[Segment]:
    """Return those of ``segments`` whose file is what was written; the caller holds the maintenance lock.

    Damaged ones go to quarantine; a file that is missing or cannot be read now is only left out.
    """
    states = soundness(home, segments)
    damaged = [each for each in segments if states[each.path] is Soundness.DAMAGED]
    set_aside(con, home, damaged, reason="content differs from its digest", now_ms=now_ms)
    return [each for each in segments if states[each.path] is Soundness.SOUND]


def keep_batch(home: Home, *, number: int, site: str, day: str, content: Mapping[str, Any]) -> str:
    """Write a batch that no segment can take into quarantine; return its path there."""
    path = f"site={site}/day={day}/batch-{number}.json"
    target = home.quarantine / path
    make_dirs(target.parent, below=home.quarantine)
    draft = target.with_suffix(".draft")
    handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, FILE_MODE)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(target)
    sync_dir(target.parent)
    return path


def name_batch(
    con: sqlite3.Connection, path: str, *, site: str, day: str, rows: int, reason: str, now_ms: int
) -> None:
    """Name what :func:`keep_batch` wrote; inside the transaction that empties the batch."""
    con.execute(_INSERT, (path, site, day, rows, reason, now_ms))


def kept_batches(home: Home, *, site: str, session: str) -> list[dict[str, Any]]:
    """Return what :func:`keep_batch` wrote of one session."""
    found = []
    for file in sorted((home.quarantine / f"site={site}").glob("day=*/batch-*.json")):
        with suppress(OSError, ValueError):
            content = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(content, dict) and content.get("session") == session:
                found.append(content)
    return found


def quarantined(con: sqlite3.Connection, site: str | None = None) -> list[Quarantined]:
    """Return what is in quarantine, of one site or of all."""
    rows = con.execute(
        "SELECT path, site, day, rows, reason, moved_at FROM quarantine WHERE ?1 IS NULL OR site = ?1"
        " ORDER BY path",
        (site,),
    )
    found = [Quarantined(*row) for row in rows]
    # SQLite checks types where it writes and not where it reads.
    if not all(isinstance(each.path, str) and isinstance(each.rows, int) for each in found):
        raise StoreError("the catalog is damaged: a file in quarantine is not described as one", hint=RESTORE)
    return found


def forget(con: sqlite3.Connection, home: Home, paths: Iterable[str]) -> None:
    """Remove files from quarantine: their visitor was erased, or their time is over."""
    for path in paths:
        (home.quarantine / path).unlink(missing_ok=True)
        con.execute("DELETE FROM quarantine WHERE path = ?", (path,))
