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
_OF_KEYS = """
SELECT DISTINCT site, session FROM events
WHERE visitor IN (SELECT unnest($visitors)) AND ($site IS NULL OR site = $site)
"""
_OF_ADDRESS = """
SELECT DISTINCT site, session FROM events WHERE ip = $ip AND ($site IS NULL OR site = $site)
"""
_NAMED = """
SELECT DISTINCT site, session FROM events
WHERE session IN (SELECT unnest($ids)) AND ($site IS NULL OR site = $site)
"""
_EVERYBODY = "(SELECT DISTINCT site, session FROM events)"
_THESE = "(SELECT unnest($sites) AS site, unnest($sessions) AS session)"
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
    # One look by key and one by address: an OR of the two would be asked of every row.
    places = _places(con, _OF_KEYS, {"visitors": hits, "site": site}) if hits else set()
    if ip is not None:
        places |= _places(con, _OF_ADDRESS, {"ip": ip, "site": site})
    return _sessions(con, places, narrowing or Narrowing())


def sessions_meant(con: duckdb.DuckDBPyConnection, narrowing: Narrowing) -> list[VisitorSession]:
    """Return every session, whole, that a filter means."""
    return _sessions(con, None, narrowing)


def sessions_named(
    con: duckdb.DuckDBPyConnection, ids: Collection[str], *, site: str | None
) -> list[VisitorSession]:
    """Return the sessions with these whole ids."""
    return _sessions(con, _places(con, _NAMED, {"ids": [*ids, ""], "site": site}), Narrowing())


def _places(con: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["site"], row["session"]) for row in rows_of(con, sql, values)}


def _sessions(
    con: duckdb.DuckDBPyConnection, places: Collection[tuple[str, str]] | None, narrowing: Narrowing
) -> list[VisitorSession]:
    """Return the sessions at these places, or everywhere, that are meant."""
    # A visitor is erased from every source unless one was named: logs hold them as recordings do.
    chosen = replace(narrowing.chosen, source=narrowing.chosen.source or EVERY_SOURCE)
    where, values = conditions(chosen, without=frozenset({"from_ms", "to_ms", "browser"}))
    values |= {
        "from_ms": chosen.from_ms,
        "to_ms": chosen.to_ms,
        "before_ms": narrowing.before_ms,
        "os": narrowing.os,
        "family": chosen.browser,
    }
    if places is not None:
        # An empty list has no type that DuckDB could compare; no site has an empty name.
        listed = [*sorted(places), ("", "")]
        values |= {"sites": [site for site, _ in listed], "sessions": [session for _, session in listed]}
    who = _EVERYBODY if places is None else _THESE
    found = rows_of(con, _MATCHES.format(where=where, who=who), values)
    return [VisitorSession(**(row | {"visitors": tuple(row["visitors"])})) for row in found]


def session_ends(con: duckdb.DuckDBPyConnection, *, site: str) -> list[SessionEnd]:
    """Return every session of a site, the one silent for longest first."""
    return [SessionEnd(**row) for row in rows_of(con, _ENDS, {"site": site})]
