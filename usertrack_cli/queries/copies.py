"""A copy of single sessions: every column of every row, for the person they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.store.schema import EVENT_COLUMNS

_SELECTED = ", ".join(
    f'strftime(e."{column.name}", \'%Y-%m-%dT%H:%M:%S.%gZ\') AS "{column.name}"'
    if column.type == "timestamp"
    else f'e."{column.name}"'
    for column in EVENT_COLUMNS
)
_ROWS = f"""
SELECT {_SELECTED}
FROM events e SEMI JOIN (SELECT unnest($sites) AS site, unnest($sessions) AS session) w
    ON w.site = e.site AND w.session = e.session
ORDER BY e.site, e.session, e.seq, e.idx
"""  # noqa: S608 - own names


def copied_rows(con: duckdb.DuckDBPyConnection, sessions: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return every row of these ``(site, session)`` with every column, in order."""
    values = {"sites": [site for site, _ in sessions], "sessions": [session for _, session in sessions]}
    return rows_of(con, _ROWS, values)
