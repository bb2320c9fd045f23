"""Comparisons: one page in two periods, for two devices or with two tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.api.bots import bots_text
from usertrack_cli.api.heatmaps import (
    OF_MOVES,
    TITLES,
    Counted,
    HeatmapKind,
    counted_events,
    definition,
    kinds_of,
)
from usertrack_cli.api.ledger import page_ledger
from usertrack_cli.api.pages_drawn import PageDrawn, backdrop_of, page_drawn
from usertrack_cli.api.pictures import OnStep, Picture, picture_of, silent
from usertrack_cli.errors import CheckFailedError, NothingMatchedError
from usertrack_cli.plural import count
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.friction import Thresholds
from usertrack_cli.store import omissions
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.elements import Element, Ledger
    from usertrack_cli.render.density import Float32Array

SIGNIFICANT_P = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared: its filter, and its name for the reader."""

    chosen: Filter
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one element from a to b.

    Attributes:
        a_share: Sessions that clicked it, of all of the page on side a; ``b_share`` on side b.
        change: ``b_share`` less ``a_share``.
        change_ratio: ``change`` over ``a_share``; ``None`` where nobody clicked it on side a.
        p: How likely chance alone makes such a difference; ``p_adjusted`` knows how many were asked.
    """

    element: str
    text: str
    a_sessions: int
    b_sessions: int
    a_share: float
    b_share: float
    change: float
    change_ratio: float | None
    p: float
    p_adjusted: float
    is_significant: bool


def compare(home: Home, a: Side, b: Side) -> list[Change]:
    """Return the elements of a page by how surely their share of sessions changed.

    Raises:
        NothingMatchedError: Nothing was clicked on one of the sides.
    """
    from usertrack_cli.queries.proportion import difference_p, holm_adjusted

    judged = Thresholds()
    before, after = (_ledger(home, side, judged) for side in (a, b))
    was = {each.selector: each for each in before.elements}
    now = {each.selector: each for each in after.elements}
    names = sorted(was.keys() | now.keys())
    counts = [(_sessions(was.get(name)), _sessions(now.get(name))) for name in names]
    chances = [difference_p(x, before.sessions, y, after.sessions) for x, y in counts]
    rows = [
        _change(name, was.get(name), now.get(name), (before.sessions, after.sessions), p=p, p_adjusted=adjusted)
        for name, p, adjusted in zip(names, chances, holm_adjusted(chances), strict=True)
    ]
    return sorted(rows, key=lambda row: (row.p, -abs(row.change), row.element))


def _ledger(home: Home, side: Side, judged: Thresholds) -> Ledger:
    try:
        found = page_ledger(home, side.chosen, thresholds=judged)
    except NothingMatchedError as error:
        raise NothingMatchedError(f"{error.message}: {side.name}", hint=error.hint) from error
    left_out = bots_text(side.chosen, found.bots)
    if left_out is not None:
        omissions.add(f"{side.name}: {left_out}")
    return found


def _sessions(element: Element | None) -> int:
    return 0 if element is None else element.sessions


def _change(
    name: str,
    before: Element | None,
    after: Element | None,
    totals: tuple[int, int],
    *,
    p: float,
    p_adjusted: float,
) -> Change:
    a_share, b_share = _sessions(before) / max(totals[0], 1), _sessions(after) / max(totals[1], 1)
    label = after or before
    return Change(
        element=name,
        text="" if label is None else label.text,
        a_sessions=_sessions(before),
        b_sessions=_sessions(after),
        a_share=round(a_share, 4),
        b_share=round(b_share, 4),
        change=round(b_share - a_share, 4),
        change_ratio=round((b_share - a_share) / a_share, 4) if a_share else None,
        p=round(p, 6),
        p_adjusted=round(p_adjusted, 6),
        is_significant=p_adjusted < SIGNIFICANT_P,
    )


def check_drop(changes: list[Change], element: str, *, drop_max: float) -> Change:
    """Return the change of one element where its share did not drop by more than ``drop_max`` (0 to 1).

    Raises:
        NothingMatchedError: Nobody clicked it on side a, so there is nothing it could have dropped from.
        CheckFailedError: It dropped by more.
    """
    found = next((each for each in changes if each.element == element), None)
    if found is None or found.change_ratio is None:
        known = ", ".join(each.element for each in changes[:5] if each.element)
        raise NothingMatchedError(f"nobody clicked {element} on side a", hint=f"clicked there: {known}")
    if -found.change_ratio > drop_max:
        raise CheckFailedError(
            f"{element} dropped by {-found.change_ratio:.1%}, more than {drop_max:.0%}:"
            f" from {found.a_share:.1%} to {found.b_share:.1%} of the sessions (p = {found.p:.2g})"
        )
    return found


def difference_map(
    home: Home,
    a: Side,
    b: Side,
    *,
    kind: HeatmapKind = "click",
    zone: ZoneInfo | None = None,
    background: Path | None = None,
    pixel_ratio: float = 1.0,
    on_step: OnStep = silent,
) -> Picture:
    """Draw where side b did more than side a, and where less, each for 100 of its sessions.

    Both are drawn on side b's page; side a at the same width class where it has one.

    Raises:
        NothingMatchedError: One of the sides has no such events.
    """
    from usertrack_cli.render.caption import Caption
    from usertrack_cli.render.difference import PER_SESSIONS, difference_picture

    title, unit = TITLES[kind]
    judged = Thresholds()
    sides_aged = [say_ageing(home, side.chosen, zone=zone) for side in (a, b) if kind in OF_MOVES]
    aged = dict.fromkeys(said for each in sides_aged for said in each)
    on_step(0.0, "looking for the page")
    page = page_drawn(home, b.chosen, kinds=kinds_of(kind), what=unit, zone=zone)
    here = replace(b.chosen, width_class=page.width.width_class)
    there, before, notes = _same_width(home, a.chosen, page, kind=kind, what=unit, zone=zone)
    backdrop = backdrop_of(home, here, page, background=background, pixel_ratio=pixel_ratio)
    on_step(0.3, "reading events")
    sides = [
        counted_events(
            home,
            chosen,
            kind=kind,
            page=page,
            width=width,
            backdrop=backdrop,
            thresholds=judged,
            samples=samples,
        )
        for chosen, width, samples in ((there, before.width, None), (here, page.width, page.samples))
    ]
    totals = [drawn.width.sessions_all for drawn in (before, page)]
    on_step(0.7, "drawing")
    caption = Caption(
        page=b.chosen.page or "",
        kind=f"{title}, difference",
        width_class=page.width.width_class,
        widths_px=(page.width.viewport_min, page.width.viewport_max),
        dates=f"red: more on {b.name}; blue: more on {a.name}",
        zone="",
        session_count=sides[1].sessions,
        event_count=sides[1].events,
        counted=" · ".join(
            f"{side.name}: {total:,} sessions, {counted.events:,} {unit}{_and_bots(bots)}"
            for side, total, counted, bots in zip(
                (a, b), totals, sides, (before.width.bots, page.width.bots), strict=True
            )
        ),
        unit=unit,
        definition=definition(kind, judged),
        notes=(*page.notes, *notes, *aged),
    )
    image = difference_picture(
        *(_per_sessions(counted, total, PER_SESSIONS) for counted, total in zip(sides, totals, strict=True)),
        backdrop=backdrop,
        caption=caption,
        # As on a heatmap, one event alone is no pattern.
        events_min=2 * PER_SESSIONS / min(totals),
    )
    return picture_of(
        image,
        here,
        what="compare",
        kind=kind,
        page=page,
        backdrop=backdrop,
        caption=caption,
        zone=zone,
        facts={"a": a.name, "b": b.name, "a_count": str(sides[0].events), "b_count": str(sides[1].events)},
    )


def _and_bots(bots: int) -> str:
    return f", {count(bots, 'session')} of bots left out" if bots else ""


def _per_sessions(counted: Counted, total: int, per: int) -> Float32Array:
    import numpy as np

    return counted.counts * np.float32(per / total)


def _same_width(
    home: Home, chosen: Filter, page: PageDrawn, *, kind: HeatmapKind, what: str, zone: ZoneInfo | None
) -> tuple[Filter, PageDrawn, tuple[str, ...]]:
    """Return side a at side b's width class, or at its own with a note where it has no such sessions."""
    try:
        at = replace(chosen, width_class=page.width.width_class)
        return at, page_drawn(home, at, kinds=kinds_of(kind), what=what, zone=zone), ()
    except NothingMatchedError:
        own = page_drawn(home, chosen, kinds=kinds_of(kind), what=what, zone=zone)
        drawn = f"is laid on the elements of the {page.width.width_class} page"
        note = f"a was recorded on {own.width.width_class} screens and {drawn}"
        return replace(chosen, width_class=own.width.width_class), own, (note,)
