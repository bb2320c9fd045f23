"""Heatmaps: from the question to the image."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.api.layouts import fields_of
from usertrack_cli.api.nothing import nothing
from usertrack_cli.api.pages_drawn import PageDrawn, backdrop_of, page_drawn
from usertrack_cli.api.pictures import OnStep, Picture, dates, picture_of, silent
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.friction import Thresholds
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.clicks import Clicks
    from usertrack_cli.queries.moves import Drawn
    from usertrack_cli.queries.widths import Samples, WidthCount
    from usertrack_cli.render.backdrop import Backdrop
    from usertrack_cli.render.caption import Caption
    from usertrack_cli.render.density import Float32Array, Int32Array

HeatmapKind = Literal["click", "move", "attention", "rage", "dead", "first-click"]
BLOCK_PX = 32
"""Squares that ``sessions_min`` is asked of: about as large as what the eye takes for one spot."""

OF_MOVES: frozenset[HeatmapKind] = frozenset(["move", "attention"])
"""Kinds that are made of pointer movements."""
TITLES: dict[str, tuple[str, str]] = {
    "click": ("click heatmap", "clicks"),
    "move": ("move heatmap", "pointer samples"),
    "attention": ("attention heatmap", "seconds"),
    "rage": ("rage click heatmap", "rage clicks"),
    "dead": ("dead click heatmap", "dead clicks"),
    "first-click": ("first click heatmap", "first clicks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is coloured, by cell of the drawn page.

    Attributes:
        sessions: Sessions that did this.
        events: Of the unit that the title names.
        anchored: Clicks that stand on their element; ``None`` where the question does not arise.
    """

    counts: Float32Array
    sessions: int
    events: int
    anchored: int | None = None


def heatmap(
    home: Home,
    chosen: Filter,
    *,
    kind: HeatmapKind = "click",
    zone: ZoneInfo | None = None,
    background: Path | None = None,
    colormap: str = "inferno",
    scale: str = "sqrt",
    radius_px: float = 24,
    opacity: float = 0.8,
    sessions_min: int = 1,
    pixel_ratio: float = 1.0,
    thresholds: Thresholds | None = None,
    on_step: OnStep = silent,
) -> Picture:
    """Draw where a page was clicked, or where the pointer went or rested.

    Args:
        chosen: Must name a page; without a width class the one with most sessions is drawn.
        background: A picture of the page, instead of its screenshot or wireframe.
        sessions_min: Squares of ``BLOCK_PX`` with fewer sessions are not drawn.
        pixel_ratio: 2 for a picture at double size.
        thresholds: What makes a rage click and a dead click.

    Raises:
        NothingMatchedError: Nothing of this kind was recorded there.
        UsageError: A value is out of range, or the background is no picture.
    """
    from usertrack_cli.render.caption import Caption
    from usertrack_cli.render.density import Scale
    from usertrack_cli.render.heatmap import heatmap_picture
    from usertrack_cli.render.palette import Colormap

    judged = thresholds or Thresholds()
    aged = say_ageing(home, chosen, zone=zone) if kind in OF_MOVES else ()
    title, unit = TITLES[kind]
    on_step(0.0, "looking for the page")
    page = page_drawn(home, chosen, kinds=kinds_of(kind), what=unit, zone=zone)
    only = replace(chosen, width_class=page.width.width_class)
    backdrop = backdrop_of(home, only, page, background=background, pixel_ratio=pixel_ratio)
    on_step(0.2, "reading events")
    counted = counted_events(
        home,
        only,
        kind=kind,
        page=page,
        width=page.width,
        backdrop=backdrop,
        thresholds=judged,
        sessions_min=sessions_min,
        samples=page.samples,
    )
    if not counted.events:
        raise nothing(home, chosen, unit)
    on_step(0.7, "drawing")
    caption = Caption(
        page=chosen.page or "",
        kind=title,
        device=chosen.device or "",
        width_class=page.width.width_class,
        widths_px=(page.width.viewport_min, page.width.viewport_max),
        dates=dates(chosen, zone),
        zone=str(zone or "UTC"),
        session_count=counted.sessions,
        session_total=page.width.sessions_all,
        event_count=counted.events,
        unit=unit,
        anchored_count=counted.anchored,
        definition=definition(kind, judged),
        bots=page.width.bots,
        notes=(*page.notes, *aged, *_few(sessions_min)),
    )
    image = heatmap_picture(
        counted.counts,
        backdrop=backdrop,
        caption=caption,
        colormap=Colormap(colormap),
        scale=Scale(scale),
        radius_px=radius_px,
        opacity=opacity,
    )
    return picture_of(
        image,
        chosen,
        what="heatmap",
        kind=kind,
        page=page,
        backdrop=backdrop,
        caption=caption,
        zone=zone,
        facts=_facts(caption, counted)
        | {"sessions_min": sessions_min if sessions_min > 1 else None, "definition": caption.definition or None}
        | {"colormap": colormap, "scale": scale, "radius_px": f"{radius_px:g}", "opacity": f"{opacity:g}"},
    )


def _facts(caption: Caption, counted: Counted) -> dict[str, Any]:
    return {
        "count": str(counted.events),
        "sessions": str(counted.sessions),
        "sessions_on_page": str(caption.session_total),
        "anchored": None if counted.anchored is None else str(counted.anchored),
    }


def counted_events(
    home: Home,
    chosen: Filter,
    *,
    kind: HeatmapKind,
    page: PageDrawn,
    width: WidthCount,
    backdrop: Backdrop,
    thresholds: Thresholds,
    sessions_min: int = 1,
    samples: Samples | None = None,
) -> Counted:
    """Return what happened in each cell of the backdrop's page.

    Args:
        width: What is known of these events at their width class.
        samples: Its pointer samples, where they were read already.

    Raises:
        UsageError: ``sessions_min`` is below 1.
    """
    if sessions_min < 1:
        raise UsageError(f"--k cannot be {sessions_min}", hint="choose 1 or more")
    from usertrack_cli.queries.clicks import Sort, clicks
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.moves import Drawn
    from usertrack_cli.render.density import CELL_PX

    if kind in OF_MOVES:
        drawn = Drawn(
            width_px=backdrop.document_w,
            height_px=backdrop.document_h,
            cell_px=CELL_PX,
            block_px=BLOCK_PX,
            sessions_min=sessions_min,
        )
        if kind == "move":
            return _counted_moves(home, chosen, width=width, drawn=drawn, samples=samples)
        return _counted_rests(home, chosen, width=width, drawn=drawn)
    sorts = {"rage": Sort.RAGE, "dead": Sort.DEAD, "first-click": Sort.FIRST}
    known = fields_of(home, chosen) if kind == "dead" else ()
    found = ask(
        home,
        chosen,
        lambda con: clicks(con, chosen, sort=sorts.get(kind, Sort.EVERY), thresholds=thresholds, fields=known),
    )
    return _counted_clicks(found, page=page, backdrop=backdrop, sessions_min=sessions_min)


def _counted_clicks(found: Clicks, *, page: PageDrawn, backdrop: Backdrop, sessions_min: int) -> Counted:
    import numpy as np

    from usertrack_cli.render import density, projection

    anchored = None
    if page.layout is None:
        x = projection.scaled_x(found.x, document_w=found.document_w, drawn_w=backdrop.document_w)
        points: Int32Array = np.column_stack([x, found.y]).astype(np.int32)
    else:
        names = {f.name for f in fields(projection.Clicks)}
        columns = projection.Clicks(**{name: getattr(found, name) for name in names})
        placed = projection.on_layout(columns, page.layout)
        points, anchored = placed.points_px, placed.anchored_count
    codes = found.session_code
    counts = density.cell_counts(
        points[density.is_crowded(points, codes, block_px=BLOCK_PX, sessions_min=sessions_min)],
        width_px=backdrop.document_w,
        height_px=backdrop.document_h,
    )
    return Counted(counts=counts, sessions=len(np.unique(codes)), events=len(codes), anchored=anchored)


def _counted_moves(
    home: Home, chosen: Filter, *, width: WidthCount, drawn: Drawn, samples: Samples | None
) -> Counted:
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.moves import crowded_cells, sample_cells
    from usertrack_cli.queries.widths import widths
    from usertrack_cli.render import density

    if drawn.sessions_min > 1:
        cells = ask(home, chosen, lambda con: crowded_cells(con, chosen, drawn))
    else:
        if samples is None:
            found = ask(home, chosen, lambda con: widths(con, chosen, ("move",)))
            samples = found.samples(width.width_class)
        cells = sample_cells(samples, drawn)
    counts = density.counts_of_cells(cells, width_px=drawn.width_px, height_px=drawn.height_px)
    return Counted(counts=counts, sessions=width.sessions, events=width.events)


def _counted_rests(home: Home, chosen: Filter, *, width: WidthCount, drawn: Drawn) -> Counted:
    import numpy as np

    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.moves import rest_cells
    from usertrack_cli.render import density

    cells, rest_ms = ask(home, chosen, lambda con: rest_cells(con, chosen, drawn))
    seconds = (rest_ms / 1000).astype(np.float32)
    counts = density.counts_of_cells(cells, width_px=drawn.width_px, height_px=drawn.height_px, weights=seconds)
    return Counted(counts=counts, sessions=width.sessions, events=round(float(seconds.sum())))


def definition(kind: str, thresholds: Thresholds) -> str:
    """Return what makes an event of this kind, for the legend; empty where its name says it."""
    return {
        "rage": f"rage: {thresholds.rage_clicks} clicks within {thresholds.rage_ms / 1000:g} s"
        f" inside a {thresholds.rage_px} px radius",
        "dead": f"dead: no reaction of the page, or none within {thresholds.dead_ms / 1000:g} s",
        "first-click": "the first click of each pageview",
        "attention": "time that the pointer rested, at most 30 s at a time",
    }.get(kind, "")


def kinds_of(kind: str) -> tuple[str, ...]:
    """Return the kinds of events that a heatmap of this kind is drawn from."""
    return ("move",) if kind in OF_MOVES else ("click",)


def _few(sessions_min: int) -> tuple[str, ...]:
    if sessions_min <= 1:
        return ()
    return (f"squares of {BLOCK_PX} px with fewer than {sessions_min} sessions are left out",)
