"""Screens as pictures: letters where they stand, shapes that meet, one palette for every frame."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from usertrack_cli.errors import UsertrackError
from usertrack_cli.render import letters
from usertrack_cli.render.frames import frame
from usertrack_cli.render.gif import FRAMES_MAX, gif
from usertrack_cli.render.grid import GROUND, Capabilities, Grid, Role, Style, rgb_of
from usertrack_cli.render.letters import CELL_H, CELL_W, MARGIN_PX, missing, picture
from usertrack_cli.render.recording import Recording
from usertrack_cli.render.shapes import areas
from usertrack_cli.render.svg import svg

DRAWN = "─│┌┐└┘├┤┬┴┼╌┄━┃░▨▫▮▪●◉○★✖⠁⣿⢀"
LETTERS = "abcXYZ019 äöüßéçñłőğ αβγΩ ДжяЖ …“”‘’–×→↖▸◌≈•·▶"


def cell(image: Image.Image, x: int, y: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = np.asarray(image.convert("RGB"))
    top, left = MARGIN_PX + y * CELL_H, MARGIN_PX + x * CELL_W
    return pixels[top : top + CELL_H, left : left + CELL_W]


def is_blank(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bool:
    return bool((pixels == GROUND).all())


def test_every_character_that_frames_use_is_drawn(shop_recording: Recording) -> None:
    grid = Grid(len(DRAWN), 1)
    for x, character in enumerate(DRAWN):
        grid.put(x, 0, character)

    image = picture(grid)

    assert [character for character in DRAWN if areas(character) is None] == []
    assert [DRAWN[x] for x in range(len(DRAWN)) if is_blank(cell(image, x, 0))] == []
    assert missing(LETTERS) == 0
    for at_ms in range(0, 102_000, 3_000):
        shown = frame(shop_recording, at_ms, width=100, height=30, capabilities=Capabilities())
        assert missing("".join(shown.lines())) == 0


def test_lines_meet_their_neighbours() -> None:
    grid = Grid(3, 2)
    grid.write(0, 0, "┌─┐")
    grid.write(0, 1, "│ │")

    image = picture(grid)

    across, down = cell(image, 1, 0), cell(image, 0, 1)
    assert not (across[:, 0] == GROUND).all()
    assert not (across[:, -1] == GROUND).all()
    assert not (down[0] == GROUND).all()
    assert not (down[-1] == GROUND).all()
    assert is_blank(cell(image, 1, 1))


def test_a_letter_has_the_colour_of_its_role_and_a_reversed_cell_is_full_of_it() -> None:
    grid = Grid(2, 1)
    grid.put(0, 0, "█", Style(Role.RAGE))
    grid.put(1, 0, " ", Style(Role.CLICK, reverse=True))

    image = picture(grid)

    assert (cell(image, 0, 0) == rgb_of(Role.RAGE)).all()
    assert (cell(image, 1, 0) == rgb_of(Role.CLICK)).all()
    assert len(letters.palette()) <= 3 * 256


def test_without_the_font_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = Grid(1, 1)
    grid.put(0, 0, "Q")
    letters._face.cache_clear()
    letters._tile.cache_clear()
    monkeypatch.setattr(letters, "font_file", lambda: None)

    with pytest.raises(UsertrackError) as caught:
        picture(grid)

    assert "fontpkg-jetbrains-mono" in (caught.value.hint or "")


def test_a_gif_ends_on_the_last_frame_and_skips_what_is_idle(phone_recording: Recording) -> None:
    data, speed = gif(phone_recording, width=60, height=20)

    with Image.open(BytesIO(data)) as animation:
        frames = animation.n_frames  # type: ignore[attr-defined]
        durations = []
        for number in range(frames):
            animation.seek(number)
            durations.append(animation.info["duration"])
        last = np.asarray(animation.convert("RGB"))
    grid = frame(phone_recording, 20_000, width=60, height=20, capabilities=Capabilities())
    assert speed == 1
    assert 5 < frames <= FRAMES_MAX
    assert 5_000 < sum(durations) < 15_000
    assert (last == np.asarray(picture(grid).convert("RGB"))).all()


def test_an_svg_is_xml_with_the_words_as_text_and_nothing_active(shop_recording: Recording) -> None:
    grid = frame(shop_recording, 7_400, width=100, height=30, capabilities=Capabilities())
    grid.write(2, 5, '<script>alert("1")</script> & ]]>')

    text = svg(grid, title="a <b> & c")

    root = ET.fromstring(text)  # noqa: S314 - made here
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    words = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    assert tags == {"svg", "title", "rect", "text"}
    assert '<script>alert("1")</script> & ]]>' in words
    assert any("clicked “Oak bread board” (div h3)" in word for word in words)
    assert not any("  " in word for word in words)
