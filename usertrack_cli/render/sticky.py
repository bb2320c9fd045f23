"""Elements that keep their place while the page scrolls: at once, or once they reach the header.

A layout marks both alike. What lies over other content was put there for good; what has its own place in the
page is sticky: it scrolls with the page until it meets the header, and leaves with what it stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.render.layout import Box, BoxKind

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN_PX = 24
"""Kept from the header: what most style sheets leave there."""
TOP_PX_MAX = 8
GROUPS_MAX = 12
"""Elements of this sort on one page; more would be a page that means to be slow."""


@dataclass(frozen=True, slots=True)
class Sticky:
    """One such element with all it holds.

    Attributes:
        members: Indices of its boxes.
        stop_px: Where its upper edge stays in the viewport.
        limit_px: Document position that its lower edge never passes.
    """

    members: frozenset[int]
    top_px: int
    bottom_px: int
    stop_px: int
    limit_px: int

    def shift_px(self, scroll_y: int) -> int:
        """Return how far it has moved up in the viewport."""
        wanted = max(self.top_px - scroll_y, min(self.stop_px, self.top_px))
        return self.top_px - min(
            wanted, max(self.limit_px, self.bottom_px) - scroll_y - (self.bottom_px - self.top_px)
        )


def sticky_groups(boxes: Sequence[Box]) -> tuple[Sticky, ...]:
    """Return the sticky elements of a layout; its other fixed boxes stay where they are."""
    fixed = [index for index, box in enumerate(boxes) if box.is_fixed]
    header_px = max(
        (
            boxes[i].y + boxes[i].h
            for i in fixed
            if boxes[i].y <= TOP_PX_MAX and boxes[i].kind is BoxKind.CONTAINER
        ),
        default=0,
    )
    content = [box for box in boxes if not box.is_fixed and box.kind is not BoxKind.CONTAINER]
    groups: list[Sticky] = []
    grouped: set[int] = set()
    for index in fixed:
        root = boxes[index]
        if index in grouped or root.y < max(header_px, TOP_PX_MAX + 1) or len(groups) >= GROUPS_MAX:
            continue
        members = frozenset(i for i in fixed if i not in grouped and boxes[i].overlaps(root))
        grouped |= members
        if members and not any(box.overlaps(root) for box in content):
            around = [
                box.y + box.h
                for box in boxes
                if box.kind is BoxKind.CONTAINER and not box.is_fixed and box.holds(root) and box.h > root.h
            ]
            bottom = root.y + root.h
            limit = min(around, default=bottom)
            groups.append(Sticky(members, root.y, bottom, header_px + MARGIN_PX, limit))
    return tuple(groups)
