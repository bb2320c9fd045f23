"""SQL that the operator types, over named views of the locked connection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from usertrack_cli.errors import UsageError
from usertrack_cli.queries.statement import check, one_line
from usertrack_cli.queries.views import create_views

ROWS_MAX = 10_000_000
"""An answer is held in memory; ten million rows of a few columns are about 2 GB."""

BATCH_ROWS = 100_000

_SCHEMA = """
SELECT table_name AS view, column_name AS name, data_type AS type
FROM duckdb_columns() WHERE table_name NOT IN ('labels', 'hidden', 'bots') AND NOT internal
ORDER BY list_position(['events', 'sessions', 'pageviews', 'clicks'], table_name) NULLS LAST, view, column_index
"""


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a statement, as plain values that JSON knows."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run(con: duckdb.DuckDBPyConnection, statement: str) -> Result:
    """Run one ``SELECT`` over the views.

    Raises:
        UsageError: It is not one ``SELECT``, or DuckDB refuses it; the message is DuckDB's.
    """
    rows: list[tuple[Any, ...]] = []
    with open_reader(con, statement) as reader:
        names = tuple(reader.schema.names)
        for batch in reader:
            rows += zip(
                *([plain(value) for value in column.to_pylist()] for column in batch.columns), strict=True
            )
            if len(rows) > ROWS_MAX:
                raise UsageError(f"the answer has over {ROWS_MAX:,} rows", hint="add a LIMIT, or aggregate")
    return Result(names, rows)


@contextmanager
def open_reader(con: duckdb.DuckDBPyConnection, statement: str) -> Iterator[Any]:
    """Give an Arrow reader over the rows of one ``SELECT``.

    Raises:
        UsageError: It is not one ``SELECT``, or DuckDB refuses it, then or while it is read.
    """
    check(con, statement)
    create_views(con)
    try:
        # Through Arrow: fetching instants as Python objects would need a package of time zones.
        yield con.sql(statement).to_arrow_reader(BATCH_ROWS)
    except duckdb.IOException:
        raise  # a segment was swapped away: the caller asks again
    except duckdb.Error as error:
        raise UsageError(one_line(error), hint="list the views with: usertrack sql --schema") from error


def schema(con: duckdb.DuckDBPyConnection) -> Result:
    """Return every view's columns and their types."""
    create_views(con)
    return Result(("view", "name", "type"), con.execute(_SCHEMA).fetchall())


def plain(value: Any) -> Any:
    """Return a value as JSON writes it: instants as ISO 8601, NaN as ``None``."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return _plain_other(value)


def _plain_other(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if hasattr(value, "nanoseconds"):  # an interval of Arrow: months, days, nanoseconds
        return f"{value.months} months {value.days} days {value.nanoseconds / 1e9:g} s"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(each) for each in value]
    return value.hex() if isinstance(value, bytes | bytearray) else str(value)
