"""Funnels: how many sessions went through some steps in order, and where the others stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from usertrack_cli.errors import UsageError
from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.expressions import PLACE
from usertrack_cli.queries.filters import Filter, conditions, page_matches

STEPS_MIN, STEPS_MAX = 2, 20

BY = ("device", "width_class", "country", "browser", "os", "language")
"""What the sessions of a funnel can be told apart by: columns that hold for a session as a whole."""

_MATCHES = {
    "event": "kind = 'custom' AND name = ${value}",
    "tag": "kind = 'tag' AND name = ${value}",
    "click": "kind = 'click' AND selector = ${value}",
}
_PAGE = "kind = 'pageview' AND {page}"

_STEPS = """
acts AS (
    SELECT session, occurred_at, {place} AS place, {matches}
    FROM events WHERE {where} AND ({any_match})
),
step_0 AS (
    SELECT session, place AS start, place, occurred_at AS reached_at, occurred_at AS started_at
    FROM acts WHERE is_0
    -- Without a limit of time nothing is reached from a later start that is not from the first one.
    QUALIFY $within_ms IS NOT NULL OR row_number() OVER (PARTITION BY session ORDER BY place) = 1
)"""
_NEXT = """
step_{number} AS (
    SELECT p.session, p.start, min(e.place) AS place, arg_min(e.occurred_at, e.place) AS reached_at,
           any_value(p.started_at) AS started_at
    FROM step_{before} p JOIN acts e ON e.session = p.session AND e.is_{number} AND e.place > p.place
     AND ($within_ms IS NULL OR epoch_ms(e.occurred_at) - epoch_ms(p.started_at) <= $within_ms)
    GROUP BY p.session, p.start
)"""
_REACHED = """
reached AS (
    SELECT session, {depth} AS depth, [{times}] AS times
    FROM step_0 {joins}
    QUALIFY row_number() OVER (PARTITION BY session ORDER BY depth DESC, start) = 1
)"""
_ANSWER = """
keys AS (SELECT session, {key} AS key FROM events WHERE {where} GROUP BY session),
climbed AS (
    SELECT k.key, r.session, r.depth, r.times, unnest(range(1, r.depth + 1)) AS number
    FROM reached r JOIN keys k ON k.session = r.session
)
SELECT key, number, count(*) AS sessions,
       median(epoch_ms(times[number]) - epoch_ms(times[greatest(number - 1, 1)]))::BIGINT AS median_ms,
       list(session ORDER BY session) FILTER (depth = number) AS dropped
FROM climbed
GROUP BY key, number
ORDER BY count(*) FILTER (number = 1) OVER (PARTITION BY key) DESC, key NULLS LAST, number
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel.

    Attributes:
        sessions: That reached it after all steps before it.
        median_ms: From the step before; 0 for the first.
        dropped: Sessions that went no further; empty for the last step.
        key: What the sessions have in common where they were told apart, else ``None``.
    """

    step: str
    sessions: int
    median_ms: int
    dropped: tuple[str, ...]
    key: str | None = None


def funnel(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    steps: Sequence[str],
    *,
    within_ms: int | None,
    by: str | None = None,
) -> list[Step]:
    """Return how many sessions reached each step, each by an event after the one before it.

    What a session does in between does not matter. With ``within_ms`` a session may begin at any
    of its first steps; the one that leads furthest counts, the earliest of several.

    Args:
        steps: Pages (a path, glob or group), or ``event:NAME``, ``tag:NAME``, ``click:SELECTOR``.
        by: One of ``BY``; the steps of each value follow one another, the most frequent value first.

    Raises:
        UsageError: There are fewer than two steps, too many, or one cannot be read.
    """
    if not STEPS_MIN <= len(steps) <= STEPS_MAX:
        raise UsageError(
            f"a funnel has {STEPS_MIN} to {STEPS_MAX} steps", hint="for example: usertrack funnel /shop /cart"
        )
    parts, values = reached(chosen, steps, within_ms=within_ms)
    where, more = conditions(chosen, without=frozenset({"page"}))
    # The column is one of BY, never what somebody typed.
    key = "''" if by is None else f"coalesce(mode({BY[BY.index(by)]}), '(none)')"
    rows = rows_of(con, f"WITH {parts},{_ANSWER.format(where=where, key=key)}", values | more)
    found = {(row["key"], row["number"]): row for row in rows}
    keys = list(dict.fromkeys(row["key"] for row in rows)) or [""]
    return [
        _step(step, found.get((each, number)), is_last=number == len(steps), key=None if by is None else each)
        for each in keys
        for number, step in enumerate(steps, start=1)
    ]


def _step(step: str, row: dict[str, Any] | None, *, is_last: bool, key: str | None) -> Step:
    if row is None:
        return Step(step, 0, 0, (), key)
    dropped = () if is_last else tuple(row["dropped"] or ())
    return Step(step, row["sessions"], row["median_ms"] or 0, dropped, key)


def reached(chosen: Filter, steps: Sequence[str], *, within_ms: int | None) -> tuple[str, dict[str, Any]]:
    """Return table expressions and their parameters; the last, ``reached``, has ``session`` and ``depth``.

    ``depth`` is how many steps a session came, at least 1; ``times`` are the moments it reached them.

    Raises:
        UsageError: A step cannot be read.
    """
    where, values = conditions(chosen, without=frozenset({"page"}))
    values["within_ms"] = within_ms
    matches = []
    for number, step in enumerate(steps):
        match, more = _match(chosen, step, f"step_{number}")
        matches.append(match)
        values |= more
    numbers = range(len(steps))
    parts = [
        _STEPS.format(
            where=where,
            place=PLACE,
            matches=", ".join(f"coalesce({match}, FALSE) AS is_{n}" for n, match in enumerate(matches)),
            any_match=" OR ".join(f"({match})" for match in matches),
        )
    ]
    parts += [_NEXT.format(number=n, before=n - 1) for n in numbers[1:]]
    parts.append(
        _REACHED.format(
            depth=" + ".join(f"(step_{n}.reached_at IS NOT NULL)::INTEGER" for n in numbers),
            times=", ".join(f"step_{n}.reached_at" for n in numbers),
            joins=" ".join(f"LEFT JOIN step_{n} USING (session, start)" for n in numbers[1:]),
        )
    )
    return ",".join(parts), values


def _match(chosen: Filter, step: str, value: str) -> tuple[str, dict[str, Any]]:
    kind, colon, name = step.partition(":")
    if step.startswith("/"):
        page, values = page_matches(chosen, step, value=value)
        return _PAGE.format(page=page), values
    if not colon or kind not in _MATCHES or not name:
        raise UsageError(
            f"{step!r} is not a step", hint="a page such as /cart, or event:NAME, tag:NAME, click:SELECTOR"
        )
    return _MATCHES[kind].format(value=value), {value: name}
