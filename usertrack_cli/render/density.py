"""How often each part of a page was touched, from points to 8-bit tones.

A page is divided into square cells of ``CELL_PX``; everything after the counting costs the same
however many points there were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Float32Array: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
Int32Array: TypeAlias = npt.NDArray[np.int32]
UInt8Array: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

CELL_PX = 4
"""Edge of a cell: an eighth of the usual radius, and a sixteenth of the work of single pixels."""

SIGMAS_PER_RADIUS = 2.5
"""A click has faded to exp(-2.5² / 2) = 4 % of its peak at the radius; that is where the eye loses it."""

SIGMAS_KEPT = 4.0
"""The kernel ends at 0.03 % of its peak: cut at the radius, a lone click would show square corners."""

BLOCK_POINTS = 1 << 20
"""Points counted at a time, so that temporary arrays stay near 30 MB for any number of points."""

CLIP_PERCENTILE = 99.5
"""Of the cells above 0. A single extreme one (a script that clicks, a double-clicked button) would otherwise
darken the rest of the page."""

LOG_STRENGTH = 100.0
"""The log scale spreads the two decades below the clip."""


class Scale(StrEnum):
    """How a density becomes a tone; square root shows the seldom touched without hiding the peaks."""

    SQRT = "sqrt"
    LINEAR = "linear"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Tone:
    """A grid in 8 bits.

    Attributes:
        levels: Same shape as the grid; 255 stands for ``clip`` and everything above it.
        clip: Density at level 255, in the unit of the grid; 0 where the grid is empty.
    """

    levels: UInt8Array
    clip: float
    scale: Scale


def grid_shape(*, width_px: int, height_px: int) -> tuple[int, int]:
    """Return rows and columns of the cells that cover a page; the last of each may hang over."""
    return -(-height_px // CELL_PX), -(-width_px // CELL_PX)


def cell_counts(points_px: Int32Array, *, width_px: int, height_px: int) -> Float32Array:
    """Count the points in each cell of a page.

    Args:
        points_px: Shape ``(points, 2)``, columns ``x, y`` in document pixels. Points outside the page
            are ignored, whatever their values.

    Returns:
        Shape ``grid_shape(...)``. Sums to the points inside the page.
    """
    rows, columns = grid_shape(width_px=width_px, height_px=height_px)
    counts = np.zeros(rows * columns + 1, dtype=np.float64)
    for start in range(0, len(points_px), BLOCK_POINTS):
        block = points_px[start : start + BLOCK_POINTS]
        cells = _cells(block, width_px=width_px, height_px=height_px, columns=columns)
        counts += np.bincount(cells, minlength=rows * columns + 1)
    return counts[:-1].reshape(rows, columns).astype(np.float32)


def _cells(points_px: Int32Array, *, width_px: int, height_px: int, columns: int) -> npt.NDArray[np.uint32]:
    """Return one cell per point; points outside the page get the cell after the last."""
    # Seen as unsigned, a negative coordinate is a huge one: one comparison keeps out both.
    unsigned = np.ascontiguousarray(points_px).view(np.uint32)
    x, y = unsigned[:, 0], unsigned[:, 1]
    outside = np.uint32(-(-height_px // CELL_PX) * columns)
    cells = (y // CELL_PX) * np.uint32(columns) + x // CELL_PX
    return np.where((x < width_px) & (y < height_px), cells, outside)


def is_crowded(
    points_px: Int32Array, session_code: npt.NDArray[np.uint64], *, block_px: int, sessions_min: int
) -> BoolArray:
    """Tell which points lie in squares that at least ``sessions_min`` sessions touched.

    Args:
        points_px: Shape ``(points, 2)``.
        session_code: One per point, equal for points of one session.
        block_px: Edge of the squares.
    """
    if sessions_min <= 1:
        return np.ones(len(points_px), dtype=np.bool_)
    blocks = np.floor_divide(points_px, block_px).astype(np.int64)
    _, block = np.unique(blocks[:, 0] * (1 << 32) + blocks[:, 1], return_inverse=True)
    pairs = np.unique(np.stack([block.astype(np.uint64), session_code], axis=1), axis=0)
    sessions = np.bincount(pairs[:, 0].astype(np.int64), minlength=int(block.max(initial=-1)) + 1)
    crowded: BoolArray = sessions[block] >= sessions_min
    return crowded


def counts_of_cells(
    cells: npt.NDArray[np.integer], *, width_px: int, height_px: int, weights: Float32Array | None = None
) -> Float32Array:
    """Count cells that a query has already computed.

    Args:
        cells: Shape ``(points,)``: ``(y // CELL_PX) * columns + x // CELL_PX``. Numbers that are no
            cell of the page are ignored; the query must keep out an ``x`` beyond the page's width,
            which would otherwise name a cell of the next row.
        weights: One per cell; 1 each where ``None``.

    Returns:
        Shape ``grid_shape(...)``.
    """
    rows, columns = grid_shape(width_px=width_px, height_px=height_px)
    is_inside = (cells >= 0) & (cells < rows * columns)
    if not is_inside.all():
        cells = cells[is_inside]
        weights = None if weights is None else weights[is_inside]
    counts = np.bincount(cells, weights=weights, minlength=rows * columns)
    return counts.reshape(rows, columns).astype(np.float32)


def sigma_px(radius_px: float) -> float:
    """Return the standard deviation of the kernel that fades out at ``radius_px``."""
    return radius_px / SIGMAS_PER_RADIUS


def smooth(grid: Float32Array, *, radius_px: float) -> Float32Array:
    """Spread each cell over its neighbourhood with a separable Gaussian.

    Args:
        grid: Shape ``(rows, columns)`` of cells.
        radius_px: Distance at which one click can hardly be seen any more; sigma is
            ``radius_px / 2.5`` and the kernel is carried on to 4 sigma.

    Returns:
        Same shape. The sum is kept, but for what is spread over the edge of the page.
    """
    kernel = _half_kernel(sigma_px(radius_px) / CELL_PX)
    columns_first = np.ascontiguousarray(_spread_down(grid, kernel).T)
    return np.ascontiguousarray(_spread_down(columns_first, kernel).T)


def _half_kernel(sigma_cells: float) -> Float32Array:
    """Return the kernel from its centre outwards; the centre plus twice the rest is 1.

    Each tap is the Gaussian integrated over a cell, so that a kernel narrower than a cell still sums up.
    """
    reach = math.ceil(SIGMAS_KEPT * sigma_cells)
    edges = (np.arange(reach + 2) - 0.5) / (sigma_cells * math.sqrt(2))
    below = np.array([math.erf(edge) for edge in edges])
    half = np.diff(below)
    taps: Float32Array = (half / (2 * half.sum() - half[0])).astype(np.float32)
    return taps


def _spread_down(grid: Float32Array, kernel: Float32Array) -> Float32Array:
    """Convolve every column with the kernel; nothing comes in from beyond the edges."""
    result: Float32Array = grid * kernel[0]
    part = np.empty_like(grid)
    for distance in range(1, min(len(kernel), len(grid))):
        np.multiply(grid, kernel[distance], out=part)
        result[distance:] += part[:-distance]
        result[:-distance] += part[distance:]
    return result


def clip_of(grid: Float32Array, *, clip_min: float) -> float:
    """Return the density that the strongest colour stands for, at least ``clip_min``; 0 for an empty grid."""
    touched = grid[grid > 0]
    if not touched.size:
        return 0.0
    tiny = float(np.finfo(np.float32).tiny)
    return max(float(np.percentile(touched, CLIP_PERCENTILE)), clip_min, tiny)


def tone(grid: Float32Array, *, scale: Scale, clip_min: float = 0.0) -> Tone:
    """Turn densities into 8-bit levels, monotone in the density.

    Args:
        grid: Never negative.
        scale: What lies between 0 and the clip.
        clip_min: The clip is at least this, so that a lone click does not pass for a hot spot.

    Returns:
        The levels and the density at which they are clipped.
    """
    clip = clip_of(grid, clip_min=clip_min)
    if not clip:
        return Tone(np.zeros(grid.shape, dtype=np.uint8), 0.0, scale)
    ratio = np.minimum(grid / np.float32(clip), np.float32(1))
    levels = np.rint(scaled(ratio, scale) * np.float32(255)).astype(np.uint8)
    return Tone(levels, clip, scale)


def scaled(ratio: Float32Array, scale: Scale) -> Float32Array:
    """Return where on the colour legend (0 to 1) a share of the clip (0 to 1) stands."""
    match scale:
        case Scale.SQRT:
            return np.sqrt(ratio)
        case Scale.LINEAR:
            return ratio
        case Scale.LOG:
            decades: Float32Array = np.log1p(ratio * np.float32(LOG_STRENGTH))
            return decades / np.float32(math.log1p(LOG_STRENGTH))


def ratio_at(position: float, scale: Scale) -> float:
    """Return the share of the clip at a position of the legend; the inverse of ``scaled``."""
    match scale:
        case Scale.SQRT:
            return position**2
        case Scale.LINEAR:
            return position
        case Scale.LOG:
            return math.expm1(position * math.log1p(LOG_STRENGTH)) / LOG_STRENGTH


def nearby_radius_px(radius_px: float) -> float:
    """Return the radius of the disc as large as the kernel: sigma times the square root of 2."""
    return sigma_px(radius_px) * math.sqrt(2)


def nearby_count(density: float, *, radius_px: float) -> float:
    """Return a smoothed density as points within ``nearby_radius_px`` of a place.

    The kernel's peak is ``1 / (2 pi sigma²)``, so a density times ``2 pi sigma²`` is ``n`` for ``n``
    points on one spot, and exactly the points in that disc where they lie evenly.

    Args:
        density: Points per cell.
    """
    return density * kernel_cells(radius_px)


def kernel_cells(radius_px: float) -> float:
    """Return ``2 pi sigma²`` in cells: one point's peak density is 1 by this."""
    return 2 * math.pi * (sigma_px(radius_px) / CELL_PX) ** 2
