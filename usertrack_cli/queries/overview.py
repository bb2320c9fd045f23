"""The overview: what sessions add up to, in total, by day, and by one property of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.queries.friction import JUDGED, Thresholds, values_of

BOUNCE_ACTIVE_MS = 10_000
"""A session that was looked at for ten seconds did not bounce, even with one page and no click."""
ROWS_MAX = 1_000

DEFINITIONS = {
    "sessions": "one tab from opening to closing; 30 minutes of silence or 24 hours end it",
    "visitors": "distinct visitor keys; keys change every month, so one person can count once in each",
    "pageviews": "pages shown, reloads and changes of route included",
    "bounce": "share of sessions with one pageview, no click, no input and under 10 s of active time",
    "active": "mean time a session was visible, focused and touched within the last 30 s",
    "depth": "mean over sessions of the furthest bottom edge of the viewport, as a share of the page's height",
    "rage": "clicks in bursts of 3 within 1 s and a circle of 30 px, for 1,000 clicks",
    "dead": "clicks that nothing followed within 2.5 s (never on inputs), for 1,000 clicks",
}
"""What each figure means; ``--define`` prints it."""


class By(StrEnum):
    """What sessions can be told apart by."""

    PAGE = "page"
    ENTRY = "entry"
    EXIT = "exit"
    ROUTE = "route"
    COUNTRY = "country"
    BROWSER = "browser"
    OS = "os"
    DEVICE = "device"
    REFERRER = "referrer"
    UTM_SOURCE = "utm_source"
    LANGUAGE = "language"
    SCREEN = "screen"
    HOUR = "hour"
    WEEKDAY = "weekday"
    DAY = "day"
    TAG = "tag"


_KEYS: dict[By, str] = {
    By.PAGE: "part",
    By.ENTRY: "entry_page",
    By.EXIT: "exit_page",
    By.ROUTE: "route",
    By.COUNTRY: "country",
    By.BROWSER: "browser",
    By.OS: "os",
    By.DEVICE: "device",
    By.REFERRER: "referrer",
    By.UTM_SOURCE: "utm_source",
    By.LANGUAGE: "language",
    By.SCREEN: "screen",
    By.HOUR: "strftime(local_at, '%H:00')",
    By.WEEKDAY: "strftime(local_at, '%u %a')",
    By.DAY: "strftime(local_at, '%Y-%m-%d')",
    By.TAG: "unnest(CASE WHEN len(tags) = 0 THEN [NULL] ELSE tags END)",
}
_WHOLE, _BY_PAGE = "''", "page"
IN_ORDER = {By.HOUR, By.WEEKDAY, By.DAY}
"""These are listed by their key; the others by how many sessions they have."""

_PER_SESSION = """
WITH {judged},
friction AS (
    SELECT session, {part} AS part, count(*) FILTER (is_rage) AS rage, count(*) FILTER (is_dead) AS dead
    FROM judged GROUP BY session, part
),
facts AS (
    SELECT session, {part} AS part, min(occurred_at) AS started_at, mode(visitor) AS visitor,
           count(*) FILTER (kind = 'pageview') AS pageviews, count(*) FILTER (kind = 'click') AS clicks,
           count(*) FILTER (kind = 'input') AS inputs, coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
           least(max((scroll_y + viewport_h) / nullif(document_h, 0)), 1)::DOUBLE AS depth_ratio,
           arg_min(page, (seq, idx)) AS entry_page, arg_max(page, (seq, idx)) AS exit_page,
           array_to_string(list(page ORDER BY seq, idx) FILTER (kind = 'pageview'), ' → ') AS route,
           mode(country) AS country, mode(browser) AS browser, mode(os) AS os, mode(device) AS device,
           coalesce(arg_min(referrer, (seq, idx)) FILTER (referrer LIKE 'http%'), '(direct)') AS referrer,
           arg_min(utm_source, (seq, idx)) FILTER (utm_source IS NOT NULL) AS utm_source,
           mode(language) AS language, max(screen_w) || '×' || max(screen_h) AS screen,
           list_sort(list(DISTINCT name) FILTER (kind = 'tag')) AS own_tags
    FROM events WHERE {where}
    GROUP BY session, part
),
per_session AS (
    SELECT f.* EXCLUDE (own_tags), coalesce(own_tags, []) AS tags, coalesce(r.rage, 0) AS rage,
           coalesce(r.dead, 0) AS dead, timezone($zone, f.started_at) AS local_at,
           pageviews = 1 AND clicks = 0 AND inputs = 0 AND active_ms < $bounce_ms
               AND count(*) OVER (PARTITION BY f.session) = 1 AS is_bounce
    FROM facts f LEFT JOIN friction r ON r.session = f.session AND r.part = f.part
)
"""

_FIGURES = """
       count(*) AS sessions, count(DISTINCT visitor) AS visitors, sum(pageviews)::BIGINT AS pageviews,
       avg(is_bounce::INTEGER) AS bounce_ratio, avg(active_ms) AS active_ms, avg(depth_ratio) AS depth_ratio,
       1000.0 * sum(rage) / nullif(sum(clicks), 0) AS rage_per_1000,
       1000.0 * sum(dead) / nullif(sum(clicks), 0) AS dead_per_1000
"""

_TOTALS = f"{_PER_SESSION} SELECT NULL AS key, {_FIGURES}, [] AS days FROM per_session ORDER BY key"  # noqa: S608 - own parts

_GROUPS = f"""
{_PER_SESSION},
keyed AS (
    SELECT coalesce(exploded, '(none)') AS key, * FROM (SELECT {{key}} AS exploded, * FROM per_session)
),
days AS (
    SELECT key, list({{{{'day': day, 'sessions': sessions}}}} ORDER BY day) AS days
    FROM (SELECT key, strftime(local_at, '%Y-%m-%d') AS day, count(*) AS sessions FROM keyed GROUP BY key, day)
    GROUP BY key
)
SELECT k.key, {_FIGURES}, any_value(d.days) AS days
FROM keyed k JOIN days d ON d.key = k.key
GROUP BY k.key
ORDER BY {{order}}
LIMIT $limit
"""  # noqa: S608 - own parts


@dataclass(frozen=True, slots=True)
class Figures:
    """What some sessions add up to.

    Attributes:
        key: What they have in common; ``None`` for all of them.
        bounce_ratio: 0 to 1, as is ``depth_ratio``; ``None`` without sessions.
        active_ms: Mean.
        rage_per_1000: Of clicks; ``None`` without clicks.
        days: ``(day, sessions)`` for the days that had any, in order.
    """

    key: str | None
    sessions: int
    visitors: int
    pageviews: int
    bounce_ratio: float | None
    active_ms: float | None
    depth_ratio: float | None
    rage_per_1000: float | None
    dead_per_1000: float | None
    days: tuple[tuple[str, int], ...]


def totals(con: duckdb.DuckDBPyConnection, chosen: Filter, *, zone: str) -> Figures:
    """Return what every session in the range adds up to."""
    where, values = _asked(chosen, zone)
    (row,) = rows_of(con, _TOTALS.format(judged=JUDGED.format(where=where), where=where, part=_WHOLE), values)
    return _figures(row)


def groups(con: duckdb.DuckDBPyConnection, chosen: Filter, by: By, *, zone: str, limit: int) -> list[Figures]:
    """Return the sessions told apart by one property.

    A session counts once for each page it showed, there with what it did on that page, once for
    each tag it carries, and once otherwise.
    """
    where, values = _asked(chosen, zone)
    sql = _GROUPS.format(
        judged=JUDGED.format(where=where),
        where=where,
        part=_BY_PAGE if by is By.PAGE else _WHOLE,
        key=_KEYS[by],
        order="k.key" if by in IN_ORDER else "sessions DESC, k.key",
    )
    return [_figures(row) for row in rows_of(con, sql, values | {"limit": limit})]


def _asked(chosen: Filter, zone: str) -> tuple[str, dict[str, Any]]:
    where, values = conditions(chosen)
    return where, values | values_of(Thresholds()) | {"zone": zone, "bounce_ms": BOUNCE_ACTIVE_MS}


def _figures(row: dict[str, Any]) -> Figures:
    days = tuple((each["day"], each["sessions"]) for each in row["days"] or ())
    return Figures(**(row | {"pageviews": row["pageviews"] or 0, "days": days}))
