"""Scrollmaps: from the question to the image, of a page or of a scroller inside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.api.pages_drawn import PageDrawn, backdrop_of, page_drawn
from usertrack_cli.api.pictures import OnStep, Picture, dates, picture_of, silent
from usertrack_cli.errors import NothingMatchedError, UsageError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.scrolling import ContainerReach
    from usertrack_cli.render.backdrop import Backdrop
    from usertrack_cli.render.caption import Caption
    from usertrack_cli.render.layout import Layout


def scrollmap(
    home: Home,
    chosen: Filter,
    *,
    zone: ZoneInfo | None = None,
    background: Path | None = None,
    container: str | None = None,
    colormap: str = "inferno",
    pixel_ratio: float = 1.0,
    on_step: OnStep = silent,
) -> Picture:
    """Draw how far down a page was seen, where the fold was, and how long each part was in view.

    Args:
        background: A picture of the page, or of the scroller's whole content.
        container: Selector of an inner scroller, which is drawn instead of the page.
        pixel_ratio: 2 for a picture at double size.

    Raises:
        NothingMatchedError: The page was not seen in the range, or the scroller never moved.
        UsageError: The scroller only goes sideways, or the background is no picture.
    """
    on_step(0.0, "looking for the page")
    page = page_drawn(home, chosen, kinds=("pageview", "scroll"), what="pageviews", zone=zone)
    only = replace(chosen, width_class=page.width.width_class)
    if container is not None:
        return _of_container(
            home,
            only,
            page,
            container,
            zone=zone,
            background=background,
            colormap=colormap,
            pixel_ratio=pixel_ratio,
        )
    from usertrack_cli.queries import scrolling as question
    from usertrack_cli.queries.events import ask
    from usertrack_cli.render.palette import Colormap
    from usertrack_cli.render.reach import attention_of, fold_of, reach_curve
    from usertrack_cli.render.scrollmap import scrollmap_picture

    on_step(0.2, "reading events")
    reach = ask(home, only, lambda con: question.reach(con, only))
    active = ask(home, only, lambda con: question.attention(con, only))
    on_step(0.7, "drawing")
    backdrop = backdrop_of(home, only, page, background=background, pixel_ratio=pixel_ratio)
    sessions = len(reach.reach_px)
    caption = _caption(only, page, zone, kind="scrollmap", sessions=sessions, events=page.width.events)
    image = scrollmap_picture(
        reach_curve(reach.depth_ratio, height_px=backdrop.document_h),
        backdrop=backdrop,
        caption=caption,
        fold=fold_of(reach.fold_px),
        colormap=Colormap(colormap),
        attention=attention_of(
            active.top_px,
            active.bottom_px,
            active.active_ms,
            height_px=backdrop.document_h,
            session_count=sessions,
        ),
    )
    return picture_of(
        image,
        chosen,
        what="scrollmap",
        kind="scrollmap",
        page=page,
        backdrop=backdrop,
        caption=caption,
        zone=zone,
        facts={"count": str(sessions), "colormap": colormap},
    )


def _caption(
    chosen: Filter, page: PageDrawn, zone: ZoneInfo | None, *, kind: str, sessions: int, events: int
) -> Caption:
    from usertrack_cli.render.caption import Caption

    return Caption(
        page=chosen.page or "",
        kind=kind,
        device=chosen.device or "",
        width_class=page.width.width_class,
        widths_px=(page.width.viewport_min, page.width.viewport_max),
        dates=dates(chosen, zone),
        zone=str(zone or "UTC"),
        session_count=sessions,
        event_count=events,
        unit="scroll positions",
        bots=page.width.bots,
        notes=page.notes,
    )


def _of_container(
    home: Home,
    chosen: Filter,
    page: PageDrawn,
    container: str,
    *,
    zone: ZoneInfo | None,
    background: Path | None,
    colormap: str,
    pixel_ratio: float,
) -> Picture:
    from usertrack_cli.queries import scrolling as question
    from usertrack_cli.queries.events import ask
    from usertrack_cli.render.palette import Colormap
    from usertrack_cli.render.reach import attention_of, fold_of, reach_curve
    from usertrack_cli.render.scrollmap import scrollmap_picture

    frame = None if page.layout is None else page.layout.box_of(container)
    top_ratio = 0.0 if frame is None or page.layout is None else frame.y / max(page.layout.document_h, 1)
    found = ask(home, chosen, lambda con: question.container_reach(con, chosen, container, top_ratio=top_ratio))
    _refuse(home, chosen, container, found)
    attention = None
    if frame is not None:
        frame_y, client_h = frame.y, found.client_h
        active = ask(
            home,
            chosen,
            lambda con: question.container_attention(
                con, chosen, container, frame_y=frame_y, client_h=client_h
            ),
        )
        attention = attention_of(
            active.top_px,
            active.bottom_px,
            active.active_ms,
            height_px=found.scroll_h,
            session_count=len(found.depth_ratio),
        )
    backdrop = _inner_backdrop(page, container, found, background=background, pixel_ratio=pixel_ratio)
    kind = f"scrollmap of {container}"
    caption = _caption(chosen, page, zone, kind=kind, sessions=len(found.depth_ratio), events=found.events)
    image = scrollmap_picture(
        reach_curve(found.depth_ratio, height_px=backdrop.document_h),
        backdrop=backdrop,
        caption=caption,
        fold=fold_of(found.fold_px),
        colormap=Colormap(colormap),
        attention=attention,
    )
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in container).strip("-")[:40]
    return picture_of(
        image,
        chosen,
        what="scrollmap",
        kind=slug or "container",
        page=page,
        backdrop=backdrop,
        caption=caption,
        zone=zone,
        facts={"count": str(len(found.depth_ratio)), "container": container, "colormap": colormap},
    )


def _inner_backdrop(
    page: PageDrawn, container: str, found: ContainerReach, *, background: Path | None, pixel_ratio: float
) -> Backdrop:
    from usertrack_cli.render import backdrop, sketch

    size = {"document_w": found.client_w, "document_h": found.scroll_h}
    if background is not None:
        return backdrop.from_file(background, **size, scale=pixel_ratio)
    inner = None if page.layout is None else inner_layout(page.layout, container, found)
    if inner is not None:
        return sketch.wireframe(inner, scale=pixel_ratio)
    return backdrop.blank(found.client_w, found.scroll_h, scale=pixel_ratio)


def _refuse(home: Home, chosen: Filter, container: str, found: ContainerReach) -> None:
    from usertrack_cli.queries import scrolling as question
    from usertrack_cli.queries.events import ask

    if found.events == 0:
        known = ask(home, chosen, lambda con: question.containers(con, chosen))
        hint = f"scrolled on this page: {', '.join(known)}" if known else "nothing inside this page scrolls"
        raise NothingMatchedError(f"nobody scrolled inside {container} on {chosen.page}", hint=hint)
    if found.scroll_h <= found.client_h:
        raise UsageError(
            f"{container} only scrolls sideways", hint="a scrollmap shows how far down something was seen"
        )


def inner_layout(layout: Layout, container: str, found: ContainerReach) -> Layout | None:
    """Return the content of an inner scroller as a page of its own, ``None`` where none is drawn.

    A layout has the boxes inside a scroller where they are while it is not scrolled.
    """
    index = next((i for i, box in enumerate(layout.boxes) if box.selector == container), None)
    if index is None:
        return None
    frame = layout.boxes[index]
    boxes = tuple(
        replace(box, x=box.x - frame.x, y=box.y - frame.y, container=-1)
        for box in layout.boxes
        if box.container == index
    )
    return replace(
        layout,
        document_w=max(frame.w, 1),
        document_h=max(found.scroll_h, 1),
        viewport_h=found.client_h,
        boxes=boxes,
    )
