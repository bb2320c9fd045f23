"""The survey of an erasure: what the store holds of some sessions before, and that it holds none after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usertrack_cli.errors import StoreError
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.parquet import read_coded, rows_with
from usertrack_cli.store.quarantine import quarantined
from usertrack_cli.store.rewriting import files_at_once
from usertrack_cli.store.roster import are_listed, may_hold, roster_rows
from usertrack_cli.store.traces import (
    batch_fields,
    name_gone,
    part_of,
    quarantined_segments,
    rows_of_gone,
    segment_files,
)

if TYPE_CHECKING:
    import sqlite3

BySite = Mapping[str, set[str]]
LISTING = ("layouts", "segments")
"""Tables that name sessions and have no row for each."""
_BROUGHT = "SELECT count(*) FROM layouts WHERE (site, brought_by) IN (SELECT site, session FROM gone)"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A segment that holds some of the sessions, as it was before."""

    site: str
    day: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the store holds of some sessions.

    Attributes:
        events: Their rows in live segments.
        tables: Their rows by table of the catalog.
        layouts: Layouts whose texts they brought.
        quarantined: Files in quarantine, relative to it, that hold one of them, or are damaged and may.
        damaged_rows: Rows of such damaged files, others' included.
        unsearchable: Damaged files that cannot be decoded and are of other days.
        beside: Paths of the other segments of the same partitions.
    """

    sessions: int
    events: int
    segments: tuple[HeldFile, ...]
    tables: dict[str, int]
    layouts: int
    quarantined: tuple[str, ...]
    damaged_rows: int
    unsearchable: int
    beside: tuple[str, ...]

    @property
    def paths(self) -> frozenset[str]:
        """Paths of the segments that hold them."""
        return frozenset(each.path for each in self.segments)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Found:
        """Return what :meth:`as_json` gave."""
        segments = tuple(HeldFile(**each) for each in content["segments"])
        lists = {name: tuple(content[name]) for name in ("quarantined", "beside")}
        return cls(**(dict(content) | lists | {"segments": segments}))


def survey(con: sqlite3.Connection, home: Home, by_site: BySite) -> Found:
    """Return what the store holds of these sessions, which the temporary table ``gone`` names too."""
    held: list[HeldFile] = []
    events = 0
    listed = roster_rows(con)
    holding = may_hold(con, by_site)
    with ThreadPoolExecutor(max_workers=files_at_once()) as pool:
        looked_at = [each for each in listed if each[0].path in holding]
        found = pool.map(lambda each: _rows_of(home, each[0].path, by_site[each[0].site]), looked_at)
        counted = list(zip(looked_at, found, strict=True))
    for (segment, is_retired), rows in counted:
        if rows:
            held.append(HeldFile(segment.site, segment.day, segment.path, segment.sha256))
            events += 0 if is_retired else rows
    days = {(each.site, each.day) for each in held} | _open_days(con)
    aside, damaged_rows, unsearchable = _quarantined(con, home, by_site, days)
    partitions = {(each.site, each.day) for each in held}
    return Found(
        sessions=sum(len(sessions) for sessions in by_site.values()),
        events=events,
        segments=tuple(held),
        tables=rows_of_gone(con),
        layouts=con.execute(_BROUGHT).fetchone()[0],
        quarantined=tuple(aside),
        damaged_rows=damaged_rows,
        unsearchable=unsearchable,
        beside=tuple(s.path for s, _ in listed if (s.site, s.day) in partitions),
    )


def held_by(home: Home, path: str, sessions: set[str]) -> bool:
    """Return whether a file has rows of these sessions; one that is missing has none.

    Raises:
        StoreError: It cannot be decoded.
    """
    return bool(_rows_of(home, path, sessions))


def places_left(con: sqlite3.Connection, home: Home, by_site: BySite, found: Found) -> tuple[set[str], int]:
    """Return the files and tables that still hold one of the sessions, and how many files were decoded."""
    is_listed = (bool(con.execute(_BROUGHT).fetchone()[0]), are_listed(con, by_site))
    left = {*rows_of_gone(con), *compress(LISTING, is_listed)}
    files = [
        file
        for file in [*segment_files(home), *quarantined_segments(home)]
        if by_site.get(part_of(file, "site"))
    ]
    with ThreadPoolExecutor(max_workers=files_at_once()) as pool:
        looks = list(pool.map(lambda file: _holds(home, file, by_site, found), files))
    left |= {
        str(file.relative_to(home.root)) for file, (is_held, _) in zip(files, looks, strict=True) if is_held
    }
    left |= {f"quarantine/{path}" for path in found.quarantined if (home.quarantine / path).exists()}
    return left, sum(is_decoded for _, is_decoded in looks)


def _holds(home: Home, file: Path, by_site: BySite, found: Found) -> tuple[bool, bool]:
    """Return whether a file still holds one of the sessions, and whether it could be decoded."""
    try:
        return held_by(home, str(file), by_site[part_of(file, "site")]), True
    except StoreError:
        # What cannot be decoded cannot be shown to be free of them; what went away meanwhile is.
        is_of_them = file.is_relative_to(home.segments) or _name(home, file) in found.quarantined
        return file.exists() and is_of_them, False


def going_whole(home: Home, places: Iterable[tuple[str, str]]) -> tuple[int, int]:
    """Return how many damaged files in quarantine an erasure of these sessions removes, and their rows.

    What cannot be read cannot be shown to be free of them, so it goes with what it holds of others.
    """
    by_site: dict[str, set[str]] = defaultdict(set)
    for site, session in places:
        by_site[site].add(session)
    with closing(catalog.connect(home)) as con:
        name_gone(con, ((site, session) for site, sessions in by_site.items() for session in sessions))
        rows = {each.path: each.rows for each in quarantined(con)}
        unread = [_name(home, file) for file, is_held in _in_quarantine(home, by_site) if is_held is None]
        days = _open_days(con) if unread else set()
        holding = may_hold(con, by_site) if unread else set()
        days |= {(segment.site, segment.day) for segment, _ in roster_rows(con) if segment.path in holding}
    going = [path for path in unread if (part_of(Path(path), "site"), part_of(Path(path), "day")) in days]
    return len(going), sum(rows.get(path, 0) for path in going)


def _in_quarantine(home: Home, by_site: BySite) -> Iterator[tuple[Path, bool | None]]:
    """Give each file with whether it holds one of the sessions; ``None`` where it cannot be decoded."""
    for file in quarantined_segments(home, by_site):
        try:
            yield file, held_by(home, str(file), by_site[part_of(file, "site")])
        except StoreError:
            yield file, None
    for site, sessions in by_site.items():
        for file in sorted((home.quarantine / f"site={site}").glob("day=*/batch-*.*")):
            session = batch_fields(file).get("session")
            yield file, None if session is None else session in sessions


def changed_files(con: sqlite3.Connection, found: Found) -> list[dict[str, Any]]:
    """Return, by partition, the digests of the files that held them and of those that replaced them."""
    before: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    after: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    known = set(found.beside)
    for each in found.segments:
        before[each.site, each.day].append({"path": each.path, "sha256": each.sha256})
    for segment, is_retired in roster_rows(con):
        if (segment.site, segment.day) in before and segment.path not in known and not is_retired:
            after[segment.site, segment.day].append({"path": segment.path, "sha256": segment.sha256})
    return [
        {"site": site, "day": day, "before": old, "after": after[site, day]}
        for (site, day), old in sorted(before.items())
    ]


def _rows_of(home: Home, path: str, sessions: set[str]) -> int:
    if not sessions:
        return 0
    try:
        coded = read_coded(home, path, ["session"])["session"]
    except StoreError:
        if (home.segments / path).exists():
            raise
        return 0  # a drain took back what it had begun
    return int(rows_with(coded, sessions).sum())


def _open_days(con: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = con.execute(
        "SELECT DISTINCT site, day FROM sessions_open"
        " WHERE (site, session) IN (SELECT site, session FROM gone) ORDER BY site, day"
    )
    return set(rows.fetchall())


def _quarantined(
    con: sqlite3.Connection, home: Home, by_site: BySite, days: set[tuple[str, str]]
) -> tuple[list[str], int, int]:
    """Return the files in quarantine that have to go, rows of the damaged among them, and what is unknown.

    A session lies in the files of the day it began, so a damaged file of another day cannot hold it.
    """
    rows = {each.path: each.rows for each in quarantined(con)}
    going: list[str] = []
    damaged_rows = unsearchable = 0
    for file, is_held in _in_quarantine(home, by_site):
        is_of_their_day = (part_of(file, "site"), part_of(file, "day")) in days
        if is_held or (is_held is None and is_of_their_day):
            going.append(_name(home, file))
            damaged_rows += rows.get(_name(home, file), 0)
        elif is_held is None:
            unsearchable += 1
    return going, damaged_rows, unsearchable


def _name(home: Home, file: Path) -> str:
    return str(file.relative_to(home.quarantine)) if file.is_relative_to(home.quarantine) else str(file)
