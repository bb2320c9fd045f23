"""SQL that the operator types, over named views of the locked connection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from usertrack_cli.errors import UsageError

ROWS_MAX = 10_000_000
"""An answer is held in memory; ten million rows of a few columns are about 2 GB."""

_BATCH_ROWS = 100_000

VIEWS = {
    "sessions": """
CREATE TEMP VIEW sessions AS
SELECT site, session, source, min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
       epoch_ms(max(occurred_at)) - epoch_ms(min(occurred_at)) AS duration_ms,
       coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
       count(*) FILTER (kind = 'pageview') AS pageviews, count(*) FILTER (kind = 'click') AS clicks,
       count(*) AS events, arg_min(page, (seq, idx)) AS entry_page, arg_max(page, (seq, idx)) AS exit_page,
       list(page ORDER BY seq, idx) FILTER (kind = 'pageview') AS route,
       list_sort(list(DISTINCT name) FILTER (kind = 'tag')) AS tags,
       list_sort(list(DISTINCT name) FILTER (kind = 'custom')) AS custom_events,
       any_value(referrer) AS referrer, any_value(utm_source) AS utm_source,
       any_value(utm_medium) AS utm_medium, any_value(utm_campaign) AS utm_campaign,
       mode(country) AS country, mode(browser) AS browser, mode(os) AS os, mode(device) AS device,
       mode(width_class) AS width_class, mode(language) AS language,
       max(screen_w) AS screen_w, max(screen_h) AS screen_h,
       least(max((scroll_y + viewport_h) / nullif(document_h, 0)), 1)::DOUBLE AS scroll_depth_ratio,
       mode(visitor) AS visitor, coalesce(bool_or(is_bot), false) AS is_bot
FROM events
GROUP BY site, session, source
""",
    "pageviews": """
CREATE TEMP VIEW pageviews AS
SELECT site, session, pageview, page, title, occurred_at, name AS how, referrer, url_query, utm_source,
       utm_medium, utm_campaign, utm_term, utm_content, viewport_w, viewport_h, document_w, document_h,
       country, browser, os, device, width_class, coalesce(is_bot, false) AS is_bot
FROM events WHERE kind = 'pageview'
""",
    "clicks": """
CREATE TEMP VIEW clicks AS
SELECT site, session, pageview, page, occurred_at, x, y, selector, text, element_x, element_y, button, flags,
       reaction_ms, hover_ms, container, viewport_w, document_w, country, browser, os, device, width_class,
       coalesce(is_bot, false) AS is_bot
FROM events WHERE kind = 'click'
""",
}
"""Views beside ``events``, which is the raw table; sessions of bots are marked, not left out."""

_SCHEMA = """
SELECT table_name AS view, column_name AS name, data_type AS type
FROM duckdb_columns() WHERE table_name IN ('events', 'sessions', 'pageviews', 'clicks') AND NOT internal
ORDER BY list_position(['events', 'sessions', 'pageviews', 'clicks'], table_name), column_index
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
    _refuse_other_than_select(con, statement)
    for view in VIEWS.values():
        con.execute(view)
    rows: list[tuple[Any, ...]] = []
    try:
        # Through Arrow: fetching instants as Python objects would need a package of time zones.
        reader = con.sql(statement).to_arrow_reader(_BATCH_ROWS)
        names = tuple(reader.schema.names)
        for batch in reader:
            rows += zip(
                *([plain(value) for value in column.to_pylist()] for column in batch.columns), strict=True
            )
            if len(rows) > ROWS_MAX:
                raise UsageError(f"the answer has over {ROWS_MAX:,} rows", hint="add a LIMIT, or aggregate")
    except duckdb.IOException:
        raise  # a segment was swapped away: the caller asks again
    except duckdb.Error as error:
        raise UsageError(_one_line(error), hint="list the views with: usertrack sql --schema") from error
    return Result(names, rows)


def schema(con: duckdb.DuckDBPyConnection) -> Result:
    """Return every view's columns and their types."""
    for view in VIEWS.values():
        con.execute(view)
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


def _refuse_other_than_select(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    try:
        found = con.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(_one_line(error), hint="see: usertrack sql --help") from error
    if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
        raise UsageError("exactly one SELECT is needed", hint="the store can be read this way, never changed")


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())
    return text.removesuffix(".")
