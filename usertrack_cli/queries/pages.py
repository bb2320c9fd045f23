"""What is known about pages: which were seen, and with which layouts."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions, page_name

_PAGES = """
SELECT {name} AS page, count(DISTINCT session) AS sessions, count(*) FILTER (kind = 'pageview') AS pageviews,
       count(*) FILTER (kind = 'click') AS clicks
FROM events WHERE {where}
GROUP BY ALL
ORDER BY sessions DESC, page
"""

# A layout is one row in thousands: looked for before every other condition, they are found in half the time.
_LAYOUTS = """
WITH shown AS MATERIALIZED (SELECT * FROM events WHERE kind = 'layout')
SELECT page, layout, count(DISTINCT session) AS sessions, epoch_ms(min(occurred_at)) AS first_at,
       epoch_ms(max(occurred_at)) AS last_at, mode(document_w) AS document_w
FROM shown WHERE {where}
GROUP BY page, layout
ORDER BY sessions DESC, last_at DESC, layout
"""


@dataclass(frozen=True, slots=True)
class PageCount:
    """How often one page was seen."""

    page: str
    sessions: int
    pageviews: int
    clicks: int


@dataclass(frozen=True, slots=True)
class LayoutSeen:
    """How often one layout was shown; instants in ms, UTC."""

    page: str
    layout: str
    sessions: int
    first_at: int
    last_at: int
    document_w: int


def pages(con: duckdb.DuckDBPyConnection, chosen: Filter) -> list[PageCount]:
    """Return every page in the range, a group as one, the most seen first."""
    where, values = conditions(chosen)
    name, more = page_name(chosen)
    return [PageCount(**row) for row in rows_of(con, _PAGES.format(where=where, name=name), values | more)]


def layouts_seen(con: duckdb.DuckDBPyConnection, chosen: Filter) -> list[LayoutSeen]:
    """Return the layouts that were shown, the one with most sessions first."""
    where, values = conditions(chosen)
    return [LayoutSeen(**row) for row in rows_of(con, _LAYOUTS.format(where=where), values)]
