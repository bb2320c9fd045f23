"""Quick backs: a page left for another and come back to at once, and the click that led there."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions, page_matches

_QUICK_BACKS = """
WITH steps AS (
    SELECT session, pageview, page, kind, value, seq, idx, epoch_ms(occurred_at) AS at_ms,
           lead(epoch_ms(occurred_at)) OVER (PARTITION BY session ORDER BY seq, idx) AS until_ms,
           last_value(CASE WHEN kind = 'visibility' THEN value END IGNORE NULLS)
               OVER (PARTITION BY session, pageview ORDER BY seq, idx) AS visible
    FROM events
    WHERE {where} AND kind IN ('pageview', 'visibility', 'leave')
),
seen AS (
    SELECT session, pageview, any_value(page) AS page, min(at_ms) AS shown_at,
           -- Hidden, or left and not shown again: no time in view.
           sum(CASE WHEN kind = 'leave' OR visible = '0' THEN 0 ELSE coalesce(until_ms - at_ms, 0) END)
           AS visible_ms
    FROM steps
    GROUP BY session, pageview
),
routes AS (
    SELECT *, lag(page) OVER route AS came_from, lead(page) OVER route AS went_to,
           lag(pageview) OVER route AS left_pageview
    FROM seen
    WINDOW route AS (PARTITION BY session ORDER BY pageview)
),
backs AS (
    SELECT * FROM routes
    WHERE came_from = went_to AND page <> came_from AND visible_ms < $quick_back_ms AND {from_page}
),
causes AS (
    SELECT session, pageview, arg_max(selector, (seq, idx)) AS selector
    FROM events
    WHERE {where} AND kind = 'click'
    GROUP BY session, pageview
)
SELECT backs.session, backs.came_from AS page, backs.page AS left_for, backs.visible_ms::BIGINT AS visible_ms,
       causes.selector
FROM backs LEFT JOIN causes ON causes.session = backs.session AND causes.pageview = backs.left_pageview
ORDER BY backs.session, backs.pageview
"""


@dataclass(frozen=True, slots=True)
class QuickBack:
    """One quick back.

    Attributes:
        page: Where it began and ended.
        left_for: The page in between.
        visible_ms: How long that was in view.
        selector: What was clicked last before, ``None`` where nothing was.
    """

    session: str
    page: str
    left_for: str
    visible_ms: int
    selector: str | None


def quick_backs(con: duckdb.DuckDBPyConnection, chosen: Filter, *, quick_back_ms: int) -> list[QuickBack]:
    """Return every A, B, A whose B was in view for less than ``quick_back_ms``.

    Args:
        chosen: Its page, where it has one, is A.
    """
    # A turn of the page is not on the page; the width may change with it.
    where, values = conditions(chosen, without=frozenset({"page"}))
    from_page = "TRUE"
    if chosen.page is not None:
        from_page, more = page_matches(chosen, chosen.page, column="came_from")
        values |= more
    sql = _QUICK_BACKS.format(where=where, from_page=from_page)
    return [QuickBack(**row) for row in rows_of(con, sql, values | {"quick_back_ms": quick_back_ms})]
