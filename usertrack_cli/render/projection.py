"""Where clicks from pages of many widths belong on one drawn layout.

A click remembers its target and the place inside it, so it can be laid on the same element wherever that
stands on the drawn layout. What no box answers to keeps its height and has its ``x`` scaled to the width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from usertrack_cli.render.density import BoolArray, Float64Array, Int32Array
from usertrack_cli.render.layout import Box, BoxKind, Layout

OTHER_CONTAINER_PX = 1e6
"""Added to the distance of a box in another scroller: it is taken only where no other box has the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Clicks in columns of one length, as the query answers them.

    Attributes:
        selector: Target of each click; ``None`` or empty where unknown.
        container: Selector of the inner scroller under the pointer; ``None`` or empty where none.
        element_x: Place in the target, per mille of its width; negative where unknown.
        x: Document px, as ``y``.
        document_w: Width of the document that was clicked, px; 0 or less where unknown.
    """

    selector: Sequence[str | None] | npt.NDArray[np.object_]
    container: Sequence[str | None] | npt.NDArray[np.object_]
    element_x: Int32Array
    element_y: Int32Array
    x: Int32Array
    y: Int32Array
    document_w: Int32Array


@dataclass(frozen=True, slots=True)
class Projection:
    """Clicks laid on a layout.

    Attributes:
        points_px: Shape ``(clicks, 2)``, columns ``x, y`` in document px of the layout.
        is_anchored: True where the click stands on its element, False where only its position was used.
    """

    points_px: Int32Array
    is_anchored: BoolArray

    @property
    def anchored_count(self) -> int:
        """Clicks that stand on their element."""
        return int(np.count_nonzero(self.is_anchored))


def on_layout(clicks: Clicks, layout: Layout) -> Projection:
    """Lay every click on the drawn layout.

    A selector that several boxes share means the box nearest to the scaled position, one in the same
    inner scroller first. A fixed element is wherever the visitor had scrolled to, so only its ``x`` counts
    for nearness; its clicks are laid where the layout draws it. A target scrolled out of its container
    on the drawn layout is not shown there: such clicks go by their position. In a container, which grows
    with what it holds, a click keeps its height on the page as long as that is inside.
    """
    points = _scaled_points(clicks, layout)
    is_anchored = np.zeros(len(points), dtype=np.bool_)
    boxes_of: dict[str | None, list[int]] = {}
    for index, box in enumerate(layout.boxes):
        if box.selector and box.w > 0 and box.h > 0:
            boxes_of.setdefault(box.selector, []).append(index)
    for rows, boxes in _groups(clicks, boxes_of):
        nearest = _nearest(points[rows], rows, clicks=clicks, layout=layout, boxes=boxes)
        _anchor(points, is_anchored, rows, nearest, clicks=clicks, layout=layout)
    return Projection(points, is_anchored)


def scaled_x(x: Int32Array, *, document_w: Int32Array, drawn_w: int) -> Int32Array:
    """Return ``x`` as it would be on a document of the drawn width; unchanged where its own is unknown."""
    known_w = np.where(document_w > 0, document_w, drawn_w)
    scaled = np.floor(x.astype(np.float64) * drawn_w / known_w)
    limits = np.iinfo(np.int32)
    return np.clip(scaled, limits.min, limits.max).astype(np.int32)


def _scaled_points(clicks: Clicks, layout: Layout) -> Int32Array:
    x = scaled_x(clicks.x, document_w=clicks.document_w, drawn_w=layout.document_w)
    return np.stack([x, clicks.y.astype(np.int32)], axis=1)


def _groups(
    clicks: Clicks, boxes_of: dict[str | None, list[int]]
) -> Iterable[tuple[npt.NDArray[np.intp], list[int]]]:
    """Yield, per selector of the layout, the rows of its clicks and its boxes."""
    code_of = {selector: code for code, selector in enumerate(boxes_of)}
    codes = np.fromiter(
        map(code_of.get, clicks.selector, repeat(-1)), dtype=np.int32, count=len(clicks.selector)
    )
    codes[(clicks.element_x < 0) | (clicks.element_y < 0)] = -1
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(boxes_of) + 1))
    for code, boxes in enumerate(boxes_of.values()):
        rows = order[bounds[code] : bounds[code + 1]]
        if rows.size:
            yield rows, boxes


def _nearest(
    points: Int32Array, rows: npt.NDArray[np.intp], *, clicks: Clicks, layout: Layout, boxes: list[int]
) -> Int32Array:
    """Return the index of the box that each click means."""
    # Boxes that stay in place come first: on a tie the click lies inside one of them.
    boxes = sorted(boxes, key=lambda index: layout.boxes[index].is_fixed)
    chosen = np.full(len(points), boxes[0], dtype=np.int32)
    if len(boxes) == 1:
        return chosen
    held = np.array([clicks.container[row] or "" for row in rows], dtype=np.object_)
    least = np.full(len(points), np.inf)
    for index in boxes:
        box = layout.boxes[index]
        distance = _distance(points, box) + OTHER_CONTAINER_PX * (held != _container_selector(layout, box))
        is_nearer = distance < least
        least[is_nearer] = distance[is_nearer]
        chosen[is_nearer] = index
    return chosen


def _distance(points: Int32Array, box: Box) -> Float64Array:
    """Return how far each point is from the box, 0 inside it."""
    points = points.astype(np.float64)
    right_of = np.maximum(box.x - points[:, 0], points[:, 0] - (box.x + box.w - 1))
    below = np.maximum(box.y - points[:, 1], points[:, 1] - (box.y + box.h - 1))
    if box.is_fixed:
        below = np.zeros_like(below)
    return np.hypot(np.maximum(right_of, 0), np.maximum(below, 0))


def _anchor(
    points: Int32Array,
    is_anchored: BoolArray,
    rows: npt.NDArray[np.intp],
    nearest: Int32Array,
    *,
    clicks: Clicks,
    layout: Layout,
) -> None:
    """Move the clicks of one selector onto their boxes."""
    for index in np.unique(nearest):
        box = layout.boxes[index]
        mine = rows[nearest == index]
        x = box.x + _inside(clicks.element_x[mine], box.w)
        y = box.y + _inside(clicks.element_y[mine], box.h)
        if box.kind is BoxKind.CONTAINER and not box.is_fixed:
            was_y = clicks.y[mine]
            y = np.where((was_y >= box.y) & (was_y < box.y + box.h), was_y, y)
        is_shown = _is_shown(x, y, layout=layout, box=box)
        points[mine[is_shown]] = np.stack([x, y], axis=1)[is_shown]
        is_anchored[mine[is_shown]] = True


def _inside(permille: Int32Array, length_px: int) -> npt.NDArray[np.int64]:
    return np.clip(permille.astype(np.int64) * length_px // 1000, 0, length_px - 1)


def _is_shown(
    x: npt.NDArray[np.int64], y: npt.NDArray[np.int64], *, layout: Layout, box: Box
) -> npt.NDArray[np.bool_]:
    """Tell which points are on the drawn page and in the visible part of the box's scroller."""
    shown = (x >= 0) & (x < layout.document_w) & (y >= 0) & (y < layout.document_h)
    if 0 <= box.container < len(layout.boxes):
        frame = layout.boxes[box.container]
        shown &= (x >= frame.x) & (x < frame.x + frame.w) & (y >= frame.y) & (y < frame.y + frame.h)
    return shown


def _container_selector(layout: Layout, box: Box) -> str:
    return layout.boxes[box.container].selector if 0 <= box.container < len(layout.boxes) else ""
