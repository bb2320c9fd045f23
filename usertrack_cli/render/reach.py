"""Reach: from the depth of single sessions to the share of them that saw each band of a page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from usertrack_cli.render.scrollmap import BAND_PX, Attention, Fold

Float32Array = npt.NDArray[np.float32]


def band_count(height_px: int, *, band_px: int = BAND_PX) -> int:
    """Return how many bands cover a page; the last may hang over."""
    return -(-height_px // band_px)


def reach_curve(
    depth_ratio: npt.NDArray[np.float64], *, height_px: int, band_px: int = BAND_PX
) -> Float32Array:
    """Return the share of sessions that saw each band, from the top.

    A session saw a band when the bottom edge of its viewport passed the band's middle at least
    once; depths are shares of the page's height, so pages that differ in height add up.

    Args:
        depth_ratio: Shape ``(sessions,)``, 0 to 1.

    Returns:
        Shape ``(bands,)``, 0 to 1, never rising; zeros where there are no sessions.
    """
    bands = band_count(height_px, band_px=band_px)
    middles = (np.arange(bands) + 0.5) * band_px
    middles = np.minimum(middles, height_px)
    depths = np.sort(np.asarray(depth_ratio, dtype=np.float64) * height_px)
    if len(depths) == 0:
        return np.zeros(bands, dtype=np.float32)
    # A depth that was divided and multiplied again may fall short of itself by a rounding.
    seen = len(depths) - np.searchsorted(depths, middles - 1e-6, side="left")
    curve: Float32Array = (seen / len(depths)).astype(np.float32)
    return curve


def fold_of(fold_px: npt.NDArray[np.int32]) -> Fold | None:
    """Return median and quartiles of the first viewports' heights; ``None`` without sessions."""
    if len(fold_px) == 0:
        return None
    p25, median, p75 = np.percentile(fold_px, [25, 50, 75])
    return Fold(median_px=round(median), p25_px=round(p25), p75_px=round(p75))


def attention_of(
    top_px: npt.NDArray[np.int32],
    bottom_px: npt.NDArray[np.int32],
    active_ms: npt.NDArray[np.int32],
    *,
    height_px: int,
    session_count: int,
    band_px: int = BAND_PX,
) -> Attention | None:
    """Return how many seconds of active time each band was in view, per session.

    Args:
        top_px: One element a stretch of active time: the upper edge of what was in view.
        bottom_px: Its lower edge, exclusive.

    Returns:
        ``None`` where no active time was recorded.
    """
    if len(active_ms) == 0 or session_count == 0 or not int(np.sum(active_ms)):
        return None
    bands = band_count(height_px, band_px=band_px)
    first = np.clip(top_px // band_px, 0, bands)
    after = np.clip(-(-bottom_px // band_px), 0, bands)
    # A difference array: time begins at the first band and ends after the last.
    edges = np.zeros(bands + 1, dtype=np.float64)
    np.add.at(edges, first, active_ms)
    np.add.at(edges, after, -active_ms.astype(np.float64))
    seconds = np.cumsum(edges[:-1]) / 1000 / session_count
    return Attention(seconds=np.maximum(seconds, 0).astype(np.float32))
