"""Funnels: how many sessions went through some steps in order, and where the others stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from usertrack_cli.errors import UsageError
from usertrack_cli.queries.events import rows_of
from usertrack_cli.queries.filters import Filter, conditions, is_glob

STEPS_MAX = 20

_MATCHES = {
    "event": "kind = 'custom' AND name = ${value}",
    "tag": "kind = 'tag' AND name = ${value}",
    "click": "kind = 'click' AND selector = ${value}",
}
_PAGE = "kind = 'pageview' AND page {operator} ${value}"

_FIRST = """
step_0 AS (
    SELECT session, min(occurred_at) AS reached_at FROM events WHERE {where} AND {match} GROUP BY session
)"""
_NEXT = """
step_{number} AS (
    SELECT e.session, min(e.occurred_at) AS reached_at
    FROM events e JOIN step_{before} p ON p.session = e.session JOIN step_0 f ON f.session = e.session
    WHERE {where} AND {match} AND e.occurred_at >= p.reached_at
      AND ($within_ms IS NULL OR epoch_ms(e.occurred_at) - epoch_ms(f.reached_at) <= $within_ms)
    GROUP BY e.session
)"""
_ANSWER = """
SELECT {number} AS number, count(*) AS sessions,
       median(epoch_ms(s.reached_at) - epoch_ms(b.reached_at))::BIGINT AS median_ms
FROM step_{number} s JOIN step_{before} b ON b.session = s.session
"""
_DROPPED = """
SELECT {number} AS number, list(s.session ORDER BY s.session) AS dropped
FROM step_{number} s ANTI JOIN step_{after} n ON n.session = s.session
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel.

    Attributes:
        sessions: That reached it after all steps before it.
        median_ms: From the step before; 0 for the first.
        dropped: Sessions that went no further; empty for the last step.
    """

    step: str
    sessions: int
    median_ms: int
    dropped: tuple[str, ...]


def funnel(
    con: duckdb.DuckDBPyConnection, chosen: Filter, steps: list[str], *, within_ms: int | None
) -> list[Step]:
    """Return how many sessions reached each step, each after the one before it.

    A step is reached at its first moment at or after the moment the step before was reached, so
    what a session does in between does not matter.

    Args:
        steps: Pages (a path or glob), or ``event:NAME``, ``tag:NAME``, ``click:SELECTOR``.

    Raises:
        UsageError: There are fewer than two steps, too many, or one cannot be read.
    """
    if not 2 <= len(steps) <= STEPS_MAX:
        raise UsageError(
            f"a funnel has 2 to {STEPS_MAX} steps", hint="for example: usertrack funnel /shop /cart"
        )
    where, values = conditions(chosen, without=frozenset({"page"}))
    values["within_ms"] = within_ms
    parts = []
    for number, step in enumerate(steps):
        values[f"step_{number}"], match = _match(step, f"step_{number}")
        template = _FIRST if number == 0 else _NEXT
        parts.append(template.format(where=where, match=match, number=number, before=number - 1))
    numbers = range(len(steps))
    with_steps = "WITH " + ",".join(parts)
    reached = " UNION ALL ".join(_ANSWER.format(number=n, before=max(0, n - 1)) for n in numbers)
    lost = " UNION ALL ".join(_DROPPED.format(number=n, after=n + 1) for n in numbers[:-1])
    rows = rows_of(con, f"{with_steps} {reached} ORDER BY number", values)
    dropped = {
        row["number"]: row["dropped"] for row in rows_of(con, f"{with_steps} {lost} ORDER BY number", values)
    }
    return [
        Step(step, row["sessions"], row["median_ms"] or 0, tuple(dropped.get(number) or ()))
        for number, (step, row) in enumerate(zip(steps, rows, strict=True))
    ]


def _match(step: str, value: str) -> tuple[Any, str]:
    kind, colon, name = step.partition(":")
    if step.startswith("/"):
        return step, _PAGE.format(operator="GLOB" if is_glob(step) else "=", value=value)
    if not colon or kind not in _MATCHES or not name:
        raise UsageError(
            f"{step!r} is not a step", hint="a page such as /cart, or event:NAME, tag:NAME, click:SELECTOR"
        )
    return name, _MATCHES[kind].format(value=value)
