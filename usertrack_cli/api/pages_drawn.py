"""What a map of one page is drawn on: the width class, the layout, and the backdrop made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from usertrack_cli.api.layouts import layouts
from usertrack_cli.api.nothing import nothing
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.pages import LayoutSeen
    from usertrack_cli.queries.widths import Samples, WidthCount, Widths
    from usertrack_cli.render.backdrop import Backdrop
    from usertrack_cli.render.layout import Layout

LAYOUT_SESSIONS_MIN = 20
"""A newer layout is drawn once so many sessions have seen it; before that the most frequent one."""
CHANGE_SESSIONS_MIN = 5
"""An older layout counts as another state of the page, not as one visitor's variation of it, from here."""
PAGE_MIN_PX = 64
PAGE_HEIGHT_MAX_PX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDrawn:
    """One page at one width class.

    Attributes:
        others: The width classes that were recorded too and are not drawn.
        layout: ``None`` where none is stored.
        changed_on: First whole day after an older layout was last seen; ``None`` where the layout
            stayed the same over the range.
        samples: Where the pointer was, if moves were asked for.
    """

    width: WidthCount
    others: tuple[WidthCount, ...]
    layout: Layout | None
    width_px: int
    height_px: int
    changed_on: date | None = None
    samples: Samples | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the picture must say about its page."""
        if self.changed_on is None:
            return ()
        changed = "the page's layout changed in this range"
        return (f"{changed}; --from {self.changed_on} draws only what was recorded on the present one",)

    @property
    def other_widths(self) -> str | None:
        """What is said beside the picture where other width classes were recorded."""
        if not self.others:
            return None
        drawn, *others = (
            f"{each.width_class} ({each.sessions:,} session{'' if each.sessions == 1 else 's'})"
            for each in (self.width, *self.others)
        )
        return f"drawn for {drawn}; also recorded: {', '.join(others)}; choose with --width-class"


def page_drawn(
    home: Home, chosen: Filter, *, kinds: tuple[str, ...], what: str, zone: ZoneInfo | None = None
) -> PageDrawn:
    """Return the page of the filter at its width class, or at the one with most sessions.

    Args:
        kinds: Events that must be there.
        what: Their name for the error.

    Raises:
        UsageError: The filter names no page.
        NothingMatchedError: There are no such events.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.pages import layouts_seen
    from usertrack_cli.queries.widths import widths

    if chosen.page is None:
        raise UsageError("a page is needed", hint="name it with --page")

    def question(con: Any) -> tuple[Widths, list[LayoutSeen]]:
        found = widths(con, chosen, kinds)
        if not found.counts:
            return found, []
        return found, layouts_seen(con, replace(chosen, width_class=found.counts[0].width_class))

    found, seen = ask(home, chosen, question)
    if not found.counts:
        raise nothing(home, chosen, what, bots=found.bots)
    width, *others = found.counts
    only = replace(chosen, width_class=width.width_class)
    drawn, layout = _layout_to_draw(home, only, seen)
    return PageDrawn(
        width=width,
        others=tuple(others),
        layout=layout,
        width_px=max(PAGE_MIN_PX, layout.document_w if layout else width.document_w),
        height_px=max(PAGE_MIN_PX, min(layout.document_h if layout else width.document_h, PAGE_HEIGHT_MAX_PX)),
        changed_on=None if drawn is None else changed_on(drawn, seen, zone=zone),
        samples=found.samples(width.width_class) if "move" in kinds else None,
    )


def _layout_to_draw(
    home: Home, chosen: Filter, seen: Sequence[LayoutSeen]
) -> tuple[LayoutSeen | None, Layout | None]:
    """Return the newest layout that enough sessions have seen, else the most frequent that is stored."""
    stored = {
        (layout.page, layout.hash): layout
        for layout in layouts(home, chosen.site or "default", {(each.page, each.layout) for each in seen})
    }
    known = [each for each in seen if (each.page, each.layout) in stored]
    if not known:
        return None, None
    enough = [each for each in known if each.sessions >= LAYOUT_SESSIONS_MIN]
    best = max(enough, key=lambda each: (each.last_at, each.sessions)) if enough else known[0]
    return best, stored[best.page, best.layout]


def changed_on(drawn: LayoutSeen, seen: Sequence[LayoutSeen], *, zone: ZoneInfo | None) -> date | None:
    """Return the first whole day on which only the drawn layout was seen, ``None`` without a change.

    Layouts of other document widths, and those still seen beside the drawn one, are no change.
    """
    older = [
        each.last_at
        for each in seen
        if each.page == drawn.page
        and each.document_w == drawn.document_w
        and each.sessions >= CHANGE_SESSIONS_MIN
        and each.last_at < drawn.first_at
    ]
    if not older:
        return None
    moment = datetime.fromtimestamp(max(older) / 1000, tz=zone or ZoneInfo("UTC"))
    return moment.date() + timedelta(days=1)


def backdrop_of(
    home: Home, chosen: Filter, page: PageDrawn, *, background: Path | None, pixel_ratio: float = 1.0
) -> Backdrop:
    """Return what the map is drawn on: the given file, a fitting screenshot, the wireframe, plain paper.

    Raises:
        UsageError: The file is no picture.
    """
    from usertrack_cli.api import screenshots
    from usertrack_cli.render import backdrop, sketch

    size = {"document_w": page.width_px, "document_h": page.height_px}
    if background is not None:
        return backdrop.from_file(background, **size, scale=pixel_ratio)
    shot = screenshots.fitting(home, chosen, page)
    if shot is not None:
        return backdrop.from_file(shot, **size, scale=pixel_ratio)
    if page.layout is not None:
        return sketch.wireframe(page.layout, scale=pixel_ratio)
    return backdrop.blank(page.width_px, page.height_px, scale=pixel_ratio)
