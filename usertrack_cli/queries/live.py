"""The present: who is on the site, on which pages, and what was clicked last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from usertrack_cli.naming import PageGroup
from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, page_name

SECONDS = 60
CLICKS = 20

_RECENT = """
CREATE TEMP TABLE recent AS
WITH heard AS (
    SELECT * FROM (
        SELECT e.* FROM events e ANTI JOIN waiting w ON w.session = e.session AND w.seq = e.seq
        UNION ALL BY NAME SELECT * FROM waiting
    )
    WHERE site = $site AND source = 'tracker' AND occurred_at > make_timestamptz($from_ms * 1000)
)
SELECT session, seq, idx, epoch_ms(occurred_at) AS at_ms, kind, page, device, selector, text,
       -- A session that gave itself away late is a bot's from its beginning.
       session IN (SELECT session FROM heard WHERE is_bot) AS is_bot
FROM heard
"""
_BOTS = "SELECT count(DISTINCT session) AS bots FROM recent WHERE is_bot"
_NO_BOTS = "DELETE FROM recent WHERE is_bot"
_SESSIONS = """
WITH last AS (
    SELECT session, arg_max(page, (seq, idx)) AS page, arg_max(kind, (seq, idx)) AS kind,
           any_value(device) AS device
    FROM recent GROUP BY session
)
SELECT {name} AS page, count(*) AS sessions, count(*) FILTER (device = 'mobile') AS mobile
FROM last WHERE kind <> 'leave'
GROUP BY ALL
ORDER BY sessions DESC, 1
"""
_SECONDS = """
SELECT ($now_ms - at_ms) // 1000 AS ago, count(*) AS events,
       count(*) FILTER (kind = 'pageview') AS pageviews
FROM recent WHERE at_ms > $now_ms - $span_ms
GROUP BY ago
ORDER BY ago
"""
_CLICKS = """
SELECT session, at_ms, page, coalesce(selector, '') AS selector, coalesce(text, '') AS text
FROM recent WHERE kind = 'click'
ORDER BY at_ms DESC, session, seq DESC, idx DESC
LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class PageNow:
    """How many sessions are on a page, or on those of a group."""

    page: str
    sessions: int
    mobile: int


@dataclass(frozen=True, slots=True)
class ClickNow:
    """A click that has just happened; ``at_ms`` UTC."""

    session: str
    at_ms: int
    page: str
    selector: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is going on.

    Attributes:
        pages: With sessions on them, the fullest first.
        events: Of each of the last 60 seconds, the oldest first.
        pageviews: In the last 60 seconds.
        clicks: The newest first.
        bots: Sessions of bots that were heard of and are left out.
    """

    at_ms: int
    pages: tuple[PageNow, ...]
    events: tuple[int, ...]
    pageviews: int
    clicks: tuple[ClickNow, ...]
    bots: int

    @property
    def sessions(self) -> int:
        """Sessions that are on some page."""
        return sum(page.sessions for page in self.pages)

    @property
    def events_per_second(self) -> float:
        """The mean over the last 60 seconds."""
        return sum(self.events) / len(self.events)


def present(
    con: duckdb.DuckDBPyConnection,
    waiting: Any,
    *,
    site: str,
    now_ms: int,
    within_ms: int,
    includes_bots: bool,
    groups: tuple[PageGroup, ...] = (),
) -> Present:
    """Return what is going on by the segments and by what waits to become one.

    Args:
        waiting: Arrow table of rows in the inbox, read before the snapshot: what was drained in between is
            in both and counts once.
        groups: Pages that count as one; a click says which page it was on.
        within_ms: A session that was heard of within so many ms and has not left is there; at least a minute.
    """
    con.register("waiting", waiting)
    con.execute(_RECENT, {"site": site, "from_ms": now_ms - within_ms})
    bots = 0
    if not includes_bots:
        bots = rows_of(con, _BOTS, {})[0]["bots"]
        con.execute(_NO_BOTS)
    by_second = {
        row["ago"]: row for row in rows_of(con, _SECONDS, {"now_ms": now_ms, "span_ms": SECONDS * 1000})
    }
    name, of_name = page_name(Filter(groups=groups))
    return Present(
        at_ms=now_ms,
        pages=tuple(PageNow(**row) for row in rows_of(con, _SESSIONS.format(name=name), of_name)),
        events=tuple(by_second[ago]["events"] if ago in by_second else 0 for ago in reversed(range(SECONDS))),
        pageviews=sum(row["pageviews"] for row in by_second.values()),
        clicks=tuple(ClickNow(**row) for row in rows_of(con, _CLICKS, {"limit": CLICKS})),
        bots=bots,
    )
