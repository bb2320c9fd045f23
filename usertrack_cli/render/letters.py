"""A screen of cells as pixels: letters from a monospace font, drawing characters as shapes.

The picture has a palette of at most 256 colours, each role in steps from ground to ink, so that a cell is a
look-up and every frame of an animation has the same colours.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from usertrack_cli.errors import UsertrackError
from usertrack_cli.render.fonts import has_glyph, packaged
from usertrack_cli.render.grid import BLANK, GROUND, HIDDEN, Role, Style, rgb_of
from usertrack_cli.render.shapes import areas
from usertrack_cli.render.text import clusters

if TYPE_CHECKING:
    from pathlib import Path

    from usertrack_cli.render.grid import Grid

Pixels = npt.NDArray[np.uint8]

FONT_PX = 16
CELL_W, CELL_H = 10, 20
"""A cell in pixels: the advance of the font at its size, rounded, and a line."""
MARGIN_PX = 10
DIM = 0.62
"""How much of its colour a dim cell keeps."""
LEVELS = 6
"""Steps from ground to ink; with 14 roles, dim or not, they stay below 256."""
_ROLES = tuple(Role)
REGULAR, BOLD = 400, 700


def font_file() -> Path | None:
    """Return the path of JetBrains Mono, or ``None`` where its package is not installed."""
    return packaged("fontpkg_jetbrains_mono", "JetBrainsMono[wght].ttf")


@cache
def _face(*, is_bold: bool) -> ImageFont.FreeTypeFont:
    path = font_file()
    if path is None:
        raise UsertrackError(
            "the font for pictures of replays is not installed",
            hint="install it with: pip install fontpkg-jetbrains-mono",
        )
    face = ImageFont.truetype(str(path), FONT_PX, layout_engine=ImageFont.Layout.BASIC)
    face.set_variation_by_axes([BOLD if is_bold else REGULAR])
    return face


def picture(grid: Grid) -> Image.Image:
    """Return a screen as a picture with a palette."""
    height, width = grid.height * CELL_H, grid.width * CELL_W
    pixels = np.zeros((height + 2 * MARGIN_PX, width + 2 * MARGIN_PX), dtype=np.uint8)
    for y, (characters, styles) in enumerate(zip(grid.characters, grid.styles, strict=True)):
        top = MARGIN_PX + y * CELL_H
        for x, (character, style) in enumerate(zip(characters, styles, strict=True)):
            if character == HIDDEN or (character == BLANK and not (style.reverse or style.underline)):
                continue
            is_wide = x + 1 < grid.width and characters[x + 1] == HIDDEN
            tile = _tile(character, style, is_wide)
            left = MARGIN_PX + x * CELL_W
            pixels[top : top + CELL_H, left : left + tile.shape[1]] = tile
    image = Image.fromarray(pixels, mode="P")
    image.putpalette(palette())
    return image


@cache
def palette() -> bytes:
    """Return the colours: by role, plain and dim, from ground to ink."""
    colours = bytearray()
    for role in _ROLES:
        ink = rgb_of(role)
        for strength in (1.0, DIM):
            for level in range(LEVELS):
                part = strength * level / (LEVELS - 1)
                colours += bytes(
                    round(ground + (tone - ground) * part) for ground, tone in zip(GROUND, ink, strict=True)
                )
    return bytes(colours)


@lru_cache(maxsize=8192)
def _tile(character: str, style: Style, is_wide: bool) -> Pixels:  # noqa: FBT001 - the key of a cache
    """Return the palette indices of one cell."""
    ink = _ink(character, is_bold=style.bold, width=CELL_W * (2 if is_wide else 1)).copy()
    if style.underline:
        ink[CELL_H - 3, :] = 255
    levels = np.rint(ink.astype(np.float32) * ((LEVELS - 1) / 255)).astype(np.uint8)
    if style.reverse:
        levels = (LEVELS - 1) - levels
    base = (_ROLES.index(style.role) * 2 + style.dim) * LEVELS
    tile: Pixels = levels + np.uint8(base)
    return tile


def _ink(character: str, *, is_bold: bool, width: int) -> Pixels:
    """Return how strongly each pixel of a cell is inked, 0 to 255."""
    image = Image.new("L", (width, CELL_H), 0)
    draw = ImageDraw.Draw(image)
    drawn = areas(character)
    if drawn is not None:
        for area in drawn:
            box = (
                round(area.left * width),
                round(area.top * CELL_H),
                max(round(area.right * width) - 1, round(area.left * width)),
                max(round(area.bottom * CELL_H) - 1, round(area.top * CELL_H)),
            )
            draw.rectangle(box, fill=round(255 * area.ink))
    elif character != BLANK:
        face = _face(is_bold=is_bold)
        shown = character if _has_glyph(character[0]) else "□"
        draw.text((width / 2, CELL_H / 2 + 1), shown, font=face, fill=255, anchor="mm")
    return np.asarray(image, dtype=np.uint8)


def _has_glyph(character: str) -> bool:
    return has_glyph(_face(is_bold=False), character)


def missing(text: str) -> int:
    """Return how many characters of guarded text the font lacks and no shape stands for."""
    return sum(
        1
        for cluster, _ in clusters(text)
        if cluster != BLANK and areas(cluster) is None and not _has_glyph(cluster[0])
    )
