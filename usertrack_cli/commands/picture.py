"""What commands that draw share: their options, and where a picture goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from usertrack_cli import api, console, suggestions
from usertrack_cli.options import one_of

USUAL = api.Thresholds()
"""What makes a rage click and a dead click unless the options say otherwise."""
COLORMAPS = ("inferno", "turbo", "viridis", "cividis")

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


def kind_of(text: str) -> api.HeatmapKind:
    """Return the kind that was typed.

    Raises:
        UsageError: There is no such kind.
    """
    return cast("api.HeatmapKind", one_of(text, "--kind", get_args(api.HeatmapKind)))


def show(picture: api.Picture, output: Path | None, *, preview: bool) -> None:
    """Write a picture whole and print where it is, or show it in the terminal."""
    for each in picture.notes:
        console.note(each)
    if preview:
        preview_of(picture)
    if output is not None or not preview:
        console.result(str(write(picture, output)))


def write(picture: api.Picture, output: Path | None) -> Path:
    """Write a picture whole and return where it is."""
    from usertrack_cli.render.picture import write_png

    path = output or Path(picture.name)
    write_png(picture.image, path, metadata=picture.metadata)
    return path


def preview_of(picture: api.Picture) -> None:
    """Show a picture in the terminal."""
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
