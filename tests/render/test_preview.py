from __future__ import annotations

import re

import numpy as np
from PIL import Image

from usertrack_cli.render.grid import Capabilities, Colours
from usertrack_cli.render.preview import _nearest_256, preview_lines
from usertrack_cli.render.text import cell_width

TRUE = Capabilities(colours=Colours.TRUECOLOR)
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


def picture() -> Image.Image:
    """A caption in black, a white page below it with a red spot at its right edge."""
    image = Image.new("RGB", (200, 140), "black")
    image.paste("white", (0, 40, 200, 140))
    image.paste((220, 30, 30), (150, 80, 200, 140))
    return image


def shown(columns: int = 40, *, capabilities: Capabilities = TRUE, header: tuple[str, ...] = ()) -> list[str]:
    return list(preview_lines(picture(), columns=columns, capabilities=capabilities, header=header, top_px=40))


def test_every_line_fills_the_width_and_the_shape_is_kept() -> None:
    lines = shown()

    assert len(lines) == 10
    assert {cell_width(SEQUENCE.sub("", line)) for line in lines} == {40}
    assert all(line.endswith("\x1b[0m") for line in lines)


def test_truecolour_says_the_pixels_as_they_are() -> None:
    first, last = shown()[0], shown()[-1]

    assert first.startswith("\x1b[38;2;255;255;255;48;2;255;255;255m")
    assert "38;2;220;30;30;48;2;220;30;30m" in last
    assert "38;2;0;0;0" not in first


def test_256_colours_are_the_nearest_ones() -> None:
    pixels = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [128, 128, 128]]], dtype=np.uint8)

    assert _nearest_256(pixels).tolist() == [[231, 16, 196, 244]]
    assert all("38;2" not in line for line in shown(capabilities=Capabilities(colours=Colours.INDEXED)))


def test_without_colour_heat_is_dark_and_nothing_escapes() -> None:
    lines = shown(capabilities=Capabilities(colours=Colours.NONE))

    assert "\x1b" not in "".join(lines)
    assert lines[-1].rstrip()[-1] in "▒▓█"
    assert lines[0] == ""


def test_without_unicode_it_is_ascii() -> None:
    lines = shown(
        capabilities=Capabilities(is_unicode=False, colours=Colours.NONE), header=("/shop · 3 sessions",)
    )

    assert all(line.isascii() for line in lines)
    assert lines[-1].rstrip()[-1] in "+*#"


def test_a_hostile_page_name_cannot_write_to_the_terminal() -> None:
    lines = shown(header=("/\x1b]0;owned\x07",))

    assert "\x1b" not in lines[0]
    assert "\x07" not in lines[0]


def test_a_terminal_of_one_column_is_no_error() -> None:
    assert len(shown(1)) == 1
