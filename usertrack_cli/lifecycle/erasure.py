"""Erasure: every trace of the sessions of one visitor leaves the store, and the scan says so.

The order survives a crash at any point: a durable tombstone first, which hides the sessions and
drops their late batches; then the inbox, the catalog and the files; then the verification.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from usertrack_cli import clock
from usertrack_cli.errors import IncompleteError, StoreError
from usertrack_cli.store import catalog, reserve
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.layouts import blank_texts
from usertrack_cli.store.ledger import record_erasure
from usertrack_cli.store.lock import MAINTENANCE, held
from usertrack_cli.store.migration import forget_copies
from usertrack_cli.store.parquet import read_segment, without_sessions, write_segment
from usertrack_cli.store.quarantine import forget, quarantined_batches, sound_segments
from usertrack_cli.store.remembered import forget_sessions
from usertrack_cli.store.reserve import spent_reserve
from usertrack_cli.store.roster import roster_rows
from usertrack_cli.store.segment import Segment, new_segment_path
from usertrack_cli.store.swap import swap, unlink
from usertrack_cli.store.workspace import clean_workspaces, workspace

if TYPE_CHECKING:
    import sqlite3

LOCK_WAIT_S = 60.0
CHECKPOINT_WAIT_S = 30.0
"""An open reader keeps the write-ahead log alive; no process of ours reads for over a second."""
CHECKPOINT_TRY_MS = 200

_TABLES = ("batches", "sessions_open", "tags", "notes", "watched", "outputs", "restrictions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure removed."""

    sessions: int
    rows: int
    segments: int
    batches: int
    layouts: int


def erase(home: Home, sessions: Iterable[tuple[str, str]]) -> Erased:
    """Erase whole sessions, given as ``(site, session)``, and verify that nothing of them is left.

    Raises:
        StoreError: Another process kept the store; nothing was erased.
        IncompleteError: Something of them is still there; the next start or call continues.
    """
    wanted = sorted(set(sessions))
    with (
        held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="erasing"),
        spent_reserve(home),
        closing(catalog.connect(home)) as con,
    ):
        with transaction(con):
            for site, session in wanted:
                con.execute(
                    "INSERT INTO tombstones (site, session, created_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (site, session) DO UPDATE SET done_at = NULL",
                    (site, session, clock.now_ms()),
                )
        return _finish(con, home, wanted)


def finish_erasures(home: Home) -> int:
    """Finish the erasures that a crash interrupted; return of how many sessions."""
    with closing(catalog.connect(home)) as con:
        pending = con.execute(
            "SELECT site, session FROM tombstones WHERE done_at IS NULL ORDER BY 1, 2"
        ).fetchall()
        if not pending:
            return 0
        with held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="finishing an erasure"), spent_reserve(home):
            _finish(con, home, pending)
    return len(pending)


def _finish(con: sqlite3.Connection, home: Home, wanted: Sequence[tuple[str, str]]) -> Erased:
    by_site: dict[str, set[str]] = defaultdict(set)
    for site, session in wanted:
        by_site[site].add(session)
    record_erasure(home, wanted, now_ms=clock.now_ms())
    clean_workspaces(home)
    forget_sessions(home, wanted)
    forget_copies(home)
    batches, layouts = _erase_from_catalog(con, by_site)
    segments, rows = _erase_from_segments(con, home, by_site)
    _checkpoint(con)
    _verify(con, home, by_site)
    with transaction(con):
        for where in wanted:
            con.execute(
                "UPDATE tombstones SET done_at = ? WHERE site = ? AND session = ?", (clock.now_ms(), *where)
            )
    return Erased(sessions=len(wanted), rows=rows, segments=segments, batches=batches, layouts=layouts)


def _erase_from_catalog(con: sqlite3.Connection, by_site: dict[str, set[str]]) -> tuple[int, int]:
    batches = layouts = 0
    with transaction(con):
        for site, sessions in by_site.items():
            layouts += blank_texts(con, site=site, sessions=sessions)
            for session in sessions:
                for table in _TABLES:
                    gone = con.execute(
                        f"DELETE FROM {table} WHERE site = ? AND session = ?",  # noqa: S608 - own table names
                        (site, session),
                    ).rowcount
                    batches += gone if table == "batches" else 0
    return batches, layouts


def _erase_from_segments(con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]]) -> tuple[int, int]:
    """Rewrite each file that holds one of the sessions, retired ones included."""
    segments = rows = 0
    listed = [each for each in roster_rows(con) if each[0].site in by_site]
    sound = {
        segment.path
        for segment in sound_segments(con, home, [each for each, _ in listed], now_ms=clock.now_ms())
    }
    is_low = reserve.is_low(home)
    old: list[Segment] = []
    new: list[Segment] = []

    def put_in_place() -> None:
        paths = [segment.path for segment in old]
        swap(con, home, old=paths, new=new, now_ms=clock.now_ms(), at_once=True)
        old.clear()
        new.clear()

    with workspace(home) as folder:
        for segment, is_retired in listed:
            if segment.path not in sound or not _holds(home, segment.path, by_site[segment.site]):
                continue
            old.append(segment)
            if not is_retired:
                written = _rewritten(con, home, folder, segment, by_site[segment.site])
                new += written
                rows += segment.rows - sum(each.rows for each in written)
            segments += 1
            # One swap disturbs readers once; on a full disk each file makes room for the next.
            if is_low:
                put_in_place()
        put_in_place()
    _erase_strays(con, home, by_site)
    return segments, rows


def _rewritten(
    con: sqlite3.Connection, home: Home, folder: Path, segment: Segment, sessions: set[str]
) -> list[Segment]:
    """Write what ``segment`` holds of other sessions and return it: one segment, or none."""
    after = without_sessions(read_segment(home, segment.path), sessions)
    if not after.num_rows:
        return []
    node = catalog.store_value(con, "node")
    target = new_segment_path(segment.site, segment.day, node=node, now_ms=clock.now_ms())
    return [write_segment(home, after, path=target, level=segment.level, workspace=folder, aged=segment.aged)]


def _erase_strays(con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]]) -> None:
    """Remove files outside the roster that hold one of the sessions, and batches in quarantine.

    Such a file belongs to a drain that broke off, or is about to: the tombstones are committed, so
    no drain can put a file with these sessions on the roster any more.
    """
    named = {segment.path for segment, _ in roster_rows(con)}
    for site, sessions in by_site.items():
        for file in sorted((home.segments / f"site={site}").rglob("*.parquet")):
            path = str(file.relative_to(home.segments))
            if path not in named and _file_holds(file, home, by_site):
                unlink(home, [path])
        for file, session in quarantined_batches(home, site):
            if session is None or session in sessions:
                forget(con, home, [str(file.relative_to(home.quarantine))])


def _holds(home: Home, path: str, sessions: set[str]) -> bool:
    if not (home.segments / path).exists():
        return False
    column = read_segment(home, path, columns=["session"])["session"]
    return not sessions.isdisjoint(pc.unique(column).to_pylist())


def _checkpoint(con: sqlite3.Connection) -> None:
    """Overwrite what the write-ahead log still holds of deleted rows.

    Raises:
        IncompleteError: A reader kept the log open for half a minute.
    """
    deadline = clock.monotonic_s() + CHECKPOINT_WAIT_S
    try:
        # While it waits for readers it keeps writers out: better to try often than to wait long.
        con.execute(f"PRAGMA busy_timeout = {CHECKPOINT_TRY_MS}")
        while con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
            if clock.monotonic_s() > deadline:
                raise IncompleteError(
                    "erased rows may still stand in the write-ahead log, which another process keeps open",
                    hint="end long-running readers and run the same command again",
                )
            clock.pause_s(0.1)
    finally:
        con.execute(f"PRAGMA busy_timeout = {catalog.BUSY_TIMEOUT_MS}")


def _verify(con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]]) -> None:
    """Scan every file and table for the sessions.

    Raises:
        IncompleteError: Some place still holds one of them.
    """
    files = sorted([*home.segments.rglob("*.parquet"), *home.quarantine.rglob("*.parquet")])
    left = [str(file.relative_to(home.root)) for file in files if _file_holds(file, home, by_site)]
    for site, sessions in by_site.items():
        left += [
            str(file.relative_to(home.root))
            for file, session in quarantined_batches(home, site)
            if session is None or session in sessions
        ]
    for table in _TABLES:
        for site, sessions in by_site.items():
            for session in sessions:
                sql = f"SELECT 1 FROM {table} WHERE site = ? AND session = ?"  # noqa: S608 - own table names
                if con.execute(sql, (site, session)).fetchone():
                    left.append(table)
    if left:
        raise IncompleteError(
            f"rows of the erased sessions are still in {', '.join(sorted(set(left)))}",
            hint="run the same command again; a damaged file in quarantine has to be removed by hand",
        )


def _file_holds(file: Path, home: Home, by_site: dict[str, set[str]]) -> bool:
    site = next((part.removeprefix("site=") for part in file.parts if part.startswith("site=")), "")
    if site not in by_site:
        return False
    try:
        # Joining an absolute path gives that path, so this reads quarantined files too.
        return _holds(home, str(file), by_site[site])
    except StoreError:
        # What cannot be read cannot be shown to be free of them; what went away meanwhile is.
        return file.exists()
