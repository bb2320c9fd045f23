"""The ledger behind a click heatmap: one row an element."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from usertrack_cli.queries.events import columns_of, rows_of
from usertrack_cli.queries.expressions import DEPTH_RATIO
from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.queries.friction import JUDGED, USUAL, Field, Thresholds, values_of
from usertrack_cli.queries.overview import bot_sessions

_ELEMENTS = """
WITH {judged}
SELECT coalesce(selector, '') AS selector, coalesce(mode(text), '') AS text, count(*) AS clicks,
       count(DISTINCT session) AS sessions, count(*) FILTER (is_first) AS first_clicks,
       count(*) FILTER (is_rage) AS rage_clicks, count(*) FILTER (is_dead) AS dead_clicks,
       median(reaction_ms) FILTER (reaction_ms >= 0) AS reaction_ms,
       median(hover_ms) FILTER (hover_ms >= 0) AS hesitation_ms
FROM judged
GROUP BY coalesce(selector, '')
ORDER BY clicks DESC, selector
"""

_BANDS = """
SELECT coalesce(selector, '') AS selector, coalesce(width_class, '') AS width_class,
       -- What is fixed is in view wherever the page is.
       CASE WHEN bool_or(coalesce(flags, 0) & 1 = 1) THEN 0 ELSE median(y / document_h) END::DOUBLE
       AS depth_ratio
FROM events
WHERE {where} AND kind = 'click' AND document_h > 0 AND y IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
"""

_DEPTHS = """
SELECT coalesce(width_class, '') AS width_class, {depth} AS depth_ratio
FROM events
WHERE {where} AND viewport_h > 0 AND document_h > 0
GROUP BY session, width_class
ORDER BY width_class, depth_ratio
"""

_PAGE = """
SELECT count(DISTINCT session) AS sessions,
       count(DISTINCT (session, pageview)) FILTER (kind = 'click') AS clicked_pageviews
FROM events WHERE {where}
"""


@dataclass(frozen=True, slots=True)
class Element:
    """What happened on one element of a page.

    Attributes:
        selector: Empty for clicks whose target had no name.
        sessions: That clicked it at least once.
        first_clicks: Pageviews whose first click it was.
        reaction_ms: Median of the measured ones; ``None`` where none was.
        hesitation_ms: Median time from the pointer entering it to the click.
        seen_sessions: Sessions that had the height of the page in view where it was clicked.
    """

    selector: str
    text: str
    clicks: int
    sessions: int
    first_clicks: int
    rage_clicks: int
    dead_clicks: int
    reaction_ms: float | None
    hesitation_ms: float | None
    seen_sessions: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every element of a page that was clicked, the most clicked first.

    Attributes:
        sessions: All sessions of the page, with and without clicks.
        clicked_pageviews: Pageviews with at least one click: what first clicks are a share of.
        bots: Sessions of bots on the page, counted in the figures only where the filter includes them.
    """

    sessions: int
    clicked_pageviews: int
    elements: tuple[Element, ...]
    bots: int


def ledger(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    *,
    thresholds: Thresholds = USUAL,
    fields: tuple[Field, ...] = (),
) -> Ledger:
    """Return the elements of the page that were clicked.

    Args:
        fields: Elements that take input; a click there is never dead.
    """
    where, values = conditions(chosen)
    totals = rows_of(con, _PAGE.format(where=where), values)[0]
    seen = _seen_sessions(con, chosen)
    rows = rows_of(
        con,
        _ELEMENTS.format(judged=JUDGED.format(where=where)),
        values | values_of(thresholds, fields=fields),
    )
    elements = tuple(
        # Who clicked it saw it, whatever the measured depth says.
        Element(**row, seen_sessions=max(seen.get(row["selector"], 0), row["sessions"]))
        for row in rows
    )
    return Ledger(totals["sessions"], totals["clicked_pageviews"], elements, bot_sessions(con, chosen))


def _seen_sessions(con: duckdb.DuckDBPyConnection, chosen: Filter) -> dict[str, int]:
    """Return, for each selector, how many sessions saw the height at which it was clicked.

    Heights are shares of the page within a width class, since an element stands elsewhere in each.
    """
    where, values = conditions(chosen)
    depths = columns_of(con, _DEPTHS.format(where=where, depth=DEPTH_RATIO), values)
    of_class: dict[str, NDArray[np.float64]] = {
        name: np.sort(depths["depth_ratio"][depths["width_class"] == name])
        for name in set(depths["width_class"].tolist())
    }
    seen: dict[str, int] = {}
    for row in rows_of(con, _BANDS.format(where=where), values):
        reached = of_class.get(row["width_class"], np.empty(0))
        count = len(reached) - int(np.searchsorted(reached, row["depth_ratio"], side="left"))
        seen[row["selector"]] = seen.get(row["selector"], 0) + count
    return seen
