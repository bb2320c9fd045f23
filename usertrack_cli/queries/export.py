"""Rows that leave the store: a whole view within the shared filters, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.queries.sql import BATCH_ROWS
from usertrack_cli.queries.views import create_views

_ROWS = {
    "events": "SELECT * FROM events WHERE {where} ORDER BY site, session, seq, idx",
    "pageviews": "SELECT * FROM pageviews WHERE {where} ORDER BY site, session, occurred_at, pageview",
    "clicks": "SELECT * FROM clicks WHERE {where} ORDER BY site, session, occurred_at, x, y",
    "sessions": """
SELECT s.* FROM sessions s
SEMI JOIN (SELECT site, session FROM events WHERE {where}) k ON k.site = s.site AND k.session = s.session
ORDER BY s.site, s.started_at, s.session
""",
}
VIEWS = tuple(_ROWS)
_SESSIONS = "SELECT DISTINCT site, session FROM events WHERE {where} ORDER BY site, session"


def reader(con: duckdb.DuckDBPyConnection, chosen: Filter, view: str) -> Any:
    """Return an Arrow reader over the rows of a view; sessions come whole if an event of theirs is chosen."""
    create_views(con)
    where, values = conditions(chosen)
    return con.sql(_ROWS[view].format(where=where), params=values).to_arrow_reader(BATCH_ROWS)


def sessions_in(con: duckdb.DuckDBPyConnection, chosen: Filter) -> Iterator[tuple[str, str]]:
    """Yield ``(site, session)`` of every session that the filter has events of."""
    where, values = conditions(chosen)
    result = con.execute(_SESSIONS.format(where=where), values)
    while rows := result.fetchmany(BATCH_ROWS):
        yield from rows
