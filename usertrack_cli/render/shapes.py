"""Characters that draw, as areas of their cell: borders, blocks, shades, braille dots and the replay's marks.

Drawn by us they meet their neighbours at every size, and no font has to have them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from usertrack_cli.render.text import BRAILLE

THIN, THICK = 0.12, 0.26
"""Width of a line, of the cell's width."""
_BRAILLE_BITS = ((0, 0, 1), (0, 1, 2), (0, 2, 4), (1, 0, 8), (1, 1, 16), (1, 2, 32), (0, 3, 64), (1, 3, 128))
_DOT = 0.3
"""Side of a braille dot, of the room it has."""
_ARMS = {
    "─": "lr", "│": "ud", "┌": "dr", "┐": "dl", "└": "ur", "┘": "ul", "├": "udr", "┤": "udl",
    "┬": "dlr", "┴": "ulr", "┼": "udlr",
}  # fmt: skip


class Area(NamedTuple):
    """Part of a cell, 0 to 1 from its left and upper edge, and how strongly it is inked, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    ink: float = 1.0


@lru_cache(maxsize=512)
def areas(character: str) -> tuple[Area, ...] | None:
    """Return what a drawing character fills, or ``None`` where it is a letter for a font."""
    if len(character) == 1 and ord(character) in BRAILLE:
        return _braille(ord(character) - BRAILLE.start)
    if character in _ARMS:
        return tuple(_arm(direction) for direction in _ARMS[character])
    return _OTHERS.get(character)


def _braille(bits: int) -> tuple[Area, ...]:
    dots = []
    for column, row, bit in _BRAILLE_BITS:
        if bits & bit:
            x, y = (column + 0.5) / 2, (row + 0.5) / 4
            dots.append(Area(x - _DOT / 2, y - _DOT / 4, x + _DOT / 2, y + _DOT / 4))
    return tuple(dots)


def _arm(direction: str) -> Area:
    # A cell is twice as high as it is wide: a line across is half as thick in parts of the height.
    x, y = THIN / 2, THIN / 4
    return {
        "l": Area(0, 0.5 - y, 0.5 + x, 0.5 + y),
        "r": Area(0.5 - x, 0.5 - y, 1, 0.5 + y),
        "u": Area(0.5 - x, 0, 0.5 + x, 0.5 + y),
        "d": Area(0.5 - x, 0.5 - y, 0.5 + x, 1),
    }[direction]


def _dashes(count: int) -> tuple[Area, ...]:
    step = 1 / count
    return tuple(
        Area(place * step + step * 0.2, 0.5 - THIN / 4, place * step + step * 0.8, 0.5 + THIN / 4)
        for place in range(count)
    )


def _diamond(size: float) -> tuple[Area, ...]:
    """Return a filled lozenge, in steps."""
    steps = 8
    return tuple(
        Area(0.5 - half, 0.5 + y / 2, 0.5 + half, 0.5 + (y + 2 * size / steps) / 2)
        for place in range(steps)
        for y in [-size + 2 * size * place / steps]
        for half in [size - abs(y + size / steps)]
    )


def _ring(radius: float, *, ink: float = 1.0) -> tuple[Area, ...]:
    """Return a disc of the cell's width, in rows of pixels."""
    steps = 10
    rows = []
    for place in range(steps):
        y = (place + 0.5) / steps * 2 - 1
        half = radius * (1 - y * y) ** 0.5
        top = 0.5 + (place / steps * 2 - 1) * radius / 2
        rows.append(Area(0.5 - half, top, 0.5 + half, top + radius / steps, ink))
    return tuple(rows)


def _cross() -> tuple[Area, ...]:
    steps = 9
    parts = []
    for place in range(steps):
        part = (place + 0.5) / steps
        for x in (part, 1 - part):
            left = 0.1 + 0.8 * x
            parts.append(Area(left - 0.1, 0.28 + 0.44 * part - 0.04, left + 0.1, 0.28 + 0.44 * part + 0.04))
    return tuple(parts)


_FRAME = (
    Area(0.05, 0.22, 0.95, 0.28),
    Area(0.05, 0.72, 0.95, 0.78),
    Area(0.05, 0.22, 0.17, 0.78),
    Area(0.83, 0.22, 0.95, 0.78),
)
_OTHERS: dict[str, tuple[Area, ...]] = {
    "╌": _dashes(2),
    "┄": _dashes(3),
    "━": (Area(0, 0.5 - THICK / 4, 1, 0.5 + THICK / 4),),
    "┃": (Area(0.5 - THICK / 2, 0, 0.5 + THICK / 2, 1),),
    "█": (Area(0, 0, 1, 1),),
    "▀": (Area(0, 0, 1, 0.5),),
    "▄": (Area(0, 0.5, 1, 1),),
    "▌": (Area(0, 0, 0.5, 1),),
    "▐": (Area(0.5, 0, 1, 1),),
    "░": (Area(0, 0, 1, 1, 0.25),),
    "▒": (Area(0, 0, 1, 1, 0.5),),
    "▓": (Area(0, 0, 1, 1, 0.75),),
    "▮": (Area(0.2, 0.15, 0.8, 0.85),),
    "▪": (Area(0.2, 0.35, 0.8, 0.65),),
    "▨": (*_FRAME, Area(0.17, 0.28, 0.83, 0.72, 0.4)),
    "▫": (
        Area(0.2, 0.35, 0.8, 0.4),
        Area(0.2, 0.6, 0.8, 0.65),
        Area(0.2, 0.35, 0.32, 0.65),
        Area(0.68, 0.35, 0.8, 0.65),
    ),
    "●": _ring(0.45),
    "◉": (*_ring(0.5, ink=0.5), *_ring(0.3)),
    "○": _ring(0.45, ink=0.45),
    "★": _diamond(0.5),
    "✖": _cross(),
}
