from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usertrack_cli.errors import UsageError
from usertrack_cli.render import backdrop


@pytest.mark.parametrize(("width", "height"), [(1280, 100_000), (10_000, 100_000), (390, 65_000)])
def test_a_tall_page_is_scaled_down_and_says_so(width: int, height: int) -> None:
    paper = backdrop.blank(width, height, scale=2)

    assert paper.image.height <= backdrop.PICTURE_HEIGHT_MAX_PX
    assert paper.image.width * paper.image.height <= backdrop.PICTURE_PIXELS_MAX
    assert (paper.document_w, paper.document_h) == (width, height)
    assert paper.image.width / width == pytest.approx(paper.scale, rel=0.01)
    assert any("drawn at" in note for note in paper.notes)


def test_an_endless_page_is_cut_and_says_so() -> None:
    paper = backdrop.blank(50_000, 2**31 - 1)

    assert (paper.document_w, paper.document_h) == (10_000, 100_000)
    assert any("2,147,483,647 px tall" in note for note in paper.notes)
    assert any("50,000 px wide" in note for note in paper.notes)


def test_a_page_of_ordinary_size_has_no_notes() -> None:
    assert backdrop.blank(1280, 8000).notes == ()


def test_a_file_is_scaled_to_the_width_greyed_and_paled(tmp_path: Path) -> None:
    Image.new("RGB", (800, 1000), (255, 0, 0)).save(tmp_path / "shot.png")

    drawn = backdrop.from_file(tmp_path / "shot.png", document_w=400)

    assert (drawn.document_w, drawn.document_h) == (400, 500)
    red, green, blue = np.asarray(drawn.image)[250, 200].tolist()
    assert red == green == blue
    assert red == pytest.approx(76 * 0.7 + 255 * 0.3, abs=2)


def test_a_file_shorter_than_the_page_leaves_the_rest_blank(tmp_path: Path) -> None:
    Image.new("L", (400, 100)).save(tmp_path / "shot.png")

    drawn = backdrop.from_file(tmp_path / "shot.png", document_w=400, document_h=300)

    assert drawn.image.height == 300
    assert np.asarray(drawn.image)[200:].min() > 250


def test_transparent_parts_of_a_file_are_white(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "shot.png")

    assert np.asarray(backdrop.from_file(tmp_path / "shot.png", document_w=40).image).min() == 255


@pytest.mark.parametrize("name", ["missing.png", "text.png", "cut.png", "."])
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (300, 300), "red").save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-60])

    with pytest.raises(UsageError):
        backdrop.from_file(tmp_path / name, document_w=400)


def test_a_file_with_too_many_pixels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (100, 100)).save(tmp_path / "large.png")

    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9000)

    with pytest.raises(UsageError, match="too many pixels"):
        backdrop.from_file(tmp_path / "large.png", document_w=400)
