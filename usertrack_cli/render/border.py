"""What stands around the elements of a page: cards, and the rules under a header and above a footer.

A layout says where containers are, not which of them a reader sees. The words tell: a card keeps them away
from its edge; what they touch the edge of is only a way to arrange them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.render.geometry import Rect
from usertrack_cli.render.grid import Role, Style
from usertrack_cli.render.layout import PICTURES, Box, BoxKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from usertrack_cli.render.grid import Grid

SCENERY_RATIO = 0.9
"""A container that takes this much of the document's width is scenery, not a card."""
PADDING_PX_MIN = 6
"""Words nearer to an edge than this stand beside no line."""
CARD_COLUMNS_MIN, CARD_ROWS_MIN = 8, 4
"""A smaller card is all border and no content."""
SCROLLER_ROWS_MIN = 3
HEADER_ROWS_MAX = 8
FILLING = Style(Role.FAINT, dim=True)
RULE = "╌"

_JOINTS = " │││─┘┐┤─└┌├─┴┬┼"
"""Border pieces by their arms, the sum of up 1, down 2, left 4, right 8."""
BORDERS = frozenset(_JOINTS[1:])
SIDES = BORDERS - {"─"}
"""Pieces that no label crosses."""


def draw_borders(
    grid: Grid, boxes: Sequence[tuple[Box, Rect]], *, scrollers: Iterable[Box] = (), rows: int
) -> None:
    """Draw cards as lines that join where they meet, and rules where the page's own parts end.

    Args:
        boxes: Of one layer, in document order, with their cells.
        rows: Of the whole document.
        scrollers: Containers that scroll; they show where they end, whatever stands in them.
    """
    words = [box for box, _ in boxes if box.kind is not BoxKind.CONTAINER and box.kind not in PICTURES]
    pictures = {rect for box, rect in boxes if box.kind in PICTURES}
    always = {id(box) for box in scrollers}
    drawn: list[Rect] = []
    arms: dict[tuple[int, int], int] = {}
    for box, rect in boxes:
        if box.kind is not BoxKind.CONTAINER:
            continue
        if rect.width >= grid.width * SCENERY_RATIO:
            _draw_rule(grid, rect, document_rows=rows)
        elif (id(box) in always and rect.height >= SCROLLER_ROWS_MIN) or (
            _is_card(rect, drawn, pictures) and _keeps_distance(box, words)
        ):
            drawn.append(rect)
            _add_arms(arms, rect.within(Rect(0, 0, grid.width, grid.height)))
    for (x, y), sum_of_arms in arms.items():
        grid.put(x, y, _JOINTS[sum_of_arms], Style(Role.LINE))


def _is_card(rect: Rect, drawn: Sequence[Rect], pictures: set[Rect]) -> bool:
    """Return whether a container is large enough, and not the frame of a picture or of another card."""
    if rect.width < CARD_COLUMNS_MIN or rect.height < CARD_ROWS_MIN:
        return False
    if any(rect.is_about(picture) for picture in pictures):
        return False
    return not any(
        abs(rect.left - card.left) <= 1
        and abs(rect.right - card.right) <= 1
        and card.top <= rect.top
        and rect.bottom <= card.bottom
        for card in drawn
    )


def _keeps_distance(box: Box, words: Iterable[Box]) -> bool:
    right, bottom = box.x + box.w, box.y + box.h
    inside = [
        word
        for word in words
        if box.x <= word.x < right and box.y <= word.y < bottom and word.x + word.w <= right
    ]
    return all(
        word.x - box.x >= PADDING_PX_MIN and right - word.x - word.w >= PADDING_PX_MIN for word in inside
    )


def _draw_rule(grid: Grid, rect: Rect, *, document_rows: int) -> None:
    """Draw the lower edge of a header or the upper edge of a footer."""
    if rect.top <= 0 and 1 < rect.height <= min(HEADER_ROWS_MAX, document_rows - 1):
        y = rect.bottom - 1
    elif rect.top > document_rows // 2 and rect.bottom >= document_rows - 1:
        y = rect.top
    else:
        return
    for x in range(max(rect.left, 0), min(rect.right, grid.width)):
        grid.put(x, y, RULE, FILLING)


def _add_arms(arms: dict[tuple[int, int], int], rect: Rect) -> None:
    left, right, top, bottom = rect.left, rect.right - 1, rect.top, rect.bottom - 1
    for y, side in ((top, 2), (bottom, 1)):
        for x in range(left, right + 1):
            ways = (4 if x > left else 0) | (8 if x < right else 0)
            arms[x, y] = arms.get((x, y), 0) | ways | (side if x in {left, right} else 0)
    for y in range(top + 1, bottom):
        for x in (left, right):
            arms[x, y] = arms.get((x, y), 0) | 3
