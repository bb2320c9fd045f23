"""Difference maps: where one group of sessions did more than another, and where less."""

from __future__ import annotations

import numpy as np
from PIL import Image

from usertrack_cli.render import density, palette
from usertrack_cli.render.backdrop import Backdrop
from usertrack_cli.render.caption import Caption, Legend, number_text
from usertrack_cli.render.density import Float32Array, UInt8Array
from usertrack_cli.render.heatmap import RADIUS_PX, captioned, check_drawable, lay_over, page_levels

NONE = 128
"""The level of no difference; 1 is the most less, 255 the most more."""

PER_SESSIONS = 100
"""Both sides are counted for so many sessions, or the larger one would be more everywhere."""


def difference_levels(
    less: Float32Array, more: Float32Array, *, clip_min: float = 0.0
) -> tuple[UInt8Array, float]:
    """Return levels around ``NONE`` and the difference at which they are clipped.

    The square root of the difference is drawn, as on a heatmap; both signs have the same scale.

    Args:
        less: Densities of the first group; where they are the larger ones levels are below ``NONE``.
        more: Of the second, same shape.
    """
    change = more - less
    size = np.abs(change)
    clip = density.clip_of(size, clip_min=clip_min)
    if not clip:
        return np.full(change.shape, NONE, dtype=np.uint8), 0.0
    ratio = np.sqrt(np.minimum(size / np.float32(clip), np.float32(1)))
    levels: UInt8Array = np.rint(NONE + np.sign(change) * ratio * (255 - NONE)).astype(np.uint8)
    return levels, clip


def difference_picture(
    less: Float32Array,
    more: Float32Array,
    *,
    backdrop: Backdrop,
    caption: Caption,
    events_min: float,
    radius_px: float = RADIUS_PX,
    opacity: float = palette.OPACITY,
) -> Image.Image:
    """Draw a difference map with its caption above it.

    Args:
        less: Per cell, unsmoothed, for ``PER_SESSIONS`` sessions of the first group; ``more`` of the second.
        events_min: The strongest colours stand for at least this difference on one spot.

    Raises:
        UsageError: Radius or opacity is out of range.
    """
    check_drawable(radius_px=radius_px, opacity=opacity)
    levels, clip = difference_levels(
        density.smooth(less, radius_px=radius_px),
        density.smooth(more, radius_px=radius_px),
        clip_min=events_min / density.kernel_cells(radius_px),
    )
    table, alpha = palette.diverging_table(), palette.diverging_alpha_table(opacity)
    nearby = density.nearby_count(clip, radius_px=radius_px)
    reach = np.rint(density.nearby_radius_px(radius_px))
    steps = [(0.0, -1.0), (0.25, -0.25), (0.5, 0.0), (0.75, 0.25), (1.0, 1.0)]
    ticks = tuple((at, _signed(share * nearby)) for at, share in steps) if nearby else ((0.5, "0"),)
    lines = (
        f"{caption.unit} per {PER_SESSIONS} sessions within {reach:.0f} px of a point, square root scale",
        *filter(None, (caption.definition,)),
    )
    legend = Legend(palette.over_white(table, alpha), ticks, lines)
    picture = captioned(backdrop.image, backdrop=backdrop, caption=caption, legend=legend)
    lay_over(picture, page_levels(levels, backdrop), table=table, alpha=alpha)
    return picture


def _signed(value: float) -> str:
    if value == 0:
        return "0"
    return f"{'−' if value < 0 else '+'}{number_text(abs(value))}"
