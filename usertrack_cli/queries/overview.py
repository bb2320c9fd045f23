"""The overview: what sessions add up to, in total, by day, and by one property of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import duckdb

from usertrack_cli.naming import Conversion
from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.expressions import DEPTH_RATIO, PLACE
from usertrack_cli.queries.filters import Filter, conditions, page_name
from usertrack_cli.queries.friction import JUDGED, USUAL, Field, values_of
from usertrack_cli.queries.funnel import reached

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
    "conversion": "share of sessions that went through all steps of a [[conversion]] of the settings, in order",
    "counted": (
        "pageviews of nobody, counted before consent, less those of visitors who then accepted; with the"
        " recorded pageviews they are all there were (before_consent = count)"
    ),
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
    By.ENTRY: "arg_min({name}, place)",
    By.EXIT: "arg_max({name}, place)",
    By.ROUTE: "array_to_string(list({name} ORDER BY place) FILTER (kind = 'pageview'), ' → ')",
    By.COUNTRY: "mode(country)",
    By.BROWSER: "mode(browser)",
    By.OS: "mode(os)",
    By.DEVICE: "mode(device)",
    By.REFERRER: "coalesce(arg_min(referrer, place) FILTER (referrer LIKE 'http%'), '(direct)')",
    By.UTM_SOURCE: "arg_min(utm_source, place)",
    By.LANGUAGE: "mode(language)",
    By.SCREEN: "max(screen_w) || '×' || max(screen_h)",
    By.HOUR: "strftime(timezone($zone, min(occurred_at)), '%H:00')",
    By.WEEKDAY: "strftime(timezone($zone, min(occurred_at)), '%u %a')",
    By.DAY: "strftime(timezone($zone, min(occurred_at)), '%Y-%m-%d')",
    By.TAG: "list_distinct(list_concat(coalesce(list(name) FILTER (kind = 'tag'), []), any_value(given)))",
}
_WHOLE = "''"
IN_ORDER = {By.HOUR, By.WEEKDAY, By.DAY}
"""These are listed by their key; the others by how many sessions they have."""

_NOT_GIVEN = "SELECT *, NULL::VARCHAR[] AS given FROM events"
_GIVEN = """
SELECT e.*, l.given FROM events e LEFT JOIN (
    SELECT site AS of_site, session AS of_session, list(tag) AS given FROM labels GROUP BY ALL
) l ON l.of_site = e.site AND l.of_session = e.session
"""
_NO_CONVERSION = "reached AS (SELECT NULL::VARCHAR AS session, 0 AS depth WHERE FALSE)"

_PER_SESSION = """
WITH {judged},
{reached},
friction AS (
    SELECT session, {part} AS part, count(*) FILTER (is_rage) AS rage, count(*) FILTER (is_dead) AS dead
    FROM judged GROUP BY ALL
),
facts AS (
    SELECT session, part, min(occurred_at) AS started_at, arg_min(visitor, place) AS visitor,
           count(*) FILTER (kind = 'pageview') AS pageviews, count(*) FILTER (kind = 'click') AS clicks,
           count(*) FILTER (kind = 'input') AS inputs, coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
           {depth} AS depth_ratio, bool_or(source = 'log') AS is_log,
           {key} AS key
    FROM (
        SELECT *, {place} AS place, {part} AS part
        FROM ({events}) WHERE {where}
    )
    GROUP BY session, part
),
per_session AS (
    SELECT f.*, coalesce(r.rage, 0) AS rage, coalesce(r.dead, 0) AS dead, c.session IS NOT NULL AS is_converted,
           pageviews = 1 AND clicks = 0 AND inputs = 0 AND active_ms < $bounce_ms
               AND count(*) OVER (PARTITION BY f.session) = 1 AS is_bounce
    FROM facts f LEFT JOIN friction r ON r.session = f.session AND r.part IS NOT DISTINCT FROM f.part
    LEFT JOIN (SELECT session FROM reached WHERE depth = $steps) c ON c.session = f.session
)
"""

_FIGURES = """
       count(*) AS sessions, count(DISTINCT visitor) AS visitors, sum(pageviews)::BIGINT AS pageviews,
       sum(clicks)::BIGINT AS clicks,
       -- A log knows nothing of what happened on a page.
       avg(is_bounce::INTEGER) FILTER (NOT is_log) AS bounce_ratio,
       avg(active_ms) FILTER (NOT is_log) AS active_ms,
       avg(depth_ratio) AS depth_ratio,
       1000.0 * sum(rage) / nullif(sum(clicks), 0) AS rage_per_1000,
       1000.0 * sum(dead) / nullif(sum(clicks), 0) AS dead_per_1000,
       count(*) FILTER (is_converted) AS conversions
"""

_DAYS = """
       (SELECT list({{'day': day, 'sessions': sessions}} ORDER BY day) FROM (
            SELECT strftime(timezone($zone, started_at), '%Y-%m-%d') AS day, count(*) AS sessions
            FROM per_session GROUP BY ALL
       )) AS days
"""
_TOTALS = f"{_PER_SESSION} SELECT NULL AS key, {_FIGURES}, {_DAYS} FROM per_session ORDER BY key"  # noqa: S608 - own parts

_GROUPS = f"""
{_PER_SESSION},
keyed AS (
    SELECT coalesce(shown, '(none)') AS key, * EXCLUDE (shown, key)
    FROM (SELECT {{shown}} AS shown, * FROM per_session)
),
days AS (
    SELECT key, list({{{{'day': day, 'sessions': sessions}}}} ORDER BY day) AS days
    FROM (
        SELECT key, strftime(timezone($zone, started_at), '%Y-%m-%d') AS day, count(*) AS sessions
        FROM keyed GROUP BY ALL
    )
    GROUP BY key
)
SELECT k.key, {_FIGURES}, any_value(d.days) AS days
FROM keyed k JOIN days d ON d.key = k.key
GROUP BY k.key
ORDER BY {{order}}
LIMIT $limit
"""  # noqa: S608 - own parts

_BOTS = """
SELECT count(DISTINCT session) AS bots FROM events
WHERE session IN (SELECT b.session FROM bots b) AND {where}
ORDER BY bots
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What some sessions add up to.

    Attributes:
        key: What they have in common; ``None`` for all of them.
        bounce_ratio: 0 to 1, as is ``depth_ratio``; ``None`` without sessions, and of access logs.
        active_ms: Mean; ``None`` as ``bounce_ratio`` is.
        rage_per_1000: Of clicks; ``None`` without clicks.
        conversions: Sessions that converted; ``None`` where no conversion was asked for.
        days: ``(day, sessions)`` for the days that had any, in order.
    """

    key: str | None
    sessions: int
    visitors: int
    pageviews: int
    clicks: int
    bounce_ratio: float | None
    active_ms: float | None
    depth_ratio: float | None
    rage_per_1000: float | None
    dead_per_1000: float | None
    conversions: int | None
    days: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What figures are asked for.

    Attributes:
        zone: Of days and hours.
        fields: Elements that take input; a click there is never dead.
        conversion: Whose sessions are counted.
    """

    zone: str = "UTC"
    fields: tuple[Field, ...] = ()
    conversion: Conversion | None = None


def totals(con: duckdb.DuckDBPyConnection, chosen: Filter, asked: Asked) -> Figures:
    """Return what every session in the range adds up to."""
    parts, values = _parts(chosen, asked, None)
    (row,) = rows_of(con, _TOTALS.format(**parts), values)
    return _figures(row, asked)


def groups(
    con: duckdb.DuckDBPyConnection, chosen: Filter, by: By, asked: Asked, *, limit: int
) -> list[Figures]:
    """Return the sessions told apart by one property.

    A session counts once for each page it showed, there with what it did on that page, once for
    each tag it carries, and once otherwise.
    """
    parts, values = _parts(chosen, asked, by)
    shown = "unnest(CASE WHEN len(key) = 0 THEN [NULL] ELSE key END)" if by is By.TAG else "key"
    order = "k.key" if by in IN_ORDER else "sessions DESC, k.key"
    # Of more days than are asked for the newest are meant.
    sql = _GROUPS.format(**parts, shown=shown, order="k.key DESC" if by is By.DAY else order)
    found = [_figures(row, asked) for row in rows_of(con, sql, values | {"limit": limit})]
    return found[::-1] if by is By.DAY else found


def bot_sessions(con: duckdb.DuckDBPyConnection, chosen: Filter) -> int:
    """Return how many sessions of bots the filter has, whether it counts them or not.

    One that gave itself away late counts wherever it was before.
    """
    where, values = conditions(chosen, without=frozenset({"includes_bots"}))
    return int(rows_of(con, _BOTS.format(where=where), values)[0]["bots"])


def _parts(chosen: Filter, asked: Asked, by: By | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what the questions are put together from, and their parameters."""
    where, values = conditions(chosen)
    name, of_name = page_name(Filter())
    if by in {By.PAGE, By.ENTRY, By.EXIT, By.ROUTE}:
        name, of_name = page_name(chosen)
    converted, steps = _NO_CONVERSION, 1
    if asked.conversion is not None:
        converted, more = reached(chosen, asked.conversion.steps, within_ms=asked.conversion.within_ms)
        values |= more
        steps = len(asked.conversion.steps)
    parts = {
        "judged": JUDGED.format(where=where),
        "reached": converted,
        "where": where,
        "place": PLACE,
        "depth": DEPTH_RATIO,
        "part": name if by is By.PAGE else _WHOLE,
        "key": "NULL" if by is None else _KEYS[by].format(name=name),
        "events": _GIVEN if by is By.TAG else _NOT_GIVEN,
    }
    own = {"zone": asked.zone, "bounce_ms": BOUNCE_ACTIVE_MS, "steps": steps}
    return parts, values | of_name | values_of(USUAL, fields=asked.fields) | own


def _figures(row: dict[str, Any], asked: Asked) -> Figures:
    days = tuple((each["day"], each["sessions"]) for each in row["days"] or ())
    conversions = None if asked.conversion is None else row["conversions"]
    return Figures(
        **(
            row
            | {"pageviews": row["pageviews"] or 0, "clicks": row["clicks"] or 0}
            | {"conversions": conversions, "days": days}
        )
    )
