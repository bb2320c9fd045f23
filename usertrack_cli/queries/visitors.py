"""Which sessions belong to a visitor, and which sessions retention has to let go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import rows_of

_MATCHES = """
WITH matching AS (
    SELECT DISTINCT site, session FROM events
    WHERE visitor IN (SELECT unnest($visitors)) AND ($site IS NULL OR site = $site)
)
SELECT e.site, e.session, epoch_ms(min(e.occurred_at)) AS started_at, epoch_ms(max(e.occurred_at)) AS ended_at,
       count(*) AS events, count(*) FILTER (e.kind = 'pageview') AS pageviews, mode(e.country) AS country,
       mode(e.browser) AS browser, mode(e.os) AS os, max(e.screen_w) AS screen_w, max(e.screen_h) AS screen_h,
       list_sort(list(DISTINCT e.visitor)) AS visitors
FROM events e SEMI JOIN matching m ON m.site = e.site AND m.session = e.session
GROUP BY e.site, e.session
ORDER BY e.site, started_at, e.session
"""

_ENDS = """
SELECT session, epoch_ms(max(occurred_at)) AS ended_at, count(*) AS events,
       coalesce(bool_or(is_bot), false) AS is_bot
FROM events WHERE site = $site AND source = $source
GROUP BY session
ORDER BY ended_at, session
"""


@dataclass(frozen=True, slots=True)
class VisitorSession:
    """A session that a visitor had a part in; instants in ms, UTC."""

    site: str
    session: str
    started_at: int
    ended_at: int
    events: int
    pageviews: int
    country: str | None
    browser: str | None
    os: str | None
    screen_w: int | None
    screen_h: int | None
    visitors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """When a session was last heard of."""

    session: str
    ended_at: int
    events: int
    is_bot: bool = False


def sessions_of_visitors(
    con: duckdb.DuckDBPyConnection, visitors: Sequence[str], *, site: str | None
) -> list[VisitorSession]:
    """Return every session that holds a row of one of these visitor keys."""
    found = rows_of(con, _MATCHES, {"visitors": list(visitors), "site": site})
    return [VisitorSession(**(row | {"visitors": tuple(row["visitors"])})) for row in found]


def session_ends(con: duckdb.DuckDBPyConnection, *, site: str, source: str) -> list[SessionEnd]:
    """Return every session of a site, the one silent for longest first."""
    return [SessionEnd(**row) for row in rows_of(con, _ENDS, {"site": site, "source": source})]
