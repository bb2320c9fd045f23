"""``usertrack heatmap``: where a page was clicked, or where the pointer went or rested, as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from usertrack_cli import api, console, suggestions
from usertrack_cli.commands.progress import progress
from usertrack_cli.options import Call, one_of, shared

COLORMAPS = ("inferno", "turbo", "viridis", "cividis")
_SCALES = ("sqrt", "linear", "log")

PAGE = Annotated[
    str,
    typer.Option(
        "--page", metavar="PATH", help="The page, for example /shop.", autocompletion=suggestions.pages
    ),
]
OUTPUT = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="PNG to write; named after the page if unsaid."),
]
BACKGROUND = Annotated[
    Path | None, typer.Option("--background", metavar="FILE", help="A picture of the page to draw on.")
]
COLORMAP = Annotated[str, typer.Option("--colormap", help="inferno, turbo, viridis or cividis.")]
PREVIEW = Annotated[bool, typer.Option("--preview", help="Show it in the terminal; with -o write it too.")]
PIXEL_RATIO = Annotated[float, typer.Option("--pixel-ratio", min=0.1, max=4, help="2 draws at double size.")]
RAGE_CLICKS = Annotated[int, typer.Option("--rage-clicks", help="Rage: so many clicks …")]
RAGE_MS = Annotated[int, typer.Option("--rage-ms", help="… within so many ms …")]
RAGE_PX = Annotated[int, typer.Option("--rage-px", help="… inside a circle of this radius.")]
DEAD_MS = Annotated[int, typer.Option("--dead-ms", help="Dead: no reaction within so many ms.")]


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
    rage_clicks: RAGE_CLICKS = 3,
    rage_ms: RAGE_MS = 1_000,
    rage_px: RAGE_PX = 30,
    dead_ms: DEAD_MS = 2_500,
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
            kind=cast("api.HeatmapKind", one_of(kind, "--kind", get_args(api.HeatmapKind))),
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


def show(picture: api.Picture, output: Path | None, *, preview: bool = False) -> None:
    """Write a picture whole and print where it is, or show it in the terminal."""
    for each in picture.notes:
        console.note(each)
    if preview:
        preview_of(picture)
    if output is not None or not preview:
        save(picture, output)


def save(picture: api.Picture, output: Path | None) -> None:
    """Write a picture whole and print where it is."""
    console.result(str(write(picture, output)))


def write(picture: api.Picture, output: Path | None) -> Path:
    """Write a picture whole and return where it is."""
    from usertrack_cli.render.picture import write_png

    path = output or Path(picture.name)
    write_png(picture.image, path, metadata=picture.metadata)
    return path


def preview_of(picture: api.Picture) -> None:
    """Show a picture in the terminal."""
    import os
    import sys

    from usertrack_cli.render.grid import Capabilities
    from usertrack_cli.render.preview import preview_lines

    able = Capabilities.detected(os.environ, encoding=sys.stdout.encoding)
    console.lines(
        preview_lines(
            picture.image,
            columns=console.terminal_width(),
            capabilities=able,
            header=picture.facts,
            top_px=picture.page_top_px,
        )
    )
