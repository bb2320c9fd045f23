"""One page of a report: its heatmap, its scrollmap, and the elements that were clicked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.api.heatmaps import heatmap
from usertrack_cli.api.ledger import element_rows, page_ledger
from usertrack_cli.api.scrollmaps import scrollmap
from usertrack_cli.errors import NothingMatchedError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.friction import Thresholds
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from usertrack_cli.api.pictures import Picture
    from usertrack_cli.queries.pages import PageCount
    from usertrack_cli.render.report.content import Figure, PageShown, Snag

ELEMENTS = 8


def page_shown(
    home: Home, chosen: Filter, page: PageCount, *, zone: ZoneInfo | None, bytes_max: int
) -> PageShown:
    """Return what a report shows of one page; what was not recorded there is left out.

    Args:
        bytes_max: Of each picture.
    """
    from usertrack_cli.render.report.content import PageShown

    only = replace(chosen, page=page.page)
    drawn = (
        _figure("Clicks", lambda: heatmap(home, only, zone=zone), bytes_max=bytes_max),
        _figure("Scroll depth", lambda: scrollmap(home, only, zone=zone), bytes_max=bytes_max),
    )
    return PageShown(
        page=page.page,
        sessions=page.sessions,
        figures=tuple(each for each in drawn if each is not None),
        elements=_elements(home, only),
    )


def _figure(title: str, draw: Callable[[], Picture], *, bytes_max: int) -> Figure | None:
    from usertrack_cli.render.report.content import Figure
    from usertrack_cli.render.report.embedding import embedded

    try:
        picture = draw()
    except NothingMatchedError:
        return None
    data, width, height = embedded(picture.image, bytes_max=bytes_max)
    return Figure(title=title, data=data, width=width, height=height, facts=picture.facts[1:])


def _elements(home: Home, only: Filter) -> tuple[Snag, ...]:
    from usertrack_cli.render.report.content import Snag

    try:
        # What the report leaves out it says once, for all of it.
        found = element_rows(home, only, page_ledger(home, only, thresholds=Thresholds()))[:ELEMENTS]
    except NothingMatchedError:
        return ()
    return tuple(
        Snag(
            page=only.page or "",
            selector=each.element,
            text=each.text,
            sessions=each.sessions,
            clicks=each.clicks,
            rage=each.rage_clicks,
            dead=each.dead_clicks,
        )
        for each in found
    )
