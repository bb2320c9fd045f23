"""The roster of segments: which files are live, and their swap in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields

from usertrack_cli.clock import DAY_MS
from usertrack_cli.errors import StoreError
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.trouble import RESTORE

RETIRED_KEEP_MS = 10 * 60 * 1000
"""A reader that started before a swap may still open the old files for this long."""

SESSION_SPAN_MS = 3 * DAY_MS
"""A session ends within 24 h and its last batch may come 48 h late."""

_NAMES = [field.name for field in fields(Segment) if field.name != "sessions"]
_TYPES = tuple(int if field.type == "int" else str for field in fields(Segment) if field.name != "sessions")
_COLUMNS = ", ".join(_NAMES)
_INSERT = f"INSERT INTO segments ({_COLUMNS}, sessions) VALUES ({', '.join('?' * len(_NAMES))}, ?)"  # noqa: S608 - own names
_OVERWRITE_FAILED_COMMIT = """
INSERT INTO jobs (name, started_at, finished_at) VALUES ('orphans', 1, 1)
ON CONFLICT (name) DO UPDATE SET started_at = started_at + 1, finished_at = finished_at + 1
"""
# Not by the index, which the plus signs see to, nor by the site alone: a byte that changed in one of them would
# hide a segment without a word. Like this another file is looked for than there is, and that is said.
_LIVE = f"""
SELECT {_COLUMNS} FROM segments
WHERE retired_at IS NULL
  AND (:site IS NULL OR site = :site OR substr(path, 1, length(:site) + 6) = 'site=' || :site || '/')
  AND (:from_ms IS NULL OR last_at >= :from_ms) AND (:to_ms IS NULL OR first_at < :to_ms)
  AND (:session IS NULL OR sessions IS NULL OR instr(sessions, char(10) || :session) > 0)
ORDER BY +site, +day, +path
"""  # noqa: S608 - own names
_AGED = """
SELECT max(last_at) FROM segments
WHERE retired_at IS NULL AND ' ' || aged || ' ' LIKE '% ' || :kind || ' %' AND (:site IS NULL OR site = :site)
  AND (:from_ms IS NULL OR last_at >= :from_ms) AND (:to_ms IS NULL OR first_at < :to_ms)
"""
_ALL = f"SELECT {_COLUMNS}, retired_at FROM segments ORDER BY path"  # noqa: S608 - own names


def live_segments(
    con: sqlite3.Connection,
    site: str | None = None,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    session: str | None = None,
) -> list[Segment]:
    """Return the live segments of one site or of all, oldest day first.

    Args:
        from_ms: Leaves out those that cannot hold a session of the range from here on, up to ``to_ms``.
        session: The beginning of an id: leaves out those that are known to hold no such session.
    """
    values = {
        "site": site,
        "from_ms": None if from_ms is None else from_ms - SESSION_SPAN_MS,
        "to_ms": None if to_ms is None else to_ms + SESSION_SPAN_MS,
        "session": session,
    }
    return [_segment(row) for row in con.execute(_LIVE, values)]


def may_hold(con: sqlite3.Connection, by_site: Mapping[str, AbstractSet[str]]) -> set[str]:
    """Return the paths of the segments, retired ones included, that hold one of these sessions of their site.

    A segment of which it is not known is among them.
    """
    paths = set()
    for site, wanted in by_site.items():
        for path, sessions in con.execute("SELECT path, sessions FROM segments WHERE site = ?", (site,)):
            if sessions is None or not wanted.isdisjoint(_ids(sessions)):
                paths.add(path)
    return paths


def listed_sessions(con: sqlite3.Connection, path: str) -> set[str] | None:
    """Return the sessions that a segment is known to hold, or ``None`` where that is not known."""
    row = con.execute("SELECT sessions FROM segments WHERE path = ?", (path,)).fetchone()
    return None if row is None or row[0] is None else _ids(row[0])


def learn_sessions(con: sqlite3.Connection, path: str, sessions: Iterable[str]) -> None:
    """Note which sessions a segment holds."""
    con.execute("UPDATE segments SET sessions = ? WHERE path = ?", (_listed(sessions), path))


def strike_sessions(con: sqlite3.Connection, by_site: Mapping[str, AbstractSet[str]]) -> None:
    """Take sessions out of every list that still names them.

    That is where the file is not there to be written anew: it was lost, or a backup named it as retired.
    """
    for path, sessions in _naming(con, by_site):
        learn_sessions(con, path, sessions)


def are_listed(con: sqlite3.Connection, by_site: Mapping[str, AbstractSet[str]]) -> bool:
    """Return whether a list still names one of these sessions of their site."""
    return any(True for _ in _naming(con, by_site))


def every_listed(con: sqlite3.Connection) -> set[tuple[str, str]]:
    """Return ``(site, session)`` of every session that a list names."""
    rows = con.execute("SELECT site, sessions FROM segments WHERE sessions IS NOT NULL").fetchall()
    return {(site, session) for site, sessions in rows for session in _ids(sessions)}


def _naming(con: sqlite3.Connection, by_site: Mapping[str, AbstractSet[str]]) -> Iterator[tuple[str, set[str]]]:
    """Give the path of each segment whose list names one of these sessions, and whom else it names."""
    for site, gone in by_site.items():
        rows = con.execute(
            "SELECT path, sessions FROM segments WHERE site = ? AND sessions IS NOT NULL", (site,)
        )
        for path, sessions in rows.fetchall():
            named = _ids(sessions)
            if not gone.isdisjoint(named):
                yield path, named - gone


def _listed(sessions: Iterable[str]) -> str:
    # Each id stands behind a line break, so that the beginning of one is found as it is.
    return "".join(f"\n{session}" for session in sorted(sessions))


def _ids(listed: str) -> set[str]:
    return set(listed.split("\n")[1:])


def aged_until(
    con: sqlite3.Connection, kind: str, *, site: str | None, from_ms: int | None, to_ms: int | None
) -> int | None:
    """Return the last instant, ms, of segments of a range that lost this kind to age, or ``None``."""
    row = con.execute(_AGED, {"kind": kind, "site": site, "from_ms": from_ms, "to_ms": to_ms}).fetchone()
    return None if row is None else row[0]


def add_segments(con: sqlite3.Connection, segments: Iterable[Segment]) -> None:
    """Name new segments; inside a transaction."""
    for segment in segments:
        values = [getattr(segment, name) for name in _NAMES]
        con.execute(_INSERT, (*values, _listed(segment.sessions)))


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
    return [(_segment(row[:-1]), row[-1] is not None) for row in con.execute(_ALL)]


def _segment(row: Sequence[object]) -> Segment:
    # SQLite checks types where it writes and not where it reads.
    if tuple(map(type, row)) != _TYPES:
        raise StoreError("the catalog is damaged: a segment is not described as one", hint=RESTORE)
    return Segment(**dict(zip(_NAMES, row, strict=True)))  # type: ignore[arg-type] # just looked at


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
