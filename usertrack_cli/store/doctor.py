"""The doctor: compares what the catalog says with what lies on the disk, and says what is wrong."""

from __future__ import annotations

import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from usertrack_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS
from usertrack_cli.errors import StoreError
from usertrack_cli.plural import count
from usertrack_cli.store import catalog, reception, timekeeping
from usertrack_cli.store.epochs import lost_epochs
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import full_sites, last_finished
from usertrack_cli.store.lock import MAINTENANCE, WRITER, FileLock
from usertrack_cli.store.parquet import read_segment
from usertrack_cli.store.quarantine import quarantined, set_aside
from usertrack_cli.store.reserve import FREE_BYTES_MIN, RESERVE_BYTES, free_bytes
from usertrack_cli.store.roster import listed_sessions, live_segments, roster_rows
from usertrack_cli.store.segment import Segment
from usertrack_cli.store.soundness import Soundness, soundness

WAITING_MS_MAX = MINUTE_MS
PRUNE_OVERDUE_MS = 25 * HOUR_MS
"""The writer prunes hourly; cron daily at the least."""
BACKUP_OVERDUE_MS = 8 * DAY_MS
"""Said only where a backup was ever made."""


class Status(StrEnum):
    """How a check came out, from good to bad."""

    OK = "ok"
    WARNING = "warning"
    DAMAGE = "damage"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    status: Status
    detail: str


def examine(
    home: Home, *, sites: tuple[str, ...], now_ms: int, is_deep: bool = False, is_public: bool = False
) -> list[Finding]:
    """Check the whole store; damaged segments are moved to quarantine, nothing else is changed.

    Args:
        sites: Those that retention has to look after.
        now_ms: The clock, which is itself checked.
        is_deep: Decode every page of every segment and every page of the databases too.
        is_public: Browsers elsewhere are meant to reach the server.

    Raises:
        StoreError: There is no store, or its catalog cannot even be opened.
    """
    with closing(catalog.connect(home)) as con:
        findings = [_catalog(con, is_deep=is_deep), *_segments(con, home, now_ms=now_ms, is_deep=is_deep)]
        findings += [
            _quarantine(con),
            _orphans(con, home),
            _rights(home),
            _keys(con, home),
            _space(home),
            _inbox(con, home, now_ms=now_ms),
            _clock(con, now_ms=now_ms),
            _retention(con, sites, now_ms=now_ms),
            _erasures(con),
            _backup(con, now_ms=now_ms),
            _refusals(con, now_ms=now_ms),
            _addresses(con, now_ms=now_ms, is_public=is_public),
        ]
    return findings


def _found(check: str, problems: list[str], good: str, *, status: Status = Status.WARNING) -> Finding:
    return Finding(check, status, "; ".join(problems)) if problems else Finding(check, Status.OK, good)


def _catalog(con: sqlite3.Connection, *, is_deep: bool) -> Finding:
    pragma = "integrity_check" if is_deep else "quick_check"
    said = [str(row[0]) for row in con.execute(f"PRAGMA {pragma}(5)")]
    problems = [] if said == ["ok"] else said
    return _found("catalog", problems, f"version {catalog.store_value(con, 'version')}", status=Status.DAMAGE)


def _segments(con: sqlite3.Connection, home: Home, *, now_ms: int, is_deep: bool) -> Iterator[Finding]:
    live = live_segments(con)
    states = dict(soundness(home, live))
    rows_wrong = [
        each.path for each in live if states[each.path] is Soundness.SOUND and _rows_differ(home, each)
    ]
    looked_into = [each for each in live if is_deep and states[each.path] is Soundness.SOUND]
    pages_wrong = [wrong for each in looked_into if (wrong := _wrong_inside(con, home, each))]
    _move(con, home, [each for each in live if states[each.path] is Soundness.DAMAGED], now_ms=now_ms)
    counts = Counter(states.values())
    problems = [
        f"{counts[state]} {state}" for state in Soundness if state is not Soundness.SOUND and counts[state]
    ]
    total = sum(each.rows for each in live)
    yield _found(
        "segments", problems, f"{count(len(live), 'segment')}, {count(total, 'row')}", status=Status.DAMAGE
    )
    yield _found(
        "rows", [f"{path} holds other rows" for path in rows_wrong], "as counted", status=Status.DAMAGE
    )
    if is_deep:
        yield _found("pages", pages_wrong, "all decoded", status=Status.DAMAGE)


def _rows_differ(home: Home, segment: Segment) -> bool:
    try:
        return bool(pq.read_metadata(home.segments / segment.path).num_rows != segment.rows)
    except (OSError, pa.ArrowException):
        return True


def _wrong_inside(con: sqlite3.Connection, home: Home, segment: Segment) -> str:
    try:
        table = read_segment(home, segment.path)
    except StoreError:
        return f"{segment.path} cannot be decoded"
    listed = listed_sessions(con, segment.path)
    if listed is not None and listed != set(table["session"].unique().to_pylist()):
        return f"{segment.path} holds other sessions than the catalog lists"
    return "" if table.num_rows == segment.rows else f"{segment.path} holds other rows"


def _move(con: sqlite3.Connection, home: Home, damaged: list[Segment], *, now_ms: int) -> None:
    maintenance = FileLock(home.root / MAINTENANCE)
    if damaged and maintenance.acquire(timeout_s=5.0):
        try:
            set_aside(con, home, damaged, reason="content differs from its digest", now_ms=now_ms)
        finally:
            maintenance.release()


def _quarantine(con: sqlite3.Connection) -> Finding:
    aside = quarantined(con)
    rows = sum(each.rows for each in aside)
    held = f"{count(rows, 'row')} in {count(len(aside), 'file')}"
    problems = [f"{held} not included in any answer"] if aside else []
    return _found("quarantine", problems, "empty", status=Status.DAMAGE)


def _orphans(con: sqlite3.Connection, home: Home) -> Finding:
    named = {segment.path for segment, _ in roster_rows(con)}
    found = {str(file.relative_to(home.segments)) for file in home.segments.glob("site=*/day=*/*.parquet")}
    # A drain that is at work has files that its commit will name in a moment.
    strays = len(found - named) if _is_free(home, WRITER) else 0
    problems = [f"{count(strays, 'file')} of nobody; serve removes them when it starts"] if strays else []
    return _found("orphans", problems, "none")


def _rights(home: Home) -> Finding:
    open_to_others = []
    for path in [home.root, *home.root.rglob("*")]:
        with suppress(FileNotFoundError):
            if stat.S_IMODE(path.lstat().st_mode) & 0o077:
                open_to_others.append(path)
    problems = (
        [f"others can read {count(len(open_to_others), 'file')}, such as {open_to_others[0]}"]
        if open_to_others
        else []
    )
    return _found("permissions", problems, "for the owner alone")


def _keys(con: sqlite3.Connection, home: Home) -> Finding:
    if not home.keys.is_file():
        return Finding("keys", Status.DAMAGE, "keys.sqlite is missing: no visitor can be found any more")
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        known = keys.execute("SELECT count(*) FROM keys").fetchone()[0]
        lost = lost_epochs(con, keys, home)
    problems = [f"no key for site {site}, epoch {epoch}" for site, epoch in lost[:3]]
    if len(lost) > 3:
        problems.append(f"{len(lost) - 3} more")
    return _found("keys", problems, count(known, "epoch"), status=Status.DAMAGE)


def _space(home: Home) -> Finding:
    free = free_bytes(home)
    problems = [f"{free // 2**20} MiB free: nothing new is taken in"] if free < FREE_BYTES_MIN else []
    try:
        has_reserve = home.reserve.stat().st_size >= RESERVE_BYTES
    except FileNotFoundError:
        has_reserve = False
    if not has_reserve and not _is_free(home, WRITER):
        problems.append("the reserve for deleting on a full disk is not there")
    return _found("space", problems, f"{free / 2**30:.1f} GiB free")


def _inbox(con: sqlite3.Connection, home: Home, *, now_ms: int) -> Finding:
    number, oldest_at = con.execute(
        "SELECT count(*), min(received_at) FROM batches WHERE body IS NOT NULL"
    ).fetchone()
    waiting = f"{count(number, 'batch', 'batches')} waiting"
    problems = []
    if oldest_at is not None and now_ms - oldest_at > WAITING_MS_MAX:
        state = "nobody is writing" if _is_free(home, WRITER) else "the writer is behind"
        problems.append(f"{waiting}, the oldest for {(now_ms - oldest_at) // 1000} s; {state}")
    return _found("inbox", problems, waiting)


def _clock(con: sqlite3.Connection, *, now_ms: int) -> Finding:
    problems = []
    if not timekeeping.would_be_steady(con, now_ms=now_ms):
        problems.append("the clock jumped by more than a day; forgetting pauses until it has held for a day")
    ahead = con.execute("SELECT count(*) FROM batches WHERE received_at > ?", (now_ms + HOUR_MS,)).fetchone()[0]
    if ahead:
        batches = count(ahead, "batch", "batches")
        problems.append(f"{batches} from over an hour ahead: the clock was ahead, or is behind")
    return _found("clock", problems, "steady")


def _retention(con: sqlite3.Connection, sites: tuple[str, ...], *, now_ms: int) -> Finding:
    problems = [
        f"site {site} takes no new sessions: only young ones are left to evict" for site in full_sites(con)
    ]
    overdue_at = now_ms - PRUNE_OVERDUE_MS
    oldest_at: dict[str, int] = {}
    for segment in live_segments(con):
        oldest_at[segment.site] = min(segment.first_at, oldest_at.get(segment.site, segment.first_at))
    for site in sites:
        # Where it never was, it is due once there is something a day old.
        done_at = last_finished(con, f"prune:{site}") or oldest_at.get(site)
        if site in oldest_at and done_at is not None and done_at < overdue_at:
            problems.append(f"site {site} was not pruned for a day; run usertrack serve or usertrack prune")
    return _found("retention", problems, "applied")


def _erasures(con: sqlite3.Connection) -> Finding:
    pending = con.execute("SELECT count(*) FROM tombstones WHERE done_at IS NULL").fetchone()[0]
    hidden = count(pending, "session")
    problems = [f"{hidden} hidden but not yet erased; run the delete again"] if pending else []
    return _found("erasures", problems, "none pending")


def _backup(con: sqlite3.Connection, *, now_ms: int) -> Finding:
    done_at = last_finished(con, "backup")
    if done_at is None:
        return Finding("backup", Status.OK, "none made by usertrack backup")
    age_d = max(0, now_ms - done_at) // DAY_MS
    problems = [f"the last one is {count(age_d, 'day')} old"] if now_ms - done_at > BACKUP_OVERDUE_MS else []
    return _found("backup", problems, f"{count(age_d, 'day')} old")


def _refusals(con: sqlite3.Connection, *, now_ms: int) -> Finding:
    problems = reception.refusal_problems(con, now_ms=now_ms)
    return _found("refusals", problems, reception.refusal_text(con, now_ms=now_ms))


def _addresses(con: sqlite3.Connection, *, now_ms: int, is_public: bool) -> Finding:
    problems = reception.address_problems(con, now_ms=now_ms, is_public=is_public)
    return _found("addresses", problems, reception.address_text(con, now_ms=now_ms))


def _is_free(home: Home, name: str) -> bool:
    """Return True where nobody holds the lock; looks, and gives it back."""
    path: Path = home.root / name
    if not path.exists():
        return True
    lock = FileLock(path)
    is_free = lock.acquire()
    lock.release()
    return is_free
