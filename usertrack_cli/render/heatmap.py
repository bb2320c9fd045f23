"""Heatmaps: where visitors clicked, pointed or rested, as colour over the page."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from usertrack_cli.errors import UsageError
from usertrack_cli.render import density, palette
from usertrack_cli.render.backdrop import Backdrop
from usertrack_cli.render.caption import WIDTH_MIN_PX, Caption, Legend, caption_picture, number_text, stacked
from usertrack_cli.render.density import CELL_PX, Float32Array, Scale, Tone, UInt8Array, grid_shape
from usertrack_cli.render.palette import Colormap

RADIUS_PX = 24
RADIUS_MAX_PX = 400
"""A wider kernel is a picture of one blur, and costs more than everything else together."""

BAND_PX = 256
"""Rows coloured at a time: little new memory is touched, and bands where nothing happened are left alone."""

EVENTS_AT_CLIP_MIN = 2
"""The hottest colour stands for at least so many events on one spot: one alone is no pattern."""

SCALE_NAMES = {Scale.SQRT: "square root scale", Scale.LINEAR: "linear scale", Scale.LOG: "logarithmic scale"}


def heatmap_picture(
    counts: Float32Array,
    *,
    backdrop: Backdrop,
    caption: Caption,
    colormap: Colormap = Colormap.INFERNO,
    scale: Scale = Scale.SQRT,
    radius_px: float = RADIUS_PX,
    opacity: float = palette.OPACITY,
) -> Image.Image:
    """Draw a heatmap with its caption above it.

    Args:
        counts: Per cell, unsmoothed, as ``density.cell_counts`` returns them for the backdrop's document.
        radius_px: How far one event is seen, in document px.
        opacity: Of the hottest colour, 0 to 1.

    Raises:
        UsageError: Radius or opacity is out of range.
    """
    check_drawable(radius_px=radius_px, opacity=opacity)
    expected = grid_shape(width_px=backdrop.document_w, height_px=backdrop.document_h)
    if counts.shape != expected:
        raise ValueError(f"counts are {counts.shape}, the page has {expected} cells")
    lone = EVENTS_AT_CLIP_MIN / density.kernel_cells(radius_px)
    tone = density.tone(density.smooth(counts, radius_px=radius_px), scale=scale, clip_min=lone)
    table, alpha = palette.colour_table(colormap), palette.alpha_table(opacity)
    legend = density_legend(
        tone, unit=caption.unit, radius_px=radius_px, colours=palette.over_white(table, alpha)
    )
    if caption.definition:
        legend = replace(legend, lines=(*legend.lines, caption.definition))
    picture = captioned(backdrop.image, backdrop=backdrop, caption=caption, legend=legend)
    lay_over(picture, page_levels(tone.levels, backdrop), table=table, alpha=alpha)
    return picture


def check_drawable(*, radius_px: float, opacity: float) -> None:
    """Refuse what no picture can be drawn with.

    Raises:
        UsageError: Radius or opacity is out of range.
    """
    if not 1 <= radius_px <= RADIUS_MAX_PX:
        raise UsageError(f"a radius of {radius_px:g} px cannot be drawn", hint=f"choose 1 to {RADIUS_MAX_PX}")
    if not 0 <= opacity <= 1:
        raise UsageError(f"an opacity of {opacity:g} cannot be drawn", hint="choose 0 to 1")


def page_levels(levels: UInt8Array, backdrop: Backdrop) -> Image.Image:
    """Return cell levels as large as the drawn page, interpolated; mode ``L``."""
    cells = Image.fromarray(levels)
    # The last row and column may hang over the page; what hangs over must not squeeze the rest.
    shown = 0, 0, backdrop.document_w / CELL_PX, backdrop.document_h / CELL_PX
    return cells.resize(backdrop.image.size, Image.Resampling.BILINEAR, box=shown)


def lay_over(picture: Image.Image, levels: Image.Image, *, table: UInt8Array, alpha: UInt8Array) -> None:
    """Lay each level's colour over the page that ``picture`` shows below its caption, if it has one."""
    left, above = picture.info.get("body-at", (0, 0))
    opacities = alpha.tolist()
    for top in range(0, levels.height, BAND_PX):
        bottom = min(top + BAND_PX, levels.height)
        band = levels.crop((0, top, levels.width, bottom))
        mask = band.point(opacities)
        if mask.getbbox() is None:
            continue
        band.putpalette(table.tobytes())
        picture.paste(band.convert("RGB"), (left, above + top), mask)


def density_legend(tone: Tone, *, unit: str, radius_px: float, colours: UInt8Array) -> Legend:
    """Say what the colours of a density mean, in events around a point."""
    nearby = density.nearby_count(tone.clip, radius_px=radius_px)
    middle = [(at, number_text(nearby * density.ratio_at(at, tone.scale))) for at in (0.25, 0.5, 0.75)]
    ticks = ((0.0, "0"), *middle, (1.0, f"{number_text(nearby)} or more"))
    reach = np.rint(density.nearby_radius_px(radius_px))
    text = f"{unit} within {reach:.0f} px of a point, {SCALE_NAMES[tone.scale]}"
    return Legend(colours, ticks if nearby else ((0.0, "0"),), (text,))


def captioned(body: Image.Image, *, backdrop: Backdrop, caption: Caption, legend: Legend) -> Image.Image:
    """Put the caption above a drawn page."""
    type_scale = backdrop.type_scale
    caption = replace(caption, notes=(*caption.notes, *backdrop.notes))
    width_px = max(body.width, round(WIDTH_MIN_PX * type_scale))
    return stacked(caption_picture(caption, legend, width_px=width_px, scale=type_scale), body)
