"""What is stored of access logs already: the rows from an instant on, and the sessions that may go on."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import columns_of, rows_of

_ROWS = """
SELECT visitor, epoch_ms(occurred_at) AS at_ms, page FROM events
WHERE site = $site AND source = 'log' AND occurred_at >= make_timestamptz($from_ms * 1000)
ORDER BY ALL
"""
_SESSIONS = """
SELECT session, arg_max(visitor, seq) AS visitor, any_value(epoch) AS epoch,
       epoch_ms(min(occurred_at)) AS started_at, epoch_ms(max(occurred_at)) AS last_at,
       max(pageview) AS pageviews
FROM events WHERE site = $site AND source = 'log'
GROUP BY session
HAVING max(occurred_at) >= make_timestamptz($from_ms * 1000)
ORDER BY last_at, session
"""


@dataclass(frozen=True, slots=True)
class LoggedSession:
    """The end of a session that came from a log; instants in ms, UTC."""

    session: str
    visitor: str
    epoch: int
    started_at: int
    last_at: int
    pageviews: int


def logged_rows(con: duckdb.DuckDBPyConnection, *, site: str, from_ms: int) -> list[tuple[str, int, str]]:
    """Return visitor, instant and page of every pageview of a log from ``from_ms`` on."""
    found = columns_of(con, _ROWS, {"site": site, "from_ms": from_ms})
    return list(zip(found["visitor"].tolist(), found["at_ms"].tolist(), found["page"].tolist(), strict=True))


def logged_sessions(con: duckdb.DuckDBPyConnection, *, site: str, from_ms: int) -> list[LoggedSession]:
    """Return the sessions from logs whose last pageview was at ``from_ms`` or later, the newest last."""
    return [LoggedSession(**row) for row in rows_of(con, _SESSIONS, {"site": site, "from_ms": from_ms})]
