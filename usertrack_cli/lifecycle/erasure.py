"""Erasure: every trace of some sessions leaves the store, a scan says so, and a receipt proves it.

The order survives a crash at any point: a note of the request and a durable tombstone first, which
hides the sessions and drops their late batches; then the inbox, the catalog and the files; then the
verification, and last the receipt. What a crash left undone is finished under the same request.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from usertrack_cli import clock
from usertrack_cli.errors import IncompleteError
from usertrack_cli.lifecycle.log_spans import log_spans
from usertrack_cli.lifecycle.pending import Pending, begin, discard, left_behind
from usertrack_cli.lifecycle.receipt import Receipt, issue
from usertrack_cli.lifecycle.request import Request
from usertrack_cli.lifecycle.survey import LISTING, changed_files, held_by, places_left, survey
from usertrack_cli.store import catalog, reserve
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.layouts import blank_texts
from usertrack_cli.store.lock import MAINTENANCE, FileLock, held
from usertrack_cli.store.migration import forget_copies
from usertrack_cli.store.outputs import outputs_of, remove_outputs
from usertrack_cli.store.parquet import read_coded, rows_with
from usertrack_cli.store.quarantine import forget, sound_segments
from usertrack_cli.store.remembered import forget_sessions
from usertrack_cli.store.reserve import spent_reserve
from usertrack_cli.store.rewriting import files_at_once, rewrite_segment
from usertrack_cli.store.roster import roster_rows, strike_sessions
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.swap import swap, unlink
from usertrack_cli.store.traces import delete_gone, name_gone, part_of, segment_files, session_tables
from usertrack_cli.store.workspace import clean_workspaces, workspace

if TYPE_CHECKING:
    import sqlite3

    from usertrack_cli.lifecycle.survey import Found

LOCK_WAIT_S = 60.0
CHECKPOINT_WAIT_S = 30.0
"""An open reader keeps the write-ahead log alive; no process of ours reads for over a second."""
CHECKPOINT_TRY_MS = 200

_BURY = """
INSERT INTO tombstones (site, session, created_at) VALUES (?, ?, ?)
ON CONFLICT (site, session) DO UPDATE SET done_at = NULL
"""
_BURIED = "UPDATE tombstones SET done_at = ? WHERE site = ? AND session = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure found and removed.

    Attributes:
        rows: Events in segments.
        tables: Rows by table of the catalog.
        layouts: Layouts whose texts were blanked.
        outputs: Files made of the sessions that were removed.
    """

    sessions: int
    rows: int
    segments: int
    tables: dict[str, int]
    layouts: int
    outputs: int
    receipt: Receipt


def erase(home: Home, sessions: Iterable[tuple[str, str]], request: Request | None = None) -> Erased:
    """Erase whole sessions, given as ``(site, session)``, verify that nothing of them is left, and prove it.

    No session at all leaves a receipt too: that nothing was found is an answer.

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
        _finish_left_behind(con, home)
        pending = begin(home, wanted, request or Request(), now_ms=clock.now_ms())
        _bury(con, wanted)
        return _finish(con, home, wanted, pending)


def finish_erasures(home: Home, *, waits: bool = True) -> int:
    """Finish the erasures that a crash interrupted; return of how many sessions.

    Args:
        waits: False leaves them alone while another process has the store, which may be erasing.
    """
    with closing(catalog.connect(home)) as con:
        if not left_behind(home) and not _unfinished(con):
            return 0
        lock = FileLock(home.root / MAINTENANCE)
        if not waits and not lock.acquire():
            return 0
        lock.release()
        with held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="finishing an erasure"), spent_reserve(home):
            return _finish_left_behind(con, home)


def _unfinished(con: sqlite3.Connection) -> list[tuple[str, str]]:
    return con.execute("SELECT site, session FROM tombstones WHERE done_at IS NULL ORDER BY 1, 2").fetchall()


def _finish_left_behind(con: sqlite3.Connection, home: Home) -> int:
    finished = 0
    for pending in left_behind(home):
        buried = con.execute("SELECT site, session FROM tombstones ORDER BY 1, 2").fetchall()
        wanted = [place for place in buried if pending.names(*place)]
        if wanted or pending.found is not None:
            _finish(con, home, wanted, pending.resumed())
            finished += len(wanted)
        else:
            discard(home, pending)  # it broke off before anything was hidden or removed
    # What is left was asked for by visitors themselves, who withdrew their consent.
    wished = _unfinished(con)
    if wished:
        request = Request(reason="withdrawal", sites=tuple(sorted({site for site, _ in wished})))
        _finish(con, home, wished, begin(home, wished, request, now_ms=clock.now_ms()))
    return finished + len(wished)


def _bury(con: sqlite3.Connection, wanted: Sequence[tuple[str, str]]) -> None:
    with transaction(con):
        con.executemany(_BURY, [(*place, clock.now_ms()) for place in wanted])


def _finish(con: sqlite3.Connection, home: Home, wanted: Sequence[tuple[str, str]], pending: Pending) -> Erased:
    by_site: dict[str, set[str]] = defaultdict(set)
    for site, session in wanted:
        by_site[site].add(session)
    name_gone(con, wanted)
    listed = [segment for segment, _ in roster_rows(con) if segment.site in by_site]
    sound_segments(con, home, listed, now_ms=clock.now_ms())  # what is damaged goes to quarantine first
    found = pending.found
    if found is None:
        # Counted before the first removal, so that a crash does not change what the receipt says was found.
        found = survey(con, home, by_site)
        pending = pending.with_found(home, found, spans=log_spans(home, found, by_site))
    clean_workspaces(home)
    forget_sessions(home, wanted)
    forget_copies(home)
    pending = _remove_outputs(con, home, wanted, pending)
    _erase_from_catalog(con, by_site)
    _erase_from_segments(con, home, by_site, holding=None if pending.is_resumed else found.paths)
    _erase_from_quarantine(con, home, found)
    _checkpoint(con)
    verified = _verify(con, home, by_site, found)
    now_ms = clock.now_ms()
    content = pending.receipt_content(
        store=catalog.store_value(con, "node"),
        files=changed_files(con, found),
        verified=verified,
        now_ms=now_ms,
    )
    receipt = issue(home, content, now_ms=now_ms)
    with transaction(con):
        con.executemany(_BURIED, [(now_ms, *place) for place in wanted])
    discard(home, pending)
    return Erased(
        sessions=len(wanted),
        rows=found.events,
        segments=len(found.segments),
        tables=found.tables,
        layouts=found.layouts,
        outputs=pending.outputs_removed,
        receipt=receipt,
    )


def _remove_outputs(
    con: sqlite3.Connection, home: Home, wanted: Sequence[tuple[str, str]], pending: Pending
) -> Pending:
    if pending.outputs_named is not None:
        return pending  # before the crash
    files = outputs_of(con, wanted)
    removed = remove_outputs(files) if pending.request.removes_outputs else 0
    return pending.with_outputs(home, named=len(files), removed=removed)


def _erase_from_catalog(con: sqlite3.Connection, by_site: dict[str, set[str]]) -> None:
    with transaction(con):
        for site, sessions in by_site.items():
            blank_texts(con, site=site, sessions=sessions)
        delete_gone(con)


def _erase_from_segments(
    con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]], *, holding: frozenset[str] | None
) -> None:
    """Rewrite each file that holds one of the sessions, retired ones included.

    Args:
        holding: Their paths; ``None`` looks for them, since a compaction may have come between.
    """
    going = [
        (segment, is_retired)
        for segment, is_retired in roster_rows(con)
        if (segment.path in holding if holding is not None else _is_held(home, segment, by_site))
    ]
    node = catalog.store_value(con, "node")
    with workspace(home) as folder:

        def rewritten(each: tuple[Segment, bool]) -> list[Segment]:
            segment, is_retired = each
            return [] if is_retired else _rewritten(home, folder, segment, by_site[segment.site], node=node)

        if reserve.is_low(home):
            # On a full disk each file makes room for the next.
            for each in going:
                _put_in_place(con, home, [each], rewritten(each))
        else:
            # One swap disturbs readers once.
            with ThreadPoolExecutor(max_workers=files_at_once()) as pool:
                new = [segment for written in pool.map(rewritten, going) for segment in written]
            _put_in_place(con, home, going, new)
    _erase_strays(con, home, by_site)
    strike_sessions(con, by_site)


def _is_held(home: Home, segment: Segment, by_site: dict[str, set[str]]) -> bool:
    return held_by(home, segment.path, by_site.get(segment.site, set()))


def _put_in_place(
    con: sqlite3.Connection, home: Home, old: Sequence[tuple[Segment, bool]], new: Sequence[Segment]
) -> None:
    paths = [segment.path for segment, _ in old]
    swap(con, home, old=paths, new=new, now_ms=clock.now_ms(), at_once=True)


def _rewritten(home: Home, folder: Path, segment: Segment, sessions: set[str], *, node: str) -> list[Segment]:
    """Write what ``segment`` holds of other sessions and return it: one segment, or none."""
    coded = read_coded(home, segment.path, ["session"])["session"]
    stays = ~rows_with(coded, sessions)
    if not stays.any():
        return []
    return [
        rewrite_segment(
            home,
            segment,
            stays,
            sessions=len(coded.dictionary),
            workspace=folder,
            node=node,
            now_ms=clock.now_ms(),
        )
    ]


def _erase_strays(con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]]) -> None:
    """Remove files outside the roster that hold one of the sessions.

    Such a file belongs to a drain that broke off, or is about to: the tombstones are committed, so
    no drain can put a file with these sessions on the roster any more.
    """
    named = {segment.path for segment, _ in roster_rows(con)}
    for file in segment_files(home):
        path = str(file.relative_to(home.segments))
        if path not in named and held_by(home, str(file), by_site.get(part_of(file, "site"), set())):
            unlink(home, [path])


def _erase_from_quarantine(con: sqlite3.Connection, home: Home, found: Found) -> None:
    forget(con, home, found.quarantined)


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


def _verify(
    con: sqlite3.Connection, home: Home, by_site: dict[str, set[str]], found: Found
) -> dict[str, object]:
    """Scan every file and table for the sessions; return what was looked at.

    Raises:
        IncompleteError: Some place still holds one of them.
    """
    left, files = places_left(con, home, by_site, found)
    if left:
        raise IncompleteError(
            f"rows of the erased sessions are still in {', '.join(sorted(left))}",
            hint="run the same command again; a damaged file in quarantine has to be removed by hand",
        )
    return {"files": files, "tables": len(session_tables(con)) + len(LISTING)}
