"""Tags: those of the page's own script, of operators, and of rules that are judged when a question is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from usertrack_cli.errors import UsageError
from usertrack_cli.naming import TagRule
from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.queries.statement import check, one_line
from usertrack_cli.queries.views import create_views

_CAUGHT = """
SELECT DISTINCT site, session FROM sessions WHERE (
{where}
) ORDER BY site, session
"""
_GIVEN = """
SELECT site, session, list(DISTINCT tag ORDER BY tag) AS tags
FROM labels WHERE session IN (SELECT unnest($sessions))
GROUP BY site, session
ORDER BY site, session
"""
_ADD = "INSERT INTO labels VALUES (?, ?, ?)"

_COUNTS = """
WITH kept AS (SELECT DISTINCT site, session FROM events WHERE {where}),
own AS (
    SELECT DISTINCT site, session, name AS tag FROM events
    WHERE {where} AND kind = 'tag' AND name IS NOT NULL
),
given AS (
    SELECT l.site, l.session, l.tag FROM labels l
    JOIN kept k ON k.site = l.site AND k.session = l.session
)
SELECT tag, count(DISTINCT (site, session)) AS sessions,
       count(DISTINCT (site, session)) FILTER (is_own) AS by_page,
       count(DISTINCT (site, session)) FILTER (NOT is_own) AS by_others
FROM (
    SELECT site, session, tag, TRUE AS is_own FROM own
    UNION ALL SELECT site, session, tag, FALSE AS is_own FROM given
)
GROUP BY tag
ORDER BY sessions DESC, tag
"""


@dataclass(frozen=True, slots=True)
class TagCount:
    """How many sessions carry a tag, and how many of them from where.

    Attributes:
        by_page: Of the page's own script; ``by_others`` of operators and rules.
    """

    tag: str
    sessions: int
    by_page: int
    by_others: int


def apply_rules(con: duckdb.DuckDBPyConnection, rules: Iterable[TagRule], *, site: str | None) -> None:
    """Put the tags of rules on their sessions, for this connection alone.

    Raises:
        UsageError: A rule is no condition over the view ``sessions``.
    """
    # A rule sees the tags of pages and operators, never those of other rules: their order says nothing.
    found = [(*pair, rule.name) for rule in rules for pair in caught(con, rule, site=site)]
    if found:
        con.executemany(_ADD, found)


def caught(con: duckdb.DuckDBPyConnection, rule: TagRule, *, site: str | None) -> list[tuple[str, str]]:
    """Return ``(site, session)`` of the sessions that a rule is true of.

    Raises:
        UsageError: It is no condition over the view ``sessions``.
    """
    create_views(con)
    statement = _CAUGHT.format(where=rule.where)
    try:
        check(con, statement)
        rows = con.execute(statement).fetchall()
    except duckdb.IOException:
        raise  # a segment was swapped away: the caller asks again
    except (duckdb.Error, UsageError) as error:
        said = error.message if isinstance(error, UsageError) else one_line(error)
        raise UsageError(
            f"the rule of tag {rule.name!r} cannot be judged: {said}",
            hint="it is a condition over the view sessions; try it with: usertrack tags test 'pageviews > 3'",
        ) from error
    return [(of_site, session) for of_site, session in rows if site is None or of_site == site]


def tag_counts(con: duckdb.DuckDBPyConnection, chosen: Filter) -> list[TagCount]:
    """Return every tag that sessions of the filter carry, the most frequent first."""
    where, values = conditions(chosen)
    found = con.execute(_COUNTS.format(where=where), values).fetchall()
    return [TagCount(*row) for row in found]


def tags_given(con: duckdb.DuckDBPyConnection, sessions: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """Return the tags of operators and rules on these sessions, by site and session."""
    rows = con.execute(_GIVEN, {"sessions": [*sessions, ""]}).fetchall()
    return {(site, session): tags for site, session, tags in rows}
