"""Traces: every place of the store that can hold something of a session or a visitor."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import Home
from usertrack_cli.store.remembered import remembered_list
from usertrack_cli.store.roster import every_listed, roster_rows

HIDING = "tombstones"
"""Names erased sessions for 72 h, so that their late batches are dropped; the one place that may."""

_TABLES = """
SELECT t.name FROM sqlite_schema t
WHERE t.type = 'table' AND t.name <> ?
  AND 2 = (SELECT count(*) FROM pragma_table_info(t.name) WHERE name IN ('site', 'session'))
ORDER BY t.name
"""
_GONE = "CREATE TEMP TABLE IF NOT EXISTS gone (site TEXT, session TEXT, PRIMARY KEY (site, session))"


def session_tables(con: sqlite3.Connection) -> list[str]:
    """Return the tables of the catalog that have rows of single sessions."""
    return [row[0] for row in con.execute(_TABLES, (HIDING,))]


def name_gone(con: sqlite3.Connection, sessions: Iterable[tuple[str, str]]) -> None:
    """Fill the temporary table ``gone``, which stays in memory, with these ``(site, session)``."""
    con.execute("PRAGMA temp_store = MEMORY")
    con.execute(_GONE)
    con.execute("DELETE FROM gone")
    con.executemany("INSERT OR IGNORE INTO gone VALUES (?, ?)", sorted(sessions))


def rows_of_gone(con: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has of the sessions in ``gone``; tables without any are left out."""
    counts = {
        table: con.execute(
            f"SELECT count(*) FROM {table} WHERE (site, session) IN (SELECT site, session FROM gone)"  # noqa: S608 - own table names
        ).fetchone()[0]
        for table in session_tables(con)
    }
    return {table: count for table, count in counts.items() if count}


def delete_gone(con: sqlite3.Connection) -> dict[str, int]:
    """Delete the rows of the sessions in ``gone`` from every table; inside a transaction."""
    return {
        table: con.execute(
            f"DELETE FROM {table} WHERE (site, session) IN (SELECT site, session FROM gone)"  # noqa: S608 - own table names
        ).rowcount
        for table in session_tables(con)
    }


def part_of(file: Path, name: str) -> str:
    """Return the value of ``name=`` in a path: the site or the day of a partition."""
    return next((part.partition("=")[2] for part in file.parts if part.startswith(f"{name}=")), "")


def segment_files(home: Home) -> list[Path]:
    """Return every Parquet file below ``segments``, whether the roster names it or not."""
    return sorted(home.segments.rglob("*.parquet"))


def quarantined_segments(home: Home, sites: Collection[str] | None = None) -> list[Path]:
    """Return the Parquet files in quarantine."""
    return [
        file
        for file in sorted(home.quarantine.rglob("*.parquet"))
        if sites is None or part_of(file, "site") in sites
    ]


def sessions_everywhere(con: sqlite3.Connection, home: Home) -> Iterator[tuple[str, str, str]]:
    """Give ``(place, site, session)`` of every session that a file or a table still has.

    Files are decoded; one that cannot be is given with an empty session.
    """
    from usertrack_cli.store.parquet import sessions_in

    for table in session_tables(con):
        for site, session in con.execute(f"SELECT DISTINCT site, session FROM {table}").fetchall():  # noqa: S608 - own table names
            yield table, site, session
    for site, session in con.execute(
        "SELECT DISTINCT site, brought_by FROM layouts WHERE brought_by IS NOT NULL"
    ).fetchall():
        yield "layouts", site, session
    yield from (("lists of segments", *place) for place in sorted(every_listed(con)))
    # An erased row keeps its number and nothing else.
    yield from (("the last list", site, session) for site, session in remembered_list(home) if session)
    for file in [*segment_files(home), *quarantined_segments(home)]:
        place, site = str(file.relative_to(home.root)), part_of(file, "site")
        try:
            for session in sessions_in(home, str(file)):
                yield place, site, session
        except StoreError:
            if file.exists():
                yield place, site, ""
    for file in sorted(home.quarantine.glob("site=*/day=*/batch-*.*")):
        yield str(file.relative_to(home.root)), part_of(file, "site"), batch_fields(file).get("session", "")


def batch_fields(file: Path) -> dict[str, str]:
    """Return session, visitor and epoch of a batch in quarantine, empty where it cannot be read."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {name: str(content[name]) for name in ("session", "visitor", "epoch")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def sessions_of_keys(
    con: sqlite3.Connection, home: Home, visitors: Collection[str], *, site: str | None, ip: str | None = None
) -> tuple[set[tuple[str, str]], int]:
    """Return the sessions that these visitor keys, or this address, have outside the live segments.

    That is the inbox, open sessions, files that are about to go, and quarantine; and how many damaged
    files could not be looked into.
    """
    wanted, found, unsearchable = set(visitors), set[tuple[str, str]](), 0
    for table in ("batches", "sessions_open"):
        rows = con.execute(
            f"SELECT site, session, visitor FROM {table}"  # noqa: S608 - own table names
            " WHERE visitor IS NOT NULL AND (?1 IS NULL OR site = ?1)",
            (site,),
        )
        found |= {(row[0], row[1]) for row in rows if row[2] in wanted}
    if ip is not None:
        kept = "SELECT site, session FROM batches WHERE ip = ?1 AND (?2 IS NULL OR site = ?2)"
        found |= set(con.execute(kept, (ip, site)).fetchall())
    retired = [home.segments / segment.path for segment, is_retired in roster_rows(con) if is_retired]
    for file in [*retired, *quarantined_segments(home)]:
        file_site = part_of(file, "site")
        if site not in (None, file_site):
            continue
        try:
            found |= {(file_site, session) for session in _sessions_of_keys_in(file, wanted)}
        except StoreError:
            unsearchable += file.exists()
    for file in sorted(home.quarantine.glob("site=*/day=*/batch-*.*")):
        about, file_site = batch_fields(file), part_of(file, "site")
        if site in (None, file_site) and about.get("visitor") in wanted:
            found.add((file_site, about["session"]))
    return found, unsearchable


def _sessions_of_keys_in(file: Path, visitors: set[str]) -> set[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(
            file,
            columns=["session", "visitor"],
            read_dictionary=["session", "visitor"],
            page_checksum_verification=True,
            partitioning=None,
        )
        pairs = table.unify_dictionaries().group_by(["session", "visitor"]).aggregate([]).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{file.name} cannot be read: {error}") from error
    return {pair["session"] for pair in pairs if pair["visitor"] in visitors}
