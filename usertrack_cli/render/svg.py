"""A frame as SVG: text stays text, drawing characters are shapes, and no font has to be there."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from usertrack_cli.render.grid import BLANK, GROUND, HIDDEN, Style, rgb_of
from usertrack_cli.render.shapes import areas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usertrack_cli.render.grid import Grid

CELL_W, CELL_H = 8.4, 17
FONT_PX = 14
MARGIN = 10
DIM = 0.6
"""Opacity of a dim cell."""
_FAMILIES = "'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
_FONT = f'font-family="{_FAMILIES}" font-size="{FONT_PX}" xml:space="preserve"'


def svg(grid: Grid, *, title: str) -> str:
    """Return the file.

    Args:
        title: Guarded text; what a screen reader says and a browser shows as the name.
    """
    width, height = grid.width * CELL_W + 2 * MARGIN, grid.height * CELL_H + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" fill="{_hex(GROUND)}"/>',
    ]
    for y in range(grid.height):
        lines += _row(grid, y)
    return "\n".join([*lines, "</svg>", ""])


def _row(grid: Grid, y: int) -> Iterator[str]:
    cells = list(enumerate(zip(grid.characters[y], grid.styles[y], strict=True)))
    for (style, is_drawing), run in groupby(cells, key=lambda cell: (cell[1][1], _is_drawing(cell[1][0]))):
        members = list(run)
        start, end = members[0][0], members[-1][0] + 1
        text = "".join(character for _, (character, _) in members)
        if not text.strip() and not style.reverse and not style.underline:
            continue
        fill = _hex(rgb_of(style.role))
        if style.reverse:
            yield _rect(start, y, end - start, 1, fill=fill, opacity=_opacity(style))
            fill = _hex(GROUND)
        if is_drawing:
            yield from _shapes([(x, character) for x, (character, _) in members], y, fill, style)
        else:
            for left, right, words in _phrases([(x, character) for x, (character, _) in members]):
                yield _text(left, right, y, words, fill, style)


def _is_drawing(character: str) -> bool:
    return character not in {BLANK, HIDDEN} and areas(character) is not None


def _phrases(cells: list[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield first and last cell and text of what stands between two blanks: browsers collapse those."""
    left, right, text = 0, 0, ""
    for x, character in cells:
        if character == BLANK and x > right:
            if text:
                yield left, right, text
            text = ""
        elif character != BLANK:
            text = f"{text}{BLANK if text and x > right else ''}{character}"
            left, right = (left if len(text) > len(character) else x), x + 1
    if text:
        yield left, right, text


def _text(start: int, end: int, y: int, text: str, fill: str, style: Style) -> str:
    looks = [f'fill="{fill}"']
    looks += ['font-weight="bold"'] if style.bold else []
    looks += ['text-decoration="underline"'] if style.underline else []
    looks += [f'opacity="{DIM}"'] if style.dim else []
    return (
        f'<text x="{MARGIN + start * CELL_W:g}" y="{MARGIN + (y + 0.76) * CELL_H:g}"'
        f' textLength="{(end - start) * CELL_W:g}" lengthAdjust="spacingAndGlyphs" {" ".join(looks)}>'
        f"{escape(text)}</text>"
    )


def _shapes(cells: list[tuple[int, str]], y: int, fill: str, style: Style) -> Iterator[str]:
    opacity = _opacity(style)
    for character, run in groupby(cells, key=lambda cell: cell[1]):
        members = [x for x, _ in run]
        drawn = areas(character) or ()
        if all(area.left == 0 and area.right == 1 for area in drawn):
            # What runs through its cells is one shape along the whole row.
            for area in drawn:
                yield _rect(
                    members[0], y + area.top, len(members), area.bottom - area.top,
                    fill=fill, opacity=opacity * area.ink,
                )  # fmt: skip
            continue
        for x in members:
            for area in drawn:
                yield _rect(
                    x + area.left, y + area.top, area.right - area.left, area.bottom - area.top,
                    fill=fill, opacity=opacity * area.ink,
                )  # fmt: skip


def _rect(x: float, y: float, width: float, height: float, *, fill: str, opacity: float) -> str:
    see_through = f' opacity="{opacity:.2g}"' if opacity < 1 else ""
    return (
        f'<rect x="{MARGIN + x * CELL_W:.2f}" y="{MARGIN + y * CELL_H:.2f}" width="{width * CELL_W:.2f}"'
        f' height="{height * CELL_H:.2f}" fill="{fill}"{see_through}/>'
    )


def _opacity(style: Style) -> float:
    return DIM if style.dim else 1.0


def _hex(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
