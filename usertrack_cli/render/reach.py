"""Reach: from the depth of single sessions to the share of them that saw each band of a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from usertrack_cli.render.density import Float32Array, Float64Array, Int32Array

BAND_PX = 10
"""Height of a band: less than a line of text."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Bottom edge of the first viewport over the sessions, document px: median and middle half."""

    median_px: int
    p25_px: int
    p75_px: int


def band_count(height_px: int) -> int:
    """Return how many bands of ``BAND_PX`` cover a page; the last may hang over."""
    return -(-height_px // BAND_PX)


def reach_curve(depth_ratio: Float64Array, *, height_px: int) -> Float32Array:
    """Return the share of sessions that saw each band, from the top.

    A session saw a band when the bottom edge of its viewport passed the band's middle at least
    once; depths are shares of the page's height, so pages that differ in height add up.

    Args:
        depth_ratio: Shape ``(sessions,)``, 0 to 1.

    Returns:
        Shape ``(bands,)``, 0 to 1, never rising; zeros where there are no sessions.
    """
    bands = band_count(height_px)
    middles = (np.arange(bands) + 0.5) * BAND_PX
    middles = np.minimum(middles, height_px)
    depths = np.sort(np.asarray(depth_ratio, dtype=np.float64) * height_px)
    if len(depths) == 0:
        return np.zeros(bands, dtype=np.float32)
    # A depth that was divided and multiplied again may fall short of itself by a rounding.
    seen = len(depths) - np.searchsorted(depths, middles - 1e-6, side="left")
    curve: Float32Array = (seen / len(depths)).astype(np.float32)
    return curve


def fold_of(fold_px: Int32Array) -> Fold | None:
    """Return median and quartiles of the first viewports' heights; ``None`` without sessions."""
    if len(fold_px) == 0:
        return None
    p25, median, p75 = np.percentile(fold_px, [25, 50, 75])
    return Fold(median_px=round(median), p25_px=round(p25), p75_px=round(p75))


def attention_of(
    top_px: Int32Array,
    bottom_px: Int32Array,
    active_ms: Int32Array,
    *,
    height_px: int,
    session_count: int,
) -> Float32Array | None:
    """Return how many seconds of active time each band was in view, per session.

    Args:
        top_px: One element a stretch of active time: the upper edge of what was in view.
        bottom_px: Its lower edge, exclusive.

    Returns:
        Shape ``(bands,)``, from the top; ``None`` where no active time was recorded.
    """
    if len(active_ms) == 0 or session_count == 0 or not int(np.sum(active_ms)):
        return None
    bands = band_count(height_px)
    first = np.clip(top_px // BAND_PX, 0, bands)
    after = np.clip(-(-bottom_px // BAND_PX), 0, bands)
    # A difference array: time begins at the first band and ends after the last.
    begun, over = (np.bincount(at, weights=active_ms, minlength=bands + 1) for at in (first, after))
    seconds = np.cumsum((begun - over)[:-1]) / 1000 / session_count
    shown: Float32Array = np.maximum(seconds, 0).astype(np.float32)
    return shown
