"""A page's layout: the boxes that the tracker measured, without the page itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FIXED = 1
"""Flag of a box (and of a click) whose element is fixed or sticky: it moves with the viewport."""


class BoxKind(StrEnum):
    """What a box stands for; the values are the wire format's letters."""

    HEADING = "h"
    LINK = "a"
    BUTTON = "b"
    FIELD = "f"
    IMAGE = "i"
    MEDIA = "m"
    TEXT = "t"
    CONTAINER = "x"


@dataclass(frozen=True, slots=True)
class Box:
    """One element of a page, in document pixels.

    Attributes:
        x: Left edge; the content of an inner scroller stands where it is when not scrolled.
        text: Masked label, empty where none was kept.
        selector: How the tracker names the element in clicks too; may be empty.
        container: Index in the layout of the inner scroller that holds the box, or -1.
    """

    kind: BoxKind
    x: int
    y: int
    w: int
    h: int
    text: str = ""
    flags: int = 0
    selector: str = ""
    container: int = -1

    @property
    def is_fixed(self) -> bool:
        """True where the element keeps its place in the viewport while the page scrolls."""
        return bool(self.flags & FIXED)


@dataclass(frozen=True, slots=True)
class Layout:
    """The boxes of one page at one document size."""

    page: str
    hash: str
    document_w: int
    document_h: int
    viewport_w: int
    viewport_h: int
    boxes: tuple[Box, ...]

    def box_of(self, selector: str) -> Box | None:
        """Return the first box with ``selector``, or ``None``."""
        return next((box for box in self.boxes if box.selector == selector), None)
