"""A layout drawn as character cells, once for the whole document, and the part of it that shows.

The document is drawn whole and scrolled by whole rows; fixed and sticky elements and the contents of inner
scrollers are layers of their own, laid on top where they belong at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.render.border import draw_borders
from usertrack_cli.render.geometry import Rect, Scale, Scrolling
from usertrack_cli.render.grid import Grid
from usertrack_cli.render.label import POINTED_AT, Label, labels_of, write_labels
from usertrack_cli.render.layout import PICTURES, Box, BoxKind, Layout
from usertrack_cli.render.sticky import sticky_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS_MAX = 2_000
"""Rows of a drawn document: 40 screens of 50; a page that claims more is cut, or memory would follow it."""
SCREENS_WIDE_MAX = 2
"""Screens that a document may be wide, for the same reason."""
DEPTH_MAX = 8
"""Inner scrollers within each other; what claims to lie deeper is drawn where the page has it."""
ATTRACTED_ROWS_MAX = 4
"""Height up to which the whole of a button, field or link counts as the row of its label."""

PAGE_LAYER = -1
FIXED_LAYER = -2
"""Sticky elements follow downwards from here, a layer each."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the label of a box stands: its layer, its cells there, and the cells of the whole box."""

    layer: int
    kind: BoxKind
    rect: Rect
    area: Rect

    @property
    def is_one_row(self) -> bool:
        """True where the label's row stands for the whole of a small element."""
        return self.kind in POINTED_AT and self.area.height <= ATTRACTED_ROWS_MAX


class Wireframe:
    """A layout at one scale; to draw it is slow, to show a part of it fast.

    Args:
        layout: Drawn at its own width: stretched where the viewport has another one by now.
        scale: Of the viewport that looks at it.

    Attributes:
        spots: Where labels stand, by selector.
    """

    def __init__(self, layout: Layout, scale: Scale) -> None:
        self.scale = scale
        self.spots: dict[str, Spot] = {}
        self._targets: dict[int, list[tuple[Box, Spot]]] = {}
        self._boxes = layout.boxes
        self._document_h = layout.document_h
        self._sticky = sticky_groups(layout.boxes)
        self._parents = self._layers(layout.boxes)
        self._own = Scale(scale.columns, scale.rows, max(layout.viewport_w, 1), scale.viewport_h)
        widest = max(self._own.column(layout.document_w), scale.columns)
        self._width = min(widest, scale.columns * SCREENS_WIDE_MAX)
        self._rects = [self._rect(index) for index in range(len(layout.boxes))]
        self._scrollers = sorted({parent for parent in self._parents if parent >= 0}, key=self._depth)
        # What covers the page, from below to above.
        self._floating = [FIXED_LAYER - 1 - place for place in range(len(self._sticky))] + [FIXED_LAYER]
        self._grids = {layer: self._drawn(layer) for layer in (PAGE_LAYER, *self._scrollers, *self._floating)}
        self._covers = {
            layer: [self._rects[index] for index, parent in enumerate(self._parents) if parent == layer]
            for layer in self._floating
        }

    def view(self, scrolling: Scrolling) -> Grid:
        """Return what the viewport shows, as a new grid of the scale's columns and rows."""
        view = Grid(self.scale.columns, self.scale.rows)
        self._lay(view, PAGE_LAYER, scrolling)
        for layer in self._scrollers:
            if self._root(layer) == PAGE_LAYER:
                self._lay(view, layer, scrolling)
        for floating in self._floating:
            offset = self._offset(floating, scrolling)
            for rect in self._covers[floating]:
                area = rect.moved(*offset).within(self.scale.screen)
                for y in range(area.top, area.bottom):
                    view.clear(area.left, y, area.width)
            self._lay(view, floating, scrolling)
            for layer in self._scrollers:
                if self._root(layer) == floating:
                    self._lay(view, layer, scrolling)
        return view

    def on_screen(self, spot: Spot, scrolling: Scrolling) -> Rect:
        """Return the cells of the view where a label stands; empty while it is scrolled out."""
        return spot.rect.moved(*self._offset(spot.layer, scrolling)).within(self._window(spot.layer, scrolling))

    def cell(self, x: int, y: int, scrolling: Scrolling) -> tuple[int, int]:
        """Return column and row of a point in viewport pixels, on the element that it is over."""
        column, row = self.scale.column(x), self.scale.row(y)
        for layer in reversed(self._floating):
            offset = self._offset(layer, scrolling)
            if any(rect.moved(*offset).holds(column, row) for rect in self._covers[layer]):
                return self._on_target(
                    layer, (x, y + self._shift_px(layer, scrolling)), (column, row), scrolling
                )
        page_x, page_y = x + scrolling.x, y + scrolling.y
        column = self.scale.column(page_x) - self.scale.column(scrolling.x)
        row = self.scale.row(page_y) - self.scale.row(scrolling.y)
        for layer in reversed(self._scrollers):
            if self._root(layer) == PAGE_LAYER and self._window(layer, scrolling).holds(column, row):
                # Rounded as the contents are: first what they are scrolled by, then the page.
                inner_x, inner_y = scrolling.of(self._boxes[layer].selector)
                columns, rows = self._offset(layer, scrolling)
                point = page_x + inner_x, page_y + inner_y
                natural = self.scale.column(point[0]) + columns, self.scale.row(point[1]) + rows
                return self._on_target(layer, point, natural, scrolling)
        return self._on_target(PAGE_LAYER, (page_x, page_y), (column, row), scrolling)

    def anchored(self, spot: Spot, place: tuple[int, int], scrolling: Scrolling) -> tuple[int, int] | None:
        """Return the cell at a place inside an element, in thousandths of it; ``None`` where it is hidden."""
        window = self._window(spot.layer, scrolling)
        rect = spot.rect if spot.is_one_row else spot.area
        moved = rect.moved(*self._offset(spot.layer, scrolling))
        column = moved.left + min(max(place[0], 0), 999) * moved.width // 1000
        row = moved.top + min(max(place[1], 0), 999) * moved.height // 1000
        return (column, row) if window.holds(column, row) else None

    def _on_target(
        self, layer: int, point: tuple[int, int], cell: tuple[int, int], scrolling: Scrolling
    ) -> tuple[int, int]:
        """Return the cell, moved onto the label of the small element that the point is in."""
        columns, rows = self._offset(layer, scrolling)
        x, y = point[0] * self._own.viewport_w // self.scale.viewport_w, point[1]
        for box, spot in reversed(self._targets[layer]):
            if not (box.x <= x < box.x + box.w and box.y <= y < box.y + box.h):
                continue
            column = cell[0] - columns
            is_beside = spot.area.left <= column < spot.area.right and spot.rect.left >= spot.area.left
            if not (spot.rect.left <= column < spot.rect.right or (is_beside and spot.rect.right <= column)):
                column = spot.rect.left + (x - box.x) * spot.rect.width // max(box.w, 1)
            return column + columns, spot.rect.top + rows
        return cell

    def _layers(self, boxes: Sequence[Box]) -> list[int]:
        """Return the layer that each box is drawn on; a container that cannot be one is ignored."""
        parents = []
        for index, box in enumerate(boxes):
            chain = [index]
            while 0 <= boxes[chain[-1]].container < len(boxes) and len(chain) <= DEPTH_MAX:
                chain.append(boxes[chain[-1]].container)
            is_inner = 1 < len(chain) <= DEPTH_MAX and boxes[box.container].kind is BoxKind.CONTAINER
            own_layer = FIXED_LAYER if box.is_fixed else PAGE_LAYER
            for place, sticky in enumerate(self._sticky):
                if index in sticky.members:
                    own_layer = FIXED_LAYER - 1 - place
            parents.append(box.container if is_inner else own_layer)
        return parents

    def _rect(self, index: int) -> Rect:
        box = self._boxes[index]
        left, top = self._own.column(box.x), self._own.row(box.y)
        right = max(self._own.column(box.x + box.w), left + 1)
        # A picture leaves its last row, if it ends inside it, to what stands below.
        below = self._own.row(box.y + box.h) if box.kind in PICTURES else self._own.row(box.y + box.h - 1) + 1
        bottom = max(below, top + 1)
        if self._parents[index] == FIXED_LAYER and top > 0 and bottom > self.scale.rows:
            # Measured while the page was scrolled: bring it back to the lower edge of the screen.
            shift = max(self.scale.rows - bottom, -top)
            return Rect(left, top + shift, right, bottom + shift)
        return Rect(left, top, right, bottom)

    def _drawn(self, layer: int) -> Grid:
        members = [index for index, parent in enumerate(self._parents) if parent == layer]
        boxes = [(self._boxes[index], self._rects[index]) for index in members]
        height = max((rect.bottom for _, rect in boxes), default=0)
        grid = Grid(self._width, min(height, ROWS_MAX))
        scrollers = [self._boxes[scroller] for scroller in self._scrollers]
        rows = max(self._own.row(self._document_h), 1)
        draw_borders(grid, boxes, scrollers=scrollers, rows=rows)
        obstacles = []
        if layer == PAGE_LAYER:
            obstacles = [self._rects[min(sticky.members)] for sticky in self._sticky]
        self._targets[layer] = []
        labels = labels_of(boxes, row_of=self._middle)
        for label, rect in write_labels(grid, labels, obstacles=obstacles):
            spot = Spot(layer, label.box.kind, rect, self._area(label))
            for selector in label.selectors:
                self.spots.setdefault(selector, spot)
            if spot.is_one_row:
                self._targets[layer].append((label.box, spot))
        return grid

    def _area(self, label: Label) -> Rect:
        return label.rect.within(Rect(0, 0, self._width, ROWS_MAX))

    def _middle(self, box: Box, rect: Rect) -> int:
        if box.kind is BoxKind.TEXT:
            return rect.top
        return rect.top + self._own.row(box.y + box.h // 2) - self._own.row(box.y)

    def _depth(self, layer: int) -> int:
        return 0 if layer < 0 else 1 + self._depth(self._parents[layer])

    def _root(self, layer: int) -> int:
        return layer if layer < 0 else self._root(self._parents[layer])

    def _shift_px(self, layer: int, scrolling: Scrolling) -> int:
        if layer >= FIXED_LAYER:
            return 0
        return self._sticky[FIXED_LAYER - 1 - layer].shift_px(max(scrolling.y, 0))

    def _offset(self, layer: int, scrolling: Scrolling) -> tuple[int, int]:
        if layer < PAGE_LAYER:
            return 0, -self.scale.row(self._shift_px(layer, scrolling))
        if layer == PAGE_LAYER:
            return -self.scale.column(scrolling.x), -self.scale.row(scrolling.y)
        columns, rows = self._offset(self._parents[layer], scrolling)
        inner_x, inner_y = scrolling.of(self._boxes[layer].selector)
        return columns - self._own.column(inner_x), rows - self._own.row(inner_y)

    def _window(self, layer: int, scrolling: Scrolling) -> Rect:
        if layer < 0:
            return self.scale.screen
        parent = self._parents[layer]
        rect = self._rects[layer].moved(*self._offset(parent, scrolling))
        return rect.within(self._window(parent, scrolling))

    def _lay(self, view: Grid, layer: int, scrolling: Scrolling) -> None:
        grid = self._grids[layer]
        columns, rows = self._offset(layer, scrolling)
        area = Rect(0, 0, grid.width, grid.height).moved(columns, rows).within(self._window(layer, scrolling))
        if area.left >= area.right:
            return
        start, end = area.left - columns, area.right - columns
        for y in range(area.top, area.bottom):
            view.lay(area.left, y, grid.characters[y - rows][start:end], grid.styles[y - rows][start:end])
