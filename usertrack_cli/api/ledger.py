"""The ledger of a page's elements: what was clicked, how surely, and how well it answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.api.bots import say_bots
from usertrack_cli.api.layouts import fields_of
from usertrack_cli.api.nothing import nothing
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.friction import Thresholds
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.elements import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRow:
    """One element of a page.

    Attributes:
        share: Sessions that clicked it, of all sessions of the page; with its 95 % interval.
        first_share: Pageviews whose first click it was, of those with a click.
        reach_rate: Clicks for each session that saw the height of the page it stands at.
        rage_clicks: Clicks that were part of a burst; ``dead_clicks`` those that changed nothing.
        quick_backs: Visits that it led to another page and that were back at once.
    """

    element: str
    text: str
    clicks: int
    sessions: int
    share: float
    share_low: float
    share_high: float
    first_share: float
    rage_clicks: int
    dead_clicks: int
    quick_backs: int
    reaction_ms: int | None
    hesitation_ms: int | None
    seen_sessions: int
    reach_rate: float


def elements(
    home: Home, chosen: Filter, *, thresholds: Thresholds | None = None, limit: int | None = None
) -> list[ElementRow]:
    """Return the elements of one page that were clicked, the most clicked first.

    Args:
        chosen: Must name a page.

    Raises:
        NothingMatchedError: Nothing was clicked there.
    """
    found = page_ledger(home, chosen, thresholds=thresholds or Thresholds())
    say_bots(chosen, found.bots)
    return element_rows(home, chosen, found, thresholds=thresholds)[:limit]


def element_rows(
    home: Home, chosen: Filter, found: Ledger, *, thresholds: Thresholds | None = None
) -> list[ElementRow]:
    """Return the rows of a ledger, with the visits that came back at once."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.quickbacks import quick_backs

    judged = thresholds or Thresholds()
    backs = ask(home, chosen, lambda con: quick_backs(con, chosen, quick_back_ms=judged.quick_back_ms))
    back_count: dict[str, int] = {}
    for each in backs:
        back_count[each.selector or ""] = back_count.get(each.selector or "", 0) + 1
    return _rows(found, back_count)


def page_ledger(home: Home, chosen: Filter, *, thresholds: Thresholds) -> Ledger:
    """Return the counts behind the ledger.

    Raises:
        NothingMatchedError: Nothing was clicked there.
    """
    from usertrack_cli.queries.elements import ledger
    from usertrack_cli.queries.events import ask

    if chosen.page is None:
        raise UsageError("a page is needed", hint="name it with --page")
    fields = fields_of(home, chosen)
    found = ask(
        home,
        chosen,
        lambda con: ledger(con, chosen, thresholds=thresholds, fields=fields),
        needs_bots=True,
    )
    if not found.elements:
        raise nothing(home, chosen, "clicks", bots=found.bots)
    return found


def _rows(found: Ledger, back_count: dict[str, int]) -> list[ElementRow]:
    from usertrack_cli.queries.proportion import wilson_interval

    rows = []
    for each in found.elements:
        low, high = wilson_interval(each.sessions, found.sessions)
        rows.append(
            ElementRow(
                element=each.selector,
                text=each.text,
                clicks=each.clicks,
                sessions=each.sessions,
                share=round(each.sessions / max(found.sessions, 1), 4),
                share_low=round(low, 4),
                share_high=round(high, 4),
                first_share=round(each.first_clicks / max(found.clicked_pageviews, 1), 4),
                rage_clicks=each.rage_clicks,
                dead_clicks=each.dead_clicks,
                quick_backs=back_count.get(each.selector, 0),
                reaction_ms=None if each.reaction_ms is None else round(each.reaction_ms),
                hesitation_ms=None if each.hesitation_ms is None else round(each.hesitation_ms),
                seen_sessions=each.seen_sessions,
                reach_rate=round(each.clicks / max(each.seen_sessions, 1), 4),
            )
        )
    return rows
