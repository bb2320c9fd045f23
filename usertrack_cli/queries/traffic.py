"""Traffic of the last days, each 24 hours up to now: what a broken snippet shows in first."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.clock import DAY_MS
from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions, page_name

WINDOWS = 29
"""The last 24 hours and four weeks before, so that a Sunday is compared with Sundays."""

_PAGES = """
SELECT {name} AS page, (($now_ms - 1 - epoch_ms(occurred_at)) // $day_ms)::INTEGER AS days_ago,
       count(*) AS pageviews
FROM events WHERE {where} AND kind = 'pageview' AND epoch_ms(occurred_at) < $now_ms
GROUP BY ALL
ORDER BY page, days_ago
"""

_EVENTS = """
SELECT (($now_ms - 1 - epoch_ms(occurred_at)) // $day_ms)::INTEGER AS days_ago, count(*) AS events,
       count(*) FILTER (kind = 'pageview') AS pageviews
FROM events
-- Movements are dropped earlier than the rest, and would make every old day look poor.
WHERE {where} AND kind <> 'move' AND epoch_ms(occurred_at) < $now_ms
GROUP BY days_ago
ORDER BY days_ago
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Counts of 24 hours each; the first are the last 24 hours.

    Attributes:
        events: Of every kind but pointer movements.
        pages: Pageviews of each page or group of pages.
    """

    pageviews: tuple[int, ...]
    events: tuple[int, ...]
    pages: dict[str, tuple[int, ...]]


def traffic(con: duckdb.DuckDBPyConnection, chosen: Filter, *, now_ms: int) -> Traffic:
    """Return the counts of the last days; the filter's range must begin ``WINDOWS`` days before ``now_ms``."""
    where, values = conditions(chosen)
    values |= {"now_ms": now_ms, "day_ms": DAY_MS}
    name, more = page_name(chosen)
    pages: dict[str, list[int]] = {}
    for row in rows_of(con, _PAGES.format(where=where, name=name), values | more):
        pages.setdefault(str(row["page"]), [0] * WINDOWS)[row["days_ago"]] = row["pageviews"]
    events, pageviews = [0] * WINDOWS, [0] * WINDOWS
    for row in rows_of(con, _EVENTS.format(where=where), values):
        events[row["days_ago"]], pageviews[row["days_ago"]] = row["events"], row["pageviews"]
    return Traffic(
        pageviews=tuple(pageviews),
        events=tuple(events),
        pages={page: tuple(counts) for page, counts in pages.items()},
    )
