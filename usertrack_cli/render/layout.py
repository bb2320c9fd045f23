"""A page's layout: the boxes that the tracker measured, without the page itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from usertrack_cli.render.text import ELLIPSIS

LABEL_CHARACTERS = 24
"""The tracker keeps that many characters of a label; one that long was probably cut."""
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


PICTURES = frozenset([BoxKind.IMAGE, BoxKind.MEDIA])


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

    def holds(self, other: Box, *, slack_px: int = 0) -> bool:
        """Return whether the other lies inside, or sticks out by no more than ``slack_px``."""
        return (
            self.x - slack_px <= other.x
            and self.y - slack_px <= other.y
            and other.x + other.w <= self.x + self.w + slack_px
            and other.y + other.h <= self.y + self.h + slack_px
        )

    def overlaps(self, other: Box) -> bool:
        """Return whether both share some of the page."""
        return (
            self.x < other.x + other.w
            and other.x < self.x + self.w
            and self.y < other.y + other.h
            and other.y < self.y + self.h
        )


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


def cut_text(text: str) -> str:
    """Return a label of the tracker; what it cut short ends in an ellipsis."""
    return f"{text.rstrip()}{ELLIPSIS}" if len(text) == LABEL_CHARACTERS else text
