"""The overview of a site's traffic, and how sessions get through a funnel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli import clock
from usertrack_cli.api.bots import say_bots
from usertrack_cli.api.counted import Counted, counted
from usertrack_cli.api.layouts import fields_of
from usertrack_cli.api.nothing import nothing
from usertrack_cli.errors import UsageError
from usertrack_cli.naming import Conversion, PageGroup
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    import duckdb

    from usertrack_cli.queries.funnel import Step
    from usertrack_cli.queries.overview import Figures

GROUPS_USUAL = 20
GROUPS_MAX = 100_000
"""Groups of the span before that are looked through for those of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a range adds up to.

    Attributes:
        groups: The same figures for the sessions that share one property; empty where none was named.
        has_more: There are more groups than were asked for.
        before: The totals of the span of the same length just before, where it was asked for.
        sessions_before: Of each group in that span, by its key.
        bots: Sessions of bots in the range, counted in the figures only where the filter includes them.
        counted: What the counting tier adds, ``None`` where the filter asks for what it does not know.
    """

    total: Figures
    groups: tuple[Figures, ...]
    has_more: bool
    before: Figures | None
    sessions_before: dict[str, int]
    bots: int
    counted: Counted | None


def overview(
    home: Home,
    chosen: Filter,
    *,
    by: str | None = None,
    zone: ZoneInfo | None = None,
    limit: int | None = None,
    with_previous: bool = False,
    conversion: Conversion | None = None,
) -> Overview:
    """Return the totals of a range and, told apart by ``by``, its groups.

    Args:
        limit: Groups at the most, of days the newest; ``None`` is all hours, weekdays or days and 20 of others.
        conversion: Whose sessions are counted among the figures.

    Raises:
        NothingMatchedError: There are no sessions in the range.
        UsageError: The span before an open range was asked for.
    """
    from usertrack_cli.queries import overview as question
    from usertrack_cli.queries.events import ask

    asked = question.Asked(zone=str(zone or "UTC"), fields=fields_of(home, chosen), conversion=conversion)
    kind = None if by is None else question.By(by)
    earlier = previous(chosen) if with_previous else None
    most = limit or (question.ROWS_MAX if kind in question.IN_ORDER else GROUPS_USUAL)

    def answer(con: duckdb.DuckDBPyConnection) -> Overview:
        before_groups, groups = [], []
        if kind is not None:
            groups = question.groups(con, chosen, kind, asked, limit=most + 1)
        if earlier is not None and kind is not None:
            before_groups = question.groups(con, earlier, kind, asked, limit=GROUPS_MAX)
        return Overview(
            total=question.totals(con, chosen, asked),
            groups=tuple(groups[-most:] if kind is question.By.DAY else groups[:most]),
            has_more=len(groups) > most,
            before=None if earlier is None else question.totals(con, earlier, asked),
            sessions_before={each.key or "": each.sessions for each in before_groups},
            bots=question.bot_sessions(con, chosen),
            counted=None,
        )

    read = chosen if earlier is None else replace(chosen, from_ms=earlier.from_ms)
    found = ask(home, read, answer, needs_tags=kind is question.By.TAG, needs_bots=True)
    more = counted(home, chosen, by=by, zone=zone or ZoneInfo("UTC"))
    if not found.total.sessions and not (more and more.pageviews):
        raise nothing(home, chosen, "sessions")
    return replace(found, counted=more)


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


def suggested_groups(home: Home, chosen: Filter) -> list[tuple[PageGroup, int]]:
    """Return groups that pages seem to fall into, each with how many pages it would hold.

    Pages that fall into a group of the filter already are left out.

    Raises:
        NothingMatchedError: No page was seen in the range.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.overview import bot_sessions
    from usertrack_cli.queries.pages import pages
    from usertrack_cli.queries.suggestion import suggestions

    found, bots = ask(
        home, chosen, lambda con: (pages(con, chosen), bot_sessions(con, chosen)), needs_bots=True
    )
    if not found:
        raise nothing(home, chosen, "pages", bots=bots)
    say_bots(chosen, bots)
    names = {group.name for group in chosen.groups}
    return suggestions({each.page: each.sessions for each in found if each.page not in names})


def funnel(
    home: Home, chosen: Filter, steps: list[str], *, within_ms: int | None = None, by: str | None = None
) -> list[Step]:
    """Return how many sessions reached each step, in order, and how long they took.

    Args:
        steps: Pages (a path, glob or group), or ``event:NAME``, ``click:SELECTOR``, ``tag:NAME``.
        within_ms: Of the first step; later ones do not count.
        by: Tells the sessions apart by ``device``, ``width_class``, ``country``, ``browser``, ``os`` or
            ``language``: the steps of each follow one another.

    Raises:
        NothingMatchedError: No session reached the first step.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.funnel import funnel as question
    from usertrack_cli.queries.overview import bot_sessions

    # A funnel is about sessions, whichever page they are filtered by.
    anywhere = replace(chosen, page=None)

    def answer(con: duckdb.DuckDBPyConnection) -> tuple[list[Step], int]:
        return question(con, chosen, steps, within_ms=within_ms, by=by), bot_sessions(con, anywhere)

    found, bots = ask(home, chosen, answer, needs_bots=True)
    say_bots(chosen, bots)
    if not found[0].sessions:
        raise nothing(home, replace(chosen, page=steps[0] if steps[0].startswith("/") else None), "sessions")
    return found
