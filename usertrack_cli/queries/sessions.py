"""Sessions: one row each, and the events of a single one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.expressions import PLACE
from usertrack_cli.queries.filters import Filter, conditions, page_matches
from usertrack_cli.queries.friction import JUDGED, USUAL, Field, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Order = Literal["recent", "long", "events", "friction"]

LAST = "\U0010ffff"
"""Sorts behind every character."""
RAGE_WEIGHT = 3
"""A burst of rage clicks tells more than a click that met nothing."""

_SESSIONS = """
WITH per_session AS (
    SELECT site, session,
           epoch_ms(min(occurred_at)) AS started_at,
           epoch_ms(max(occurred_at)) - epoch_ms(min(occurred_at)) AS duration_ms,
           coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
           count(*) FILTER (kind = 'pageview') AS pageviews,
           count(*) FILTER (kind = 'click') AS clicks,
           count(*) AS events,
           arg_min(page, {place}) AS entry_page,
           mode(country) AS country, mode(browser) AS browser, mode(os) AS os, mode(device) AS device,
           list_sort(list(DISTINCT name) FILTER (kind = 'tag')) AS tags,
           count(*) FILTER (kind = 'error') AS errors, coalesce(bool_or(is_bot), FALSE) AS is_bot,
           bool_or(page_matches) AS is_matching
    FROM (SELECT *, {page} AS page_matches FROM events WHERE {where})
    GROUP BY site, session
)
SELECT * EXCLUDE (is_matching) FROM per_session
WHERE is_matching
  AND session NOT IN (SELECT unnest($without))
  AND ($from_ms IS NULL OR started_at >= $from_ms) AND ($to_ms IS NULL OR started_at < $to_ms)
ORDER BY {order}
LIMIT $limit
"""

_FRICTION = """
WITH {judged},
counted AS (
    SELECT session, is_dead,
           -- A burst is counted once, where it begins.
           is_rage AND coalesce(NOT lag(is_rage) OVER before OR at_ms - lag(at_ms) OVER before > $rage_ms, TRUE)
           AS is_burst
    FROM judged
    WINDOW before AS (PARTITION BY session, pageview, is_by_hand ORDER BY seq, idx)
)
SELECT session, count(*) FILTER (is_burst) AS rage, count(*) FILTER (is_dead) AS dead
FROM counted
GROUP BY session
HAVING rage + dead > 0
ORDER BY session
"""

_ORDERS: dict[Order, str] = {
    "recent": "started_at DESC, session",
    "long": "duration_ms DESC, session",
    "events": "events DESC, session",
    # Friction is weighed in a second question; here only the tie is decided.
    "friction": "started_at DESC, session",
}

_EVENTS = """
SELECT site, session, epoch_ms(occurred_at) AS occurred_at, kind, page, pageview, x, y, scroll_x, scroll_y,
       viewport_w, viewport_h, document_w, document_h, container, container_x, container_y,
       selector, element_x, element_y, text, button, flags, reaction_ms, hover_ms,
       value_length, value, active_ms, name, props, layout, title, country, browser, os, device
FROM events WHERE session = $session AND ($site IS NULL OR site = $site)
ORDER BY site, seq, idx
"""

_KNOWN = """
SELECT DISTINCT site, session FROM events
WHERE session IN (SELECT unnest($sessions)) AND ($site IS NULL OR site = $site)
ORDER BY session, site
"""
_PREFIX = """
SELECT DISTINCT site, session FROM events
-- As a range, so that a file or row group that cannot hold it is not read.
WHERE session >= $prefix AND session < $beyond AND ($site IS NULL OR site = $site)
ORDER BY session, site
LIMIT 6
"""

_ONLY = "session IN (SELECT unnest($only))"
_PAGE_ANY = "TRUE"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session in a list; instants and durations in ms.

    Attributes:
        errors: Script errors.
        rage: Bursts of clicks on one spot; ``dead`` clicks that nothing answered.
        tags: Of the page's own script and of those who watched.
    """

    site: str
    session: str
    started_at: int
    duration_ms: int
    active_ms: int
    pageviews: int
    clicks: int
    events: int
    entry_page: str
    country: str | None
    browser: str | None
    os: str | None
    device: str | None
    tags: tuple[str, ...]
    errors: int = 0
    rage: int = 0
    dead: int = 0
    is_watched: bool = False
    is_starred: bool = False
    is_bot: bool = False

    @property
    def friction(self) -> int:
        """What ``--sort friction`` goes by: 3 for a burst of rage clicks, 1 for a dead click or an error."""
        return RAGE_WEIGHT * self.rage + self.dead + self.errors


def sessions(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    *,
    order: Order,
    limit: int,
    without: Sequence[str] = (),
) -> list[SessionRow]:
    """Return whole sessions that started in the range and, where a page is named, showed it.

    Args:
        without: Sessions to leave out.
    """
    where, values = conditions(chosen, without=frozenset({"page", "from_ms", "to_ms"}))
    page = _PAGE_ANY
    if chosen.page is not None:
        page, more = page_matches(chosen, chosen.page)
        values |= more
    sql = _SESSIONS.format(where=where, page=page, place=PLACE, order=_ORDERS[order])
    found = rows_of(
        con,
        sql,
        values
        | {
            "from_ms": chosen.from_ms,
            "to_ms": chosen.to_ms,
            "limit": limit,
            # An empty list has no type that DuckDB could compare; no session has an empty name.
            "without": list(without) or [""],
        },
    )
    return [SessionRow(**(row | {"tags": tuple(row["tags"] or ())})) for row in found]


def friction(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    *,
    only: Sequence[str] | None,
    fields: tuple[Field, ...],
) -> dict[str, tuple[int, int]]:
    """Return rage and dead clicks of the sessions that have any.

    Args:
        only: Sessions to look at; ``None`` looks at all.
        fields: Elements that take input; a click there is never dead.
    """
    where, values = conditions(chosen, without=frozenset({"page", "from_ms", "to_ms"}))
    if only is not None:
        where, values = f"{where} AND {_ONLY}", values | {"only": list(only)}
    sql = _FRICTION.format(judged=JUDGED.format(where=where))
    found = rows_of(con, sql, values | values_of(USUAL, fields=fields))
    return {row["session"]: (row["rage"], row["dead"]) for row in found}


def sessions_by_prefix(
    con: duckdb.DuckDBPyConnection, prefix: str, *, site: str | None
) -> list[tuple[str, str]]:
    """Return at most six ``(site, session)`` whose id starts with ``prefix``."""
    found = rows_of(con, _PREFIX, {"prefix": prefix, "beyond": prefix + LAST, "site": site})
    return [(row["site"], row["session"]) for row in found]


def known_sessions(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], *, site: str | None
) -> dict[str, tuple[str, str]]:
    """Return ``(site, session)`` of those names that are whole ids of sessions of one site."""
    found = rows_of(con, _KNOWN, {"sessions": [*names, ""], "site": site})
    pairs = [(row["site"], row["session"]) for row in found]
    times = Counter(session for _, session in pairs)
    return {session: (of_site, session) for of_site, session in pairs if times[session] == 1}


def session_events(con: duckdb.DuckDBPyConnection, session: str, *, site: str | None) -> list[dict[str, Any]]:
    """Return every event of one session in order, as dicts of column name to value."""
    return rows_of(con, _EVENTS, {"site": site, "session": session})
