"""What the keys of the player do, as it shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.render.grid import Style
from usertrack_cli.render.text import cell_width

if TYPE_CHECKING:
    from usertrack_cli.render.grid import Grid

HELP = (
    ("space", "pause, play; at the end: from the start"),
    ("← →", "5 seconds back, ahead"),
    ("shift ← →", "30 seconds"),
    (", .", "previous, next event"),
    ("p n", "previous, next page"),
    ("0 … 9", "0 % … 90 % of the session"),
    ("g", "go to an instant, such as 1:30"),
    ("+ -", "faster, slower (¼ to 16×)"),
    ("i", "skip idle time, or sit through it"),
    ("e", "list of events beside the page"),
    ("t * N", "add a tag, a star, a note; N on a note changes it"),
    ("enter", "next session, where several play"),
    ("?", "this help"),
    ("q", "quit"),
)


def draw_help(grid: Grid) -> None:
    """Draw what the keys do over the middle of the screen."""
    width = min(max(cell_width(meaning) for _, meaning in HELP) + 16, grid.width)
    left, top = max((grid.width - width) // 2, 0), max((grid.height - len(HELP) - 2) // 2, 0)
    for y in range(top, min(top + len(HELP) + 2, grid.height)):
        grid.clear(left, y, width)
        grid.restyle(left, y, width, Style(reverse=True))
    for y, (keys, meaning) in enumerate(HELP, start=top + 1):
        grid.write(left + 2, y, keys, Style(bold=True, reverse=True), cells=11)
        grid.write(left + 14, y, meaning, Style(reverse=True), cells=width - 15)
