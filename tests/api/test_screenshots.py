from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from usertrack_cli.api.screenshots import Shot, fits, keep, place, shot_of
from usertrack_cli.render.layout import Box, BoxKind, Layout
from usertrack_cli.render.picture import texts_of
from usertrack_cli.store.home import Home

BOXES = tuple(Box(BoxKind.BUTTON, 40, 100 + 60 * n, 120, 44, selector=f"#b{n}") for n in range(10))
LAYOUT = Layout("/shop", "h", 1280, 2400, 1280, 800, BOXES)
SHOT = Shot(document_w=1280, document_h=2400, boxes={b.selector: (b.x, b.y, b.w, b.h) for b in BOXES})


def moved(count: int, by_px: int) -> Layout:
    boxes = [replace(box, y=box.y + by_px) if n < count else box for n, box in enumerate(BOXES)]
    return replace(LAYOUT, boxes=tuple(boxes))


@pytest.mark.parametrize(
    ("count", "by_px", "still"), [(0, 0, True), (10, 8, True), (1, 90, True), (2, 9, False)]
)
def test_a_screenshot_fits_while_nine_in_ten_boxes_stand_where_they_stood(
    count: int, by_px: int, still: bool
) -> None:
    assert fits(SHOT, moved(count, by_px), width_px=1280, height_px=2400) is still


def test_a_page_of_another_size_does_not_fit() -> None:
    assert not fits(SHOT, LAYOUT, width_px=1366, height_px=2400)
    assert not fits(SHOT, LAYOUT, width_px=1280, height_px=2500)
    assert fits(SHOT, None, width_px=1280, height_px=2420)


def test_what_a_screenshot_shows_survives_its_file(home: Home, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "shot.png")

    path = keep(home, tmp_path / "shot.png", site="default", page="/../../etc", width_class="wide", shot=SHOT)

    assert shot_of(texts_of(path)["usertrack:shot"]) == SHOT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path == place(home, site="default", page="/../../etc", width_class="wide")
    assert home.root in path.parents
    assert ".." not in path.parts


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"w":1,"h":2,"boxes":{"#a":[1]}}', '{"w":"x","h":1,"boxes":{}}']
)
def test_a_damaged_note_is_no_screenshot(text: str) -> None:
    assert shot_of(text) is None
