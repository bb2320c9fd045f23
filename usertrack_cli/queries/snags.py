"""Where a whole site gets people stuck: elements with rage and dead clicks, and errors of its scripts."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions, page_name
from usertrack_cli.queries.friction import JUDGED, USUAL, Field, values_of

_SNAGS = """
WITH {judged}
SELECT {name} AS page, coalesce(selector, '') AS selector, coalesce(mode(text), '') AS text,
       count(DISTINCT session) FILTER (is_rage OR is_dead) AS sessions, count(*) AS clicks,
       count(*) FILTER (is_rage) AS rage, count(*) FILTER (is_dead) AS dead
FROM judged
GROUP BY ALL
HAVING count(*) FILTER (is_rage OR is_dead) > 0
ORDER BY sessions DESC, rage + dead DESC, 1, 2
LIMIT $limit
"""

_ERRORS = """
SELECT {name} AS page, coalesce(name, '') AS message, count(DISTINCT session) AS sessions, count(*) AS times
FROM events WHERE {where} AND kind = 'error'
GROUP BY ALL
ORDER BY sessions DESC, times DESC, 1, 2
LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class SnagCount:
    """One element of one page; ``sessions`` are those that got stuck there, ``clicks`` are everybody's."""

    page: str
    selector: str
    text: str
    sessions: int
    clicks: int
    rage: int
    dead: int


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """One message on one page."""

    page: str
    message: str
    sessions: int
    times: int


def snags(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    *,
    limit: int,
    fields: tuple[Field, ...] = (),
) -> list[SnagCount]:
    """Return the elements that most sessions got stuck on.

    Args:
        fields: Elements that take input; a click there is never dead.
    """
    where, values = conditions(chosen)
    name, of_name = page_name(chosen)
    more = values_of(USUAL, fields=fields) | of_name | {"limit": limit}
    found = rows_of(con, _SNAGS.format(judged=JUDGED.format(where=where), name=name), values | more)
    return [SnagCount(**row) for row in found]


def script_errors(con: duckdb.DuckDBPyConnection, chosen: Filter, *, limit: int) -> list[ErrorCount]:
    """Return the script errors that most sessions met."""
    where, values = conditions(chosen)
    name, more = page_name(chosen)
    rows = rows_of(con, _ERRORS.format(where=where, name=name), values | more | {"limit": limit})
    return [ErrorCount(**row) for row in rows]
