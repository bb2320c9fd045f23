"""What is known about pages: which were seen, at which widths, with which layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

_WIDTHS = """
WITH seen AS (
    -- Pointer samples are nine rows in ten and say nothing new about sizes: medians leave them out.
    SELECT *, list_contains($kinds, kind) AS is_asked, kind <> 'move' AS is_size
    FROM events WHERE {where} AND viewport_w > 0
)
-- Hashes are counted twice as fast as session ids; of a million, two agree in one store of ten million.
SELECT width_class, count(DISTINCT hash(session)) FILTER (is_asked) AS sessions,
       count(*) FILTER (is_asked) AS events, count(DISTINCT hash(session)) AS sessions_all,
       min(viewport_w) FILTER (is_asked) AS viewport_min, max(viewport_w) FILTER (is_asked) AS viewport_max,
       coalesce(median(document_w) FILTER (is_size), any_value(document_w))::INTEGER AS document_w,
       coalesce(quantile_cont(document_h, 0.9) FILTER (is_size), any_value(document_h))::INTEGER AS document_h
FROM seen
GROUP BY width_class
HAVING count(*) FILTER (is_asked) > 0
ORDER BY sessions DESC, events DESC, width_class
"""

_LAYOUTS = """
SELECT page, layout, count(DISTINCT session) AS sessions, epoch_ms(min(occurred_at)) AS first_at,
       epoch_ms(max(occurred_at)) AS last_at, mode(document_w) AS document_w
FROM events WHERE {where} AND kind = 'layout'
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
class WidthCount:
    """How one width class saw a page; sizes in px, ``document_h`` its 90th percentile.

    Attributes:
        sessions: With events of the kinds that were asked for; ``events`` are those.
        sessions_all: With or without them.
    """

    width_class: str
    sessions: int
    events: int
    sessions_all: int
    viewport_min: int
    viewport_max: int
    document_w: int
    document_h: int


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


def widths(con: duckdb.DuckDBPyConnection, chosen: Filter, kinds: tuple[str, ...]) -> list[WidthCount]:
    """Return the width classes that have events of ``kinds``, the one with most sessions first."""
    return [WidthCount(**row) for row in _ask(con, _WIDTHS, chosen, {"kinds": list(kinds)})]


def layouts_seen(con: duckdb.DuckDBPyConnection, chosen: Filter) -> list[LayoutSeen]:
    """Return the layouts that were shown, the one with most sessions first."""
    return [LayoutSeen(**row) for row in _ask(con, _LAYOUTS, chosen, {})]


def _ask(
    con: duckdb.DuckDBPyConnection, sql: str, chosen: Filter, more: dict[str, Any]
) -> list[dict[str, Any]]:
    where, values = conditions(chosen)
    return rows_of(con, sql.format(where=where), values | more)
