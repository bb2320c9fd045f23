"""Pictures in a terminal: two pixels a cell as half blocks, or shades where there is no colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from usertrack_cli.render.density import UInt8Array
from usertrack_cli.render.grid import RESET, Capabilities, Colours
from usertrack_cli.render.text import ascii_text, safe_text

COLUMNS_MAX = 200
"""A wider preview is slower to draw than the PNG, and says no more."""
ROWS_MAX = 2_000
UPPER_HALF = "▀"
SHADES, ASCII_SHADES = " ░▒▓█", " .+*#"
GREY_INK_MAX, HEAT_MIN = 24, 40
"""Out of 255: darker greys than white less this are words of the page, more chroma than this is heat."""
_CUBE = np.array([0, 95, 135, 175, 215, 255], dtype=np.int32)


def preview_lines(
    picture: Image.Image,
    *,
    columns: int,
    capabilities: Capabilities,
    header: Sequence[str] = (),
    top_px: int = 0,
) -> Iterator[str]:
    """Yield the lines of a picture as a terminal shows it.

    Args:
        columns: Of the terminal.
        header: Said in words above it, since its own caption would be too small to read.
        top_px: Where the page begins below the caption, picture px.
    """
    plain = safe_text if capabilities.is_unicode else lambda text: ascii_text(safe_text(text))
    for line in header:
        yield plain(line)
    page = picture.crop((0, min(top_px, picture.height - 1), picture.width, picture.height))
    wide = max(1, min(columns, COLUMNS_MAX))
    tall = max(2, min(round(page.height * wide / page.width), 2 * ROWS_MAX))
    pixels = np.asarray(page.convert("RGB").resize((wide, tall + tall % 2), Image.Resampling.BOX))
    if capabilities.colours is Colours.NONE or not capabilities.is_unicode:
        yield from _shaded(pixels, capabilities)
    elif capabilities.colours is Colours.INDEXED:
        yield from _half_blocks(_nearest_256(pixels)[..., None], "5;")
    else:
        yield from _half_blocks(pixels, "2;")


def _half_blocks(pixels: UInt8Array, mode: str) -> Iterator[str]:
    """Yield rows of half blocks; a colour is said again only where it changes."""
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        parts = []
        before: tuple[list[int], list[int]] | None = None
        for over, under in zip(upper, lower, strict=True):
            if (over, under) != before:
                parts.append(f"\x1b[38;{mode}{_said(over)};48;{mode}{_said(under)}m")
                before = over, under
            parts.append(UPPER_HALF)
        yield "".join(parts) + RESET


def _said(colour: list[int]) -> str:
    return ";".join(map(str, colour))


def _nearest_256(pixels: UInt8Array) -> UInt8Array:
    """Return the number of the nearest colour of the 6 x 6 x 6 cube, or of the grey ramp."""
    wide = pixels.astype(np.int32)
    steps = np.abs(wide[..., None] - _CUBE).argmin(axis=-1)
    cube = 16 + 36 * steps[..., 0] + 6 * steps[..., 1] + steps[..., 2]
    cube_off = ((_CUBE[steps] - wide) ** 2).sum(axis=-1)
    level = np.clip((wide.mean(axis=-1) - 8 + 5) // 10, 0, 23).astype(np.int32)
    grey_off = ((8 + 10 * level[..., None] - wide) ** 2).sum(axis=-1)
    nearest: UInt8Array = np.where(grey_off < cube_off, 232 + level, cube).astype(np.uint8)
    return nearest


def _shaded(pixels: UInt8Array, capabilities: Capabilities) -> Iterator[str]:
    """Yield rows of shades: the lightest for the page's own ink, the darker ones for colour."""
    shades = SHADES if capabilities.is_unicode else ASCII_SHADES
    cells = pixels.reshape(len(pixels) // 2, 2, pixels.shape[1], 3).astype(np.int32).mean(axis=1)
    chroma = cells.max(axis=-1) - cells.min(axis=-1)
    darkness = 255 - cells.mean(axis=-1)
    levels = np.where(darkness > GREY_INK_MAX, 1, 0)
    # Three shades of heat, by how far the colour stands out.
    heat = 1 + np.clip(np.ceil((chroma - HEAT_MIN) / 50), 1, 3)
    levels = np.where(chroma > HEAT_MIN, heat, levels).astype(np.int64)
    for row in levels.tolist():
        yield "".join(shades[level] for level in row).rstrip()
