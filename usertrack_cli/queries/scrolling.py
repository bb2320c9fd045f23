"""How far sessions scrolled on a page or inside it, and where the fold was."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from usertrack_cli.queries.events import columns_of, rows_of
from usertrack_cli.queries.expressions import DEPTH_RATIO, PLACE
from usertrack_cli.queries.filters import Filter, conditions

_REACH = """
SELECT max(least(scroll_y + viewport_h, document_h)) AS reach_px, arg_min(viewport_h, {place}) AS fold_px,
       {depth} AS depth_ratio
FROM events
WHERE {where} AND viewport_h > 0 AND document_h > 0
GROUP BY session
ORDER BY session
"""

_BANDS = """
SELECT greatest(scroll_y, 0) AS top_px, scroll_y + viewport_h AS bottom_px, coalesce(active_ms, 0) AS active_ms
FROM events
WHERE {where} AND kind = 'active' AND viewport_h > 0
ORDER BY session, seq, idx
"""

_CONTAINER = """
WITH page AS (
    SELECT session, {depth} AS depth_ratio
    FROM events
    WHERE {where} AND viewport_h > 0 AND document_h > 0
    GROUP BY session
),
moved AS (
    SELECT session, max(least((container_y + container_client_h) / container_scroll_h, 1)) AS depth_ratio,
           max(container_scroll_h) AS scroll_h, max(container_client_h) AS client_h,
           max(container_client_w) AS client_w, count(*) AS events
    FROM events
    WHERE {where} AND kind = 'container_scroll' AND container = $container AND container_scroll_h > 0
      AND container_client_h > 0
    GROUP BY session
),
size AS (
    SELECT median(scroll_h)::INTEGER AS scroll_h, median(client_h)::INTEGER AS client_h,
           median(client_w)::INTEGER AS client_w, sum(events)::INTEGER AS events
    FROM moved
)
SELECT coalesce(moved.depth_ratio, least(size.client_h / size.scroll_h, 1))::DOUBLE AS depth_ratio,
       coalesce(moved.client_h, size.client_h) AS fold_px, size.scroll_h, size.client_h, size.client_w,
       size.events
FROM page LEFT JOIN moved USING (session) CROSS JOIN size
WHERE size.events > 0 AND (moved.session IS NOT NULL OR page.depth_ratio >= $top_ratio)
ORDER BY session
"""

_CONTAINER_BANDS = """
WITH steps AS (
    SELECT session, seq, idx, kind, active_ms, scroll_y, viewport_h,
           coalesce(last_value(CASE WHEN kind = 'container_scroll' THEN container_y END IGNORE NULLS)
                    OVER (PARTITION BY session, pageview ORDER BY seq, idx), 0) AS inner_y
    FROM events
    WHERE {where} AND (kind = 'active' OR kind = 'container_scroll' AND container = $container)
)
SELECT inner_y + greatest(scroll_y - $frame_y, 0) AS top_px,
       inner_y + least(scroll_y + viewport_h - $frame_y, $client_h) AS bottom_px,
       coalesce(active_ms, 0) AS active_ms
FROM steps
WHERE kind = 'active' AND viewport_h > 0
  AND scroll_y + viewport_h > $frame_y AND scroll_y < $frame_y + $client_h
ORDER BY session, seq, idx
"""

_CONTAINERS = """
SELECT container FROM events
WHERE {where} AND kind = 'container_scroll' AND container IS NOT NULL
GROUP BY container
ORDER BY count(*) DESC, container
LIMIT 10
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """One element a session: the furthest it saw of a page.

    Attributes:
        reach_px: Furthest bottom edge of its viewport, document px, never below the page's end.
        fold_px: Height of its first viewport.
        depth_ratio: The furthest bottom edge over the height the page had at that moment, 0 to 1.
    """

    reach_px: NDArray[np.int32]
    fold_px: NDArray[np.int32]
    depth_ratio: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attention:
    """Stretches of active time: which part of the page was in view, and how long."""

    top_px: NDArray[np.int32]
    bottom_px: NDArray[np.int32]
    active_ms: NDArray[np.int32]


def reach(con: duckdb.DuckDBPyConnection, chosen: Filter) -> Reach:
    """Return how far each session scrolled on the page of the filter."""
    where, values = conditions(chosen)
    return Reach(**columns_of(con, _REACH.format(where=where, place=PLACE, depth=DEPTH_RATIO), values))


def attention(con: duckdb.DuckDBPyConnection, chosen: Filter) -> Attention:
    """Return the active time with the part of the page that was in view."""
    where, values = conditions(chosen)
    return Attention(**columns_of(con, _BANDS.format(where=where), values))


@dataclass(frozen=True, slots=True)
class ContainerReach:
    """How far each session saw the content of an inner scroller; all px are of its content.

    Attributes:
        depth_ratio: One a session that came far enough down the page to see it, 0 to 1.
        fold_px: What each of them saw without scrolling.
        events: Scroll positions that were recorded; 0 where nobody scrolled it.
    """

    depth_ratio: NDArray[np.float64]
    fold_px: NDArray[np.int32]
    scroll_h: int
    client_h: int
    client_w: int
    events: int


def container_reach(
    con: duckdb.DuckDBPyConnection, chosen: Filter, container: str, *, top_ratio: float
) -> ContainerReach:
    """Return how far sessions scrolled inside ``container``.

    Args:
        top_ratio: Where on the page it begins, 0 to 1: sessions that did not come that far do not count.
    """
    where, values = conditions(chosen)
    values |= {"container": container, "top_ratio": top_ratio}
    found = columns_of(con, _CONTAINER.format(where=where, depth=DEPTH_RATIO), values)
    size = {
        name: int(found[name][0]) if len(found[name]) else 0
        for name in ("scroll_h", "client_h", "client_w", "events")
    }
    return ContainerReach(depth_ratio=found["depth_ratio"], fold_px=found["fold_px"], **size)


def container_attention(
    con: duckdb.DuckDBPyConnection, chosen: Filter, container: str, *, frame_y: int, client_h: int
) -> Attention:
    """Return the active time with the part of a scroller's content that was in view.

    Args:
        frame_y: Top edge of the scroller on the page, document px.
        client_h: Height of what it shows at a time, px.
    """
    where, values = conditions(chosen)
    values |= {"container": container, "frame_y": frame_y, "client_h": client_h}
    return Attention(**columns_of(con, _CONTAINER_BANDS.format(where=where), values))


def containers(con: duckdb.DuckDBPyConnection, chosen: Filter) -> list[str]:
    """Return the inner scrollers that were scrolled, the most scrolled first, at most ten."""
    where, values = conditions(chosen)
    return [row["container"] for row in rows_of(con, _CONTAINERS.format(where=where), values)]
