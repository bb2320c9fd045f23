"""The one place that decides what may be read: DuckDB over the exact live segments, locked down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from usertrack_cli import clock
from usertrack_cli.errors import StoreError
from usertrack_cli.queries.attached import attach
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.tags import apply_rules
from usertrack_cli.store import omissions
from usertrack_cli.store.home import Home
from usertrack_cli.store.schema import EVENT_COLUMNS
from usertrack_cli.store.snapshot import Snapshot, snapshot
from usertrack_cli.store.workspace import workspace

Answer = TypeVar("Answer")

ATTEMPTS_MAX = 5
"""A swap of segments during a question is rare; five in a row mean that something else is wrong."""
PAUSE_S = 0.05
MEMORY_LIMIT = "2GB"

_SQL_TYPES = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "bool": "BOOLEAN",
    "float32": "FLOAT",
    "timestamp": "TIMESTAMPTZ",
}
_FILES_VIEW = """
CREATE TEMP VIEW events AS
SELECT e.* FROM read_parquet(getvariable('segment_files'), hive_partitioning = false) e
"""
_HIDDEN = """
ANTI JOIN hidden h ON h.site = e.site AND h.session = e.session
"""
_BOTS_VIEW = "CREATE TEMP VIEW bots AS SELECT DISTINCT session FROM events WHERE is_bot"
_BOTS_FOUND = """
DROP VIEW bots;
CREATE TEMP TABLE bots AS SELECT DISTINCT session FROM events WHERE is_bot
"""
_EMPTY_TABLE = (
    "CREATE TEMP TABLE events ("
    + ", ".join(f'"{column.name}" {_SQL_TYPES[column.type]}' for column in EVENT_COLUMNS)
    + ")"
)


def ask(
    home: Home,
    chosen: Filter,
    question: Callable[[duckdb.DuckDBPyConnection], Answer],
    *,
    session: str | None = None,
    shows_hidden: bool = False,
    takes_in: bool = True,
    needs_tags: bool = False,
    needs_bots: bool = False,
    attached: Mapping[str, Path] | None = None,
) -> Answer:
    """Answer ``question`` from one consistent snapshot.

    A reader whose file was swapped away by compaction meanwhile takes the newest list and starts
    again; an answer is therefore made of one list of segments and never of a mixture.

    Args:
        chosen: Its site and range choose the segments; its other conditions are the question's.
        session: The beginning of an id, where the question is about such sessions alone.
        needs_tags: Puts the tags of the filter's rules on their sessions first; a filter by tag does too.
        needs_bots: Looks the sessions of bots up first, once, for a question that leaves them out repeatedly.
        attached: CSV files that become tables beside the views.
        takes_in: False leaves what waits in the inbox to the caller, who waits for nobody.
        shows_hidden: True only for erasure and access, which must find restricted sessions too.

    Raises:
        StoreError: The store is missing or damaged, or kept changing.
        UsageError: A rule for tags that was needed cannot be judged.
    """
    rules = [rule for rule in chosen.rules if needs_tags or rule.name == chosen.tag]
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            clock.pause_s(PAUSE_S * 2**attempt)
        taken = snapshot(
            home,
            site=chosen.site,
            from_ms=chosen.from_ms,
            to_ms=chosen.to_ms,
            session=session,
            takes_in=takes_in,
        )
        if shows_hidden:
            taken = replace(taken, hidden=frozenset())
        try:
            with connection(taken, attached or {}) as con:
                if needs_bots and not chosen.includes_bots:
                    find_bots(con)
                apply_rules(con, rules, site=chosen.site)
                answer = question(con)
            omissions.record(taken.left_out())
            return answer
        except (duckdb.IOException, duckdb.PermissionException) as error:
            # A file that was gone before the list was locked is one that may not be opened.
            if all(Path(file).exists() for file in taken.files):
                if isinstance(error, duckdb.PermissionException):
                    raise
                raise StoreError(
                    f"the segments cannot be read: {error}", hint="look with: usertrack doctor"
                ) from error
    raise StoreError("the store kept changing while it was read", hint="try again")


@contextmanager
def connection(
    taken: Snapshot, attached: Mapping[str, Path] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB over the snapshot's files and nothing else, with the view ``events``.

    The connection can read no other file, no network, and its configuration is locked, since
    data files and operators' SQL both reach it.
    """
    with workspace(taken.home) as folder, duckdb.connect(":memory:") as con:
        con.execute("SET temp_directory = ?", [str(folder)])
        con.execute("SET memory_limit = ?", [MEMORY_LIMIT])
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")
        # A segment never changes: what its footer says is read once a connection and not once a query.
        con.execute("SET parquet_metadata_cache = true")
        attach(con, attached or {})
        con.execute("SET allowed_paths = ?", [taken.files])
        con.execute("SET VARIABLE segment_files = ?::VARCHAR[]", [taken.files])
        if taken.segments:
            # For the conditions of a range: one that holds for every row is not looked at.
            con.execute("SET VARIABLE first_at = ?", [min(segment.first_at for segment in taken.segments)])
            con.execute("SET VARIABLE last_at = ?", [max(segment.last_at for segment in taken.segments)])
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        if not taken.files:
            con.execute(_EMPTY_TABLE)
        elif not taken.hidden:
            con.execute(_FILES_VIEW)
        else:
            con.execute("CREATE TEMP TABLE hidden (site VARCHAR, session VARCHAR)")
            con.executemany("INSERT INTO hidden VALUES (?, ?)", sorted(taken.hidden))
            con.execute(_FILES_VIEW + _HIDDEN)
        con.execute(_BOTS_VIEW)
        con.execute("CREATE TEMP TABLE labels (site VARCHAR, session VARCHAR, tag VARCHAR)")
        if taken.labels:
            con.executemany("INSERT INTO labels VALUES (?, ?, ?)", taken.labels)
        yield con


def find_bots(con: duckdb.DuckDBPyConnection) -> None:
    """Look the sessions of bots up, once a connection; until then each use of them reads the segments."""
    con.execute(_BOTS_FOUND)


def columns_of(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the result as one NumPy array a column; NULLs of integers come masked."""
    return con.execute(sql, values).fetchnumpy()


def rows_of(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the result as one dict a row."""
    result = con.execute(sql, values)
    names = [about[0] for about in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
