"""What the pointer leaves on a page: its trail in braille dots, the marks of clicks, itself."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from usertrack_cli.render.grid import Role, Style
from usertrack_cli.render.label import is_soft
from usertrack_cli.render.text import BRAILLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.geometry import Scale, Scrolling
    from usertrack_cli.render.grid import Grid

FRESH_MS, FADING_MS, GONE_MS = 600, 1_400, 2_500
"""Ages at which the trail changes its tone and at last disappears."""
FLASH_MS = 400
MARK_MS = 1_500
RAGE_MARK_MS = 2_500
POINTS_MAX = 200
"""Samples drawn: four times what a tracker that waits 50 ms between two can send in ``GONE_MS``."""
STEPS_MAX = 1_000
"""Dots between two samples: more than the widest terminal is wide."""

POINTER, CLICK, RING, RAGE = "↖◉○✖"
_DOTS = ((1, 2, 4, 64), (8, 16, 32, 128))
"""Bits of a braille character by column and row of the dot."""
_TONES = (
    (FRESH_MS, Style(Role.POINTER, bold=True)),
    (FADING_MS, Style(Role.TRAIL)),
    (GONE_MS, Style(Role.TRAIL_OLD, dim=True)),
)


class TrailPoint(NamedTuple):
    """A sample of the trail: how old it is, and its dot (two in a column of cells, four in a row)."""

    age_ms: int
    x: int
    y: int


def trail_point(age_ms: int, x: int, y: int, *, scale: Scale, scrolling: Scrolling) -> TrailPoint:
    """Return the dot of a point in viewport pixels, rounded as the page under it is."""
    dot_x = (x + scrolling.x) * scale.columns * 2 // scale.viewport_w - scale.column(scrolling.x) * 2
    dot_y = (y + scrolling.y) * scale.rows * 4 // scale.viewport_h - scale.row(scrolling.y) * 4
    return TrailPoint(age_ms, dot_x, dot_y)


def draw_trail(view: Grid, points: Sequence[TrailPoint]) -> None:
    """Draw a fading line through ``points``, oldest first, over cells that say nothing."""
    dots: dict[tuple[int, int], int] = {}
    tones: dict[tuple[int, int], Style | None] = {}
    for start, end in pairwise(points[-POINTS_MAX:]):
        across, down = end.x - start.x, end.y - start.y
        steps = min(max(abs(across), abs(down), 1), STEPS_MAX)
        tone = next((style for until_ms, style in _TONES if end.age_ms <= until_ms), None)
        for step in range(1, steps + 1):
            x, y = start.x + across * step // steps, start.y + down * step // steps
            cell = x >> 1, y >> 2
            dots[cell] = dots.get(cell, 0) | _DOTS[x & 1][y & 3]
            tones[cell] = tone
    width, height = view.width, view.height
    for cell, bits in dots.items():
        x, y = cell
        tone = tones[cell]
        if tone is None or not (0 <= x < width and 0 <= y < height):
            continue
        if is_soft(view.characters[y][x], view.styles[y][x]):
            view.put(x, y, chr(BRAILLE.start + bits), tone)


def draw_click(view: Grid, column: int, row: int, *, age_ms: int) -> None:
    """Draw a click: a flash, then a ring."""
    if age_ms <= FLASH_MS:
        view.put(column, row, CLICK, Style(Role.CLICK, bold=True, reverse=True))
    elif age_ms <= MARK_MS:
        view.put(column, row, RING, Style(Role.CLICK, bold=True))


def draw_rage(view: Grid, column: int, row: int, *, count: int) -> None:
    """Draw the mark of a rage click and how many clicks it was."""
    text = f"{RAGE}×{count}"
    view.write(
        min(column, max(view.width - len(text), 0)), row, text, Style(Role.RAGE, bold=True, reverse=True)
    )


def draw_pointer(view: Grid, column: int, row: int) -> None:
    """Draw the pointer; its tip is in the cell."""
    view.put(column, row, POINTER, Style(Role.POINTER, bold=True))
