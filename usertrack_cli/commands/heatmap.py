"""``usertrack heatmap``: where a page was clicked, or where the pointer went or rested, as a PNG."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import api
from usertrack_cli.commands.picture import (
    BACKGROUND,
    COLORMAP,
    COLORMAPS,
    DEAD_MS,
    OUTPUT,
    PAGE,
    PIXEL_RATIO,
    PREVIEW,
    RAGE_CLICKS,
    RAGE_MS,
    RAGE_PX,
    USUAL,
    kind_of,
    show,
)
from usertrack_cli.commands.progress import progress
from usertrack_cli.options import Call, one_of, shared

_SCALES = ("sqrt", "linear", "log")


@shared(filters=True)
def command(
    *,
    call: Call,
    page: PAGE,
    kind: Annotated[
        str, typer.Option("--kind", help="click, move, attention, rage, dead or first-click.")
    ] = "click",
    output: OUTPUT = None,
    background: BACKGROUND = None,
    colormap: COLORMAP = "inferno",
    scale: Annotated[str, typer.Option("--scale", help="sqrt, linear or log.")] = "sqrt",
    radius: Annotated[float, typer.Option("--radius", help="How far one event is seen, px.")] = 24,
    opacity: Annotated[float, typer.Option("--opacity", help="Of the hottest colour, 0 to 1.")] = 0.8,
    k: Annotated[int, typer.Option("--k", help="Leave out squares with fewer sessions.")] = 1,
    rage_clicks: RAGE_CLICKS = USUAL.rage_clicks,
    rage_ms: RAGE_MS = USUAL.rage_ms,
    rage_px: RAGE_PX = USUAL.rage_px,
    dead_ms: DEAD_MS = USUAL.dead_ms,
    pixel_ratio: PIXEL_RATIO = 1.0,
    preview: PREVIEW = False,
) -> None:
    """Draw where one page was clicked, as a PNG.

    Drawn for one width class, the one with most sessions if unsaid. A click is laid on the element
    it hit, wherever that stands on the drawn page. Behind it lies --background, else a screenshot
    that still fits, else the page's wireframe.

    Example:  usertrack heatmap --page /shop -o shop.png
    """
    judged = api.Thresholds(rage_clicks=rage_clicks, rage_ms=rage_ms, rage_px=rage_px, dead_ms=dead_ms)
    with progress() as on_step:
        picture = api.heatmap(
            call.home,
            call.filter(page=page),
            kind=kind_of(kind),
            zone=call.zone,
            background=background,
            colormap=one_of(colormap, "--colormap", COLORMAPS),
            scale=one_of(scale, "--scale", _SCALES),
            radius_px=radius,
            opacity=opacity,
            sessions_min=k,
            pixel_ratio=pixel_ratio,
            thresholds=judged,
            on_step=on_step,
        )
    show(picture, output, preview=preview)
