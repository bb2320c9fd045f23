"""Pixels and cells: areas of a screen, how one becomes the other, and how far a page is scrolled.

Positions become cells by rounding down, everywhere: so a click sits on the element that it hit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Rect(NamedTuple):
    """Cells from the left and upper edge up to, not including, the right and lower one."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns; not below 0."""
        return max(self.right - self.left, 0)

    @property
    def height(self) -> int:
        """Rows; not below 0."""
        return max(self.bottom - self.top, 0)

    def moved(self, columns: int, rows: int) -> Rect:
        """Return the same size elsewhere."""
        return Rect(self.left + columns, self.top + rows, self.right + columns, self.bottom + rows)

    def within(self, other: Rect) -> Rect:
        """Return the part that both share; empty where it ends before it starts."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        return Rect(left, top, min(self.right, other.right), min(self.bottom, other.bottom))

    def holds(self, column: int, row: int) -> bool:
        """Return whether a cell lies inside."""
        return self.left <= column < self.right and self.top <= row < self.bottom

    def is_about(self, other: Rect) -> bool:
        """Return whether no edge is further than a cell from the same edge of the other."""
        return all(abs(one - two) <= 1 for one, two in zip(self, other, strict=True))


@dataclass(frozen=True, slots=True)
class Scale:
    """How document pixels become cells: the viewport's size in both."""

    columns: int
    rows: int
    viewport_w: int
    viewport_h: int

    @property
    def screen(self) -> Rect:
        """All cells of the viewport."""
        return Rect(0, 0, self.columns, self.rows)

    def column(self, x: int) -> int:
        """Return the column that holds the pixel ``x``."""
        return x * self.columns // self.viewport_w

    def row(self, y: int) -> int:
        """Return the row that holds the pixel ``y``."""
        return y * self.rows // self.viewport_h


@dataclass(frozen=True, slots=True)
class Scrolling:
    """How far the page and its inner scrollers, by selector, are scrolled, in pixels."""

    x: int = 0
    y: int = 0
    containers: tuple[tuple[str, int, int], ...] = ()

    def of(self, selector: str) -> tuple[int, int]:
        """Return the offset of one inner scroller."""
        return next(((x, y) for name, x, y in self.containers if name == selector), (0, 0))
