"""Which sessions belong to a visitor, and which sessions retention has to let go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import EVERY_SOURCE, Filter, conditions

ANYTHING = Filter(includes_bots=True)

_KEYS = """
SELECT DISTINCT visitor FROM events WHERE $site IS NULL OR site = $site ORDER BY visitor
"""
_OF_VISITOR = """
(SELECT DISTINCT site, session FROM events
 WHERE (visitor IN (SELECT unnest($visitors)) OR ip = $ip) AND ($site IS NULL OR site = $site))
"""
_NAMED = """
(SELECT DISTINCT site, session FROM events
 WHERE session IN (SELECT unnest($ids)) AND ($site IS NULL OR site = $site))
"""
_EVERYBODY = "(SELECT DISTINCT site, session FROM events)"
_MATCHES = """
SELECT e.site, e.session, epoch_ms(min(e.occurred_at)) AS started_at, epoch_ms(max(e.occurred_at)) AS ended_at,
       count(*) AS events, count(*) FILTER (e.kind = 'pageview') AS pageviews, mode(e.country) AS country,
       mode(e.browser) AS browser, mode(e.os) AS os, max(e.screen_w) AS screen_w, max(e.screen_h) AS screen_h,
       list_sort(list(DISTINCT e.visitor)) AS visitors
FROM (SELECT *, {where} AS is_meant FROM events) e
SEMI JOIN {who} m ON m.site = e.site AND m.session = e.session
GROUP BY e.site, e.session
HAVING bool_or(e.is_meant)
   AND ($from_ms IS NULL OR started_at >= $from_ms) AND ($to_ms IS NULL OR started_at < $to_ms)
   AND ($before_ms IS NULL OR ended_at < $before_ms)
   AND ($os IS NULL OR lower(mode(e.os)) = lower($os))
   AND ($family IS NULL OR lower(mode(e.browser)) = lower($family))
ORDER BY e.site, started_at, e.session
"""

_ENDS = """
SELECT session, epoch_ms(max(occurred_at)) AS ended_at, count(*) AS events,
       coalesce(bool_or(is_bot), false) AS is_bot, min(source) AS source
FROM events WHERE site = $site
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
    source: str = "tracker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which sessions are meant; ``None`` leaves a matter open.

    Attributes:
        chosen: The shared filters; a session is meant that began in their range and has a row they fit.
            Families of browsers and systems are compared without regard to case.
        before_ms: Instant before which it had ended.
    """

    chosen: Filter = ANYTHING
    os: str | None = None
    before_ms: int | None = None


def sessions_of_visitors(
    con: duckdb.DuckDBPyConnection,
    visitors: Collection[str],
    *,
    site: str | None,
    ip: str | None = None,
    narrowing: Narrowing | None = None,
) -> list[VisitorSession]:
    """Return every session, whole, that holds a row of one of these visitor keys.

    Args:
        ip: Address of the rows that have one, in canonical form.
        narrowing: Leaves out some of them.
    """
    wanted = set(visitors)
    hits = [row["visitor"] for row in rows_of(con, _KEYS, {"site": site}) if row["visitor"] in wanted]
    values = {"visitors": hits or [""], "ip": ip, "site": site}
    return _sessions(con, _OF_VISITOR, narrowing or Narrowing(), values)


def sessions_meant(con: duckdb.DuckDBPyConnection, narrowing: Narrowing) -> list[VisitorSession]:
    """Return every session, whole, that a filter means."""
    return _sessions(con, _EVERYBODY, narrowing, {})


def sessions_named(
    con: duckdb.DuckDBPyConnection, ids: Collection[str], *, site: str | None
) -> list[VisitorSession]:
    """Return the sessions with these whole ids."""
    return _sessions(con, _NAMED, Narrowing(), {"ids": sorted(ids) or [""], "site": site})


def _sessions(
    con: duckdb.DuckDBPyConnection, who: str, narrowing: Narrowing, values: dict[str, Any]
) -> list[VisitorSession]:
    # A visitor is erased from every source unless one was named: logs hold them as recordings do.
    chosen = replace(narrowing.chosen, source=narrowing.chosen.source or EVERY_SOURCE)
    where, bound = conditions(chosen, without=frozenset({"from_ms", "to_ms", "browser"}))
    more = {
        "from_ms": chosen.from_ms,
        "to_ms": chosen.to_ms,
        "before_ms": narrowing.before_ms,
        "os": narrowing.os,
        "family": chosen.browser,
    }
    found = rows_of(con, _MATCHES.format(where=where, who=who), bound | values | more)
    return [VisitorSession(**(row | {"visitors": tuple(row["visitors"])})) for row in found]


def session_ends(con: duckdb.DuckDBPyConnection, *, site: str) -> list[SessionEnd]:
    """Return every session of a site, the one silent for longest first."""
    return [SessionEnd(**row) for row in rows_of(con, _ENDS, {"site": site})]
