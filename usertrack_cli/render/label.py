"""What the elements of a page say, and the cells that it is written in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.render.border import BORDERS, FILLING, RULE, SIDES
from usertrack_cli.render.geometry import Rect
from usertrack_cli.render.grid import BLANK, PLAIN, Grid, Role, Style
from usertrack_cli.render.layout import PICTURES, BoxKind, cut_text
from usertrack_cli.render.row import Piece, settled
from usertrack_cli.render.text import cell_width, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from usertrack_cli.render.layout import Box

ROWS_TRIED_MAX = 8
"""Rows of a tall box that are tried for its label; a crowd that dense shows nothing anyway."""
LABEL_CELLS_MAX = 48
FIELD_CELLS_MIN = 3
"""Two brackets and something between them."""
PICTURE_COLUMNS_MIN, PICTURE_ROWS_MIN = 6, 2
"""A smaller picture is an icon: it has no room for words, and none at all beside those of its link."""
LINE_PX_MIN = 20
"""Height of a line of text, from which follows how many a box can hold."""
CAPTION_PX_MAX = 80
"""How far above a field the words are that name it."""

IMAGE, MEDIA, UNNAMED, GREEK, SHADE = "▨▶▫┄░"
_STYLES: dict[BoxKind, Style] = {
    BoxKind.HEADING: Style(bold=True),
    BoxKind.LINK: Style(Role.LINK, underline=True),
    BoxKind.BUTTON: Style(Role.BUTTON, bold=True),
    BoxKind.FIELD: Style(Role.FIELD),
    BoxKind.IMAGE: Style(Role.IMAGE),
    BoxKind.MEDIA: Style(Role.IMAGE),
    BoxKind.TEXT: Style(),
}
_PRECEDENCE = {kind: place for place, kind in enumerate("fbhatmi")}
"""Who gets the cells first where two labels want the same."""
_FILLED = {BoxKind.TEXT: GREEK, BoxKind.IMAGE: SHADE, BoxKind.MEDIA: SHADE}
_FILL_OVER = frozenset([BLANK, RULE])
_LOOSE = frozenset([BoxKind.BUTTON, BoxKind.LINK])
_SOFT_ROLES = frozenset([Role.LINE, Role.FAINT])
POINTED_AT = frozenset([BoxKind.FIELD, BoxKind.BUTTON, BoxKind.LINK])


@dataclass(frozen=True, slots=True)
class Label:
    """What a box says, and the row that a click on its middle falls on.

    Attributes:
        selectors: Of the box, and of those around it that say the same.
    """

    box: Box
    rect: Rect
    row: int
    text: str
    style: Style
    selectors: tuple[str, ...]

    @property
    def width(self) -> int:
        """Cells that the whole label takes."""
        if self.box.kind is BoxKind.FIELD:
            return max(self.rect.width, FIELD_CELLS_MIN)
        return max(self.words, self.rect.width if self.box.kind is BoxKind.BUTTON else 0)

    @property
    def words(self) -> int:
        """Cells of what it says, with its brackets."""
        return cell_width(self.text) + 2 * (self.box.kind is BoxKind.BUTTON)

    @property
    def least(self) -> int:
        """Fewest cells in which it says something."""
        if self.box.kind is BoxKind.FIELD:
            return max(self.rect.width // 2, FIELD_CELLS_MIN)
        return FIELD_CELLS_MIN if self.box.kind is BoxKind.BUTTON else 1

    def piece(self, left: int) -> Piece:
        """Return the label as one of a row."""
        return Piece(left, self.width, self.words, self.rect.width, self.least, self.box.kind in _LOOSE)


def is_soft(character: str, style: Style) -> bool:
    """Return whether a cell says nothing that a trail or a label would hide."""
    return (character == BLANK and style == PLAIN) or style.role in _SOFT_ROLES


def labels_of(boxes: Sequence[tuple[Box, Rect]], *, row_of: Callable[[Box, Rect], int]) -> list[Label]:
    """Return the labels of one layer; what is said twice in one place is said once.

    A heading around a link of the same words becomes part of it, the caption of a field is not repeated in
    it, and an icon says nothing beside the words of its link.
    """
    spoken = [(box, rect) for box, rect in boxes if box.kind is not BoxKind.CONTAINER]
    by_text: dict[str, list[Box]] = defaultdict(list)
    for box, _ in spoken:
        if box.text:
            by_text[box.text].append(box)
    pointed = [box for box, _ in spoken if box.kind in {BoxKind.LINK, BoxKind.BUTTON} and box.text]
    labels = []
    for box, rect in spoken:
        same = by_text[box.text] if box.text else []
        if box.kind in {BoxKind.HEADING, BoxKind.TEXT} and any(_is_in(one, box) for one in same):
            continue
        if box.kind in PICTURES and _is_icon(rect) and any(one.holds(box) for one in pointed):
            continue
        around = [one for one in same if _is_in(box, one) and one is not box]
        style = _STYLES[box.kind]
        if any(one.kind is BoxKind.HEADING for one in around):
            style = style._replace(bold=True)
        text = "" if box.kind is BoxKind.FIELD and any(_names(one, box) for one in same) else _text(box, rect)
        selectors = tuple(one.selector for one in (box, *around) if one.selector)
        labels.append(Label(box, rect, row_of(box, rect), text, style, selectors))
    return labels


def _text(box: Box, rect: Rect) -> str:
    text = safe_text(cut_text(box.text).strip(), cells=LABEL_CELLS_MAX)
    if box.kind in PICTURES:
        mark = IMAGE if box.kind is BoxKind.IMAGE else MEDIA
        return mark if _is_icon(rect) else f"{mark} {text}".rstrip()
    return text or (UNNAMED if box.kind in {BoxKind.LINK, BoxKind.BUTTON} else "")


def _is_icon(rect: Rect) -> bool:
    return rect.width < PICTURE_COLUMNS_MIN or rect.height < PICTURE_ROWS_MIN


def _is_in(inner: Box, outer: Box) -> bool:
    return (
        inner.kind in {BoxKind.LINK, BoxKind.BUTTON} and inner is not outer and outer.holds(inner, slack_px=2)
    )


def _names(caption: Box, field: Box) -> bool:
    return (
        caption.kind is BoxKind.TEXT
        and 0 <= field.y - caption.y <= CAPTION_PX_MAX
        and abs(field.x - caption.x) <= CAPTION_PX_MAX
    )


def write_labels(
    grid: Grid, labels: Sequence[Label], *, obstacles: Sequence[Rect] = ()
) -> list[tuple[Label, Rect]]:
    """Write every label, the weightier first, and return where each stands.

    Args:
        obstacles: Areas that belong to others; a label outside does not spill into them.
    """
    pictures = [label.rect for label in labels if label.box.kind in PICTURES and not _is_icon(label.rect)]
    obstacles = [*obstacles, *pictures]
    taken: dict[int, set[int]] = {}
    by_row: dict[int, list[tuple[int, Label]]] = defaultdict(list)
    for label in sorted(labels, key=lambda label: _PRECEDENCE[label.box.kind]):
        left, row = _wanted(label, grid, taken)
        if row is not None:
            right = min(left + min(label.width, max(label.rect.width, label.least)), grid.width)
            taken.setdefault(row, set()).update(range(max(left, 0), right))
            by_row[row].append((left, label))
    written = []
    for row in sorted(by_row):
        members = sorted(by_row[row], key=lambda member: (member[0], _PRECEDENCE[member[1].box.kind]))
        written += _write_row(grid, row, members, obstacles)
    held: dict[int, set[int]] = defaultdict(set)
    for _, rect in written:
        held[rect.top].update(range(rect.left - 1, rect.right + 1))
    # Each cell is filled once: boxes that lie over each other in heaps add nothing but time.
    cells_left = 2 * grid.width * grid.height
    for label in labels:
        if cells_left > 0:
            cells_left -= _fill(grid, label, held)
    return written


def _wanted(label: Label, grid: Grid, taken: dict[int, set[int]]) -> tuple[int, int | None]:
    """Return where a label would like to start, and the free row of its box nearest to its own."""
    left, right = max(label.rect.left, 0), min(label.rect.right, grid.width)
    rows = range(max(label.rect.top, 0), min(label.rect.bottom, grid.height))
    if left >= right or not rows:
        return left, None
    wanted = min(label.width, right - left)
    # The text of a link fills its box on the page: here, where letters are narrower, it keeps the middle.
    is_inline = label.box.kind is BoxKind.LINK and right - left <= 2 * wanted
    if is_inline or label.box.kind in PICTURES:
        left += (right - left - wanted) // 2
    wanted = min(wanted, right - left)
    while left + 1 < right and grid.characters[min(max(label.row, rows.start), rows.stop - 1)][left] in SIDES:
        left += 1
    near = range(max(rows.start, label.row - ROWS_TRIED_MAX), min(rows.stop, label.row + ROWS_TRIED_MAX))
    cells = range(left, left + wanted)

    def cost(row: int) -> tuple[int, int]:
        is_lined = any(grid.characters[row][x] in BORDERS for x in cells)
        return abs(row - label.row) + 2 * is_lined, row

    for row in sorted(near, key=cost):
        if taken.get(row, set()).isdisjoint(cells):
            return left, row
    return left, label.row if label.box.kind in POINTED_AT and label.row in rows else None


def _write_row(
    grid: Grid, row: int, members: Sequence[tuple[int, Label]], obstacles: Sequence[Rect]
) -> list[tuple[Label, Rect]]:
    """Share a row among its labels, between the sides of the cards and pictures that they stand in."""
    cells = grid.characters[row]
    written = []
    for start, end in _segments(cells, [rect for rect in obstacles if rect.top <= row < rect.bottom]):
        inside = [(left, label) for left, label in members if start <= left < end]
        places = settled([label.piece(left) for left, label in inside], start=start, end=end)
        for (_, label), (left, width) in zip(inside, places, strict=True):
            if width > 0:
                written.append((label, _write(grid, label, left, row, width)))
    for left, label in members:
        if cells[left] in SIDES:
            width = min(label.width, max(label.rect.width, label.least), grid.width - left)
            if all(cells[x] in BORDERS | _FILL_OVER for x in range(left, left + width)):
                written.append((label, _write(grid, label, left, row, width)))
    return written


def _segments(cells: Sequence[str], obstacles: Sequence[Rect]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a row that no side of a card and no edge of a picture runs through."""
    edges = {edge for rect in obstacles for edge in (rect.left, rect.right)}
    start = 0
    for x in range(len(cells) + 1):
        is_side = x == len(cells) or cells[x] in SIDES
        if is_side or x in edges:
            if x > start:
                yield start, x
            start = x + 1 if is_side else x


def _write(grid: Grid, label: Label, left: int, row: int, width: int) -> Rect:
    text, kind = label.text, label.box.kind
    inner = max(width - 2, 1)
    if kind is BoxKind.BUTTON:
        shown = safe_text(text, cells=inner)
        text = f"[{shown.center(inner - cell_width(shown) + len(shown))}]"
    elif kind is BoxKind.FIELD:
        shown = safe_text(text, cells=inner) if inner > FIELD_CELLS_MIN else ""
        text = f"[{shown}{'_' * (inner - cell_width(shown))}]"
    written = grid.write(left, row, text, label.style, cells=width)
    return Rect(left, row, left + max(written, 1), row + 1)


def _fill(grid: Grid, label: Label, held: dict[int, set[int]]) -> int:
    """Draw further lines of a text as dashes and a picture as shade, where no label stands.

    Returns:
        The number of cells looked at.
    """
    kind = label.box.kind
    if kind not in _FILLED:
        return 0
    area = label.rect.within(Rect(0, 0, grid.width, grid.height))
    first = area.top + (kind is BoxKind.TEXT and bool(label.text))
    last = (
        min(area.bottom, area.top + max(label.box.h // LINE_PX_MIN, 1)) if kind is BoxKind.TEXT else area.bottom
    )
    for y in range(first, last):
        here, row = held.get(y, set()), grid.characters[y]
        # The last line of a text ends early, as last lines do; a line beside a label is left out.
        is_last = kind is BoxKind.TEXT and y == last - 1
        cells = range(area.left, area.right - is_last * area.width // 3)
        if kind is BoxKind.TEXT and not here.isdisjoint(cells):
            continue
        for x in cells:
            if x not in here and row[x] in _FILL_OVER:
                grid.put(x, y, _FILLED[kind], FILLING)
    return area.width * area.height
