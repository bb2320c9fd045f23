"""Labels side by side in one row of cells: which of the cells each of them gets.

A letter is narrower on a page than a cell is in a terminal, so labels are longer here than there. What stands
in blank cells around them goes to them; buttons and links move a little rather than lose their words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GAP = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """One label of a row, as it would like to stand.

    Attributes:
        left: Where it starts on the page.
        width: Cells that all of it takes.
        text: Cells of its words alone.
        own: Cells of its element; it gets those before a neighbour may have them.
        least: Fewest cells that still say something.
        is_loose: It may move to the side where it has no room.
    """

    left: int
    width: int
    text: int
    own: int
    least: int
    is_loose: bool


def settled(pieces: Sequence[Piece], *, start: int, end: int) -> list[tuple[int, int]]:
    """Return left edge and width of each piece between two walls; a width of 0 where it found no room.

    Args:
        pieces: From left to right.
    """
    places: list[tuple[int, int]] = []
    wall, place = start, 0
    while place < len(pieces):
        run = _run_end(pieces, place)
        if run > place:
            right = pieces[run].left - GAP if run < len(pieces) else end
            places += _packed(pieces[place:run], start=wall, end=min(right, end))
        else:
            run = place + 1
            places.append(_standing(pieces, place, wall, end))
        wall = max([wall, *(left + width + GAP for left, width in places if width)])
        place = run
    return places


def _run_end(pieces: Sequence[Piece], place: int) -> int:
    while place < len(pieces) and pieces[place].is_loose:
        place += 1
    return place


def _standing(pieces: Sequence[Piece], place: int, start: int, end: int) -> tuple[int, int]:
    """Place a piece that keeps its left edge, unless the row ends too early for it."""
    piece = pieces[place]
    left, room = max(piece.left, start), end
    if place + 1 == len(pieces):
        left = max(min(left, end - piece.width), start)
    else:
        following = pieces[place + 1]
        room = max(following.left - GAP, left + min(piece.width, piece.own))
        if following.is_loose and piece.least > 1:
            # A field is as good when it is shorter; the button after it is not.
            run = _run_end(pieces, place + 1)
            wall = pieces[run].left - GAP if run < len(pieces) else end
            need = sum(each.text + GAP for each in pieces[place + 1 : run])
            room = max(min(room, wall - need), left + piece.least)
    width = min(piece.width, min(room, end) - left)
    return (left, width) if width >= min(piece.least, 3) else (left, 0)


def _packed(pieces: Sequence[Piece], *, start: int, end: int) -> list[tuple[int, int]]:
    """Place pieces that may move: near to where they belong, none over another, cut as little as it takes."""
    widths = [min(piece.width, max(end - start, 0)) for piece in pieces]
    kept = list(range(len(pieces)))
    while kept and sum(min(widths[i], pieces[i].least) for i in kept) + GAP * (len(kept) - 1) > end - start:
        widths[kept.pop()] = 0
    room = end - start - GAP * (len(kept) - 1)
    # First the blanks around the words of wide buttons go, then words.
    _shrink(widths, {i: pieces[i].text for i in kept}, room=room)
    _shrink(widths, {i: pieces[i].least for i in kept}, room=room)
    lefts = [piece.left for piece in pieces]
    wall = start
    for i in kept:
        lefts[i] = max(lefts[i], wall)
        wall = lefts[i] + widths[i] + GAP
    wall = end
    for i in reversed(kept):
        lefts[i] = min(lefts[i], wall - widths[i])
        wall = lefts[i] - GAP
    return list(zip(lefts, widths, strict=True))


def _shrink(widths: list[int], least: Mapping[int, int], *, room: int) -> None:
    """Take what is too much from the widest pieces."""
    while sum(widths[i] for i in least) > room:
        able = [i for i in least if widths[i] > least[i]]
        if not able:
            return
        widest = max(able, key=lambda i: (widths[i], -i))
        widths[widest] -= 1
