"""``usertrack scrollmap``: how far down a page, or a scroller inside it, was seen, as a PNG."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import api
from usertrack_cli.commands.picture import (
    BACKGROUND,
    COLORMAP,
    COLORMAPS,
    OUTPUT,
    PAGE,
    PIXEL_RATIO,
    PREVIEW,
    show,
)
from usertrack_cli.commands.progress import progress
from usertrack_cli.options import Call, one_of, shared


@shared(filters=True)
def command(
    *,
    call: Call,
    page: PAGE,
    container: Annotated[
        str | None,
        typer.Option(
            "--container", metavar="SELECTOR", help="A scroller inside the page, instead of the page."
        ),
    ] = None,
    output: OUTPUT = None,
    background: BACKGROUND = None,
    colormap: COLORMAP = "inferno",
    pixel_ratio: PIXEL_RATIO = 1.0,
    preview: PREVIEW = False,
) -> None:
    """Draw how far down one page was seen, as a PNG.

    Colour says which share of the sessions came that far; lines mark 90, 75, 50, 25 and 10 %, a green
    one the fold (median, with the middle half beside it), bars on the right the time in view.

    Example:  usertrack scrollmap --page /shop -o depth.png
    """
    with progress() as on_step:
        picture = api.scrollmap(
            call.home,
            call.filter(page=page),
            zone=call.zone,
            background=background,
            container=container,
            colormap=one_of(colormap, "--colormap", COLORMAPS),
            pixel_ratio=pixel_ratio,
            on_step=on_step,
        )
    show(picture, output, preview=preview)
