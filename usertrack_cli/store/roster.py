"""The roster of segments: which files are live, and their swap in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields

from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.segment import Segment

RETIRED_KEEP_MS = 10 * 60 * 1000
"""A reader that started before a swap may still open the old files for this long."""

_COLUMNS = ", ".join(field.name for field in fields(Segment))
_INSERT = f"INSERT INTO segments ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Segment)))})"  # noqa: S608 - own names
_OVERWRITE_FAILED_COMMIT = """
INSERT INTO jobs (name, started_at, finished_at) VALUES ('orphans', 1, 1)
ON CONFLICT (name) DO UPDATE SET started_at = started_at + 1, finished_at = finished_at + 1
"""
_LIVE = f"""
SELECT {_COLUMNS} FROM segments
WHERE retired_at IS NULL AND (?1 IS NULL OR site = ?1)
ORDER BY site, day, path
"""  # noqa: S608 - own names
_AGED = """
SELECT max(last_at) FROM segments
WHERE retired_at IS NULL AND ' ' || aged || ' ' LIKE '% ' || :kind || ' %' AND (:site IS NULL OR site = :site)
  AND (:from_ms IS NULL OR last_at >= :from_ms) AND (:to_ms IS NULL OR first_at < :to_ms)
"""
_ALL = f"SELECT {_COLUMNS}, retired_at FROM segments ORDER BY path"  # noqa: S608 - own names


def live_segments(con: sqlite3.Connection, site: str | None = None) -> list[Segment]:
    """Return the live segments of one site or of all, oldest day first."""
    return [
        Segment(**dict(zip([f.name for f in fields(Segment)], row, strict=True)))
        for row in con.execute(_LIVE, (site,))
    ]


def aged_until(
    con: sqlite3.Connection, kind: str, *, site: str | None, from_ms: int | None, to_ms: int | None
) -> int | None:
    """Return the last instant, ms, of segments of a range that lost this kind to age, or ``None``."""
    row = con.execute(_AGED, {"kind": kind, "site": site, "from_ms": from_ms, "to_ms": to_ms}).fetchone()
    return None if row is None else row[0]


def add_segments(con: sqlite3.Connection, segments: Iterable[Segment]) -> None:
    """Name new segments; inside a transaction."""
    for segment in segments:
        con.execute(_INSERT, tuple(getattr(segment, field.name) for field in fields(Segment)))


def retire_segments(con: sqlite3.Connection, paths: Sequence[str], *, now_ms: int) -> None:
    """Take segments off the roster; their files stay for readers that are still at work."""
    for path in paths:
        con.execute("UPDATE segments SET retired_at = ? WHERE path = ?", (now_ms, path))


def forget_segments(con: sqlite3.Connection, paths: Sequence[str]) -> None:
    """Strike segments whose files are to be unlinked at once."""
    for path in paths:
        con.execute("DELETE FROM segments WHERE path = ?", (path,))


def unlink_retired(con: sqlite3.Connection, home: Home, *, now_ms: int) -> int:
    """Unlink the files retired over ten minutes ago; return how many."""
    due = [
        row[0]
        for row in con.execute(
            "SELECT path FROM segments WHERE retired_at <= ? ORDER BY path", (now_ms - RETIRED_KEEP_MS,)
        )
    ]
    for path in due:
        (home.segments / path).unlink(missing_ok=True)
        con.execute("DELETE FROM segments WHERE path = ?", (path,))
    return len(due)


def roster_rows(con: sqlite3.Connection) -> list[tuple[Segment, bool]]:
    """Return every segment of the roster, and whether it is retired."""
    names = [f.name for f in fields(Segment)]
    return [
        (Segment(**dict(zip(names, row[:-1], strict=True))), row[-1] is not None) for row in con.execute(_ALL)
    ]


def unlink_orphans(con: sqlite3.Connection, home: Home, *, node: str) -> int:
    """Unlink this node's files that the roster does not name; the caller holds writer and maintenance.

    They are what a crash between rename and commit left behind.
    """
    with transaction(con):
        # A commit whose sync failed may stand in the write-ahead log and come back to life after a
        # power cut. The next commit overwrites it; only then are its files nobody's for certain.
        con.execute(_OVERWRITE_FAILED_COMMIT)
    named = {row[0] for row in con.execute("SELECT path FROM segments")}
    removed = 0
    for file in sorted(home.segments.glob(f"site=*/day=*/*-{node}.parquet")):
        if str(file.relative_to(home.segments)) not in named:
            file.unlink(missing_ok=True)
            removed += 1
    return removed
