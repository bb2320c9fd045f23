"""The overview of a site's traffic, and how sessions get through a funnel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli import clock
from usertrack_cli.api.nothing import nothing
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    import duckdb

    from usertrack_cli.queries.funnel import Step
    from usertrack_cli.queries.overview import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a range adds up to.

    Attributes:
        groups: The same figures for the sessions that share one property; empty where none was named.
        before: The totals of the span of the same length just before, where it was asked for.
        bots: Sessions of bots in the range, which none of the figures counts.
    """

    total: Figures
    groups: tuple[Figures, ...]
    before: Figures | None
    bots: int


def overview(
    home: Home,
    chosen: Filter,
    *,
    by: str | None = None,
    zone: ZoneInfo | None = None,
    limit: int = 20,
    with_previous: bool = False,
) -> Overview:
    """Return the totals of a range and, told apart by ``by``, its groups.

    Raises:
        NothingMatchedError: There are no sessions in the range.
        UsageError: The span before an open range was asked for.
    """
    from usertrack_cli.queries import overview as question
    from usertrack_cli.queries.events import ask

    name = str(zone or "UTC")

    def both(con: duckdb.DuckDBPyConnection) -> tuple[Figures, list[Figures], Figures | None, int]:
        groups = question.groups(con, chosen, question.By(by), zone=name, limit=limit) if by else []
        before = question.totals(con, previous(chosen), zone=name) if with_previous else None
        everybody = question.totals(con, replace(chosen, includes_bots=True), zone=name).sessions
        total = question.totals(con, chosen, zone=name)
        return total, groups, before, everybody - total.sessions

    read = replace(chosen, from_ms=previous(chosen).from_ms) if with_previous else chosen
    total, groups, before, bots = ask(home, read, both)
    if not total.sessions:
        raise nothing(home, chosen, "sessions")
    return Overview(total=total, groups=tuple(groups), before=before, bots=bots)


def previous(chosen: Filter) -> Filter:
    """Return the same filter for the span of the same length just before.

    Raises:
        UsageError: The range has no beginning.
    """
    if chosen.from_ms is None:
        raise UsageError(
            "an open range has nothing before it", hint="name its first day with --from, or use --last"
        )
    end = clock.now_ms() if chosen.to_ms is None else chosen.to_ms
    return replace(chosen, from_ms=2 * chosen.from_ms - end, to_ms=chosen.from_ms)


def funnel(home: Home, chosen: Filter, steps: list[str], *, within_ms: int | None = None) -> list[Step]:
    """Return how many sessions reached each step, in order, and how long they took.

    Args:
        steps: Pages (a path or glob), or ``event:NAME``, ``click:SELECTOR``, ``tag:NAME``.
        within_ms: Of the first step; later ones do not count.

    Raises:
        NothingMatchedError: No session reached the first step.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.funnel import funnel as question

    found = ask(home, chosen, lambda con: question(con, chosen, steps, within_ms=within_ms))
    if not found[0].sessions:
        raise nothing(home, replace(chosen, page=steps[0] if steps[0].startswith("/") else None), "sessions")
    return found
