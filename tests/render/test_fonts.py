from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usertrack_cli.render import fonts


@pytest.fixture(params=["inter", "carried"], autouse=True)
def face(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run with Inter where it is installed, and with what Pillow carries."""
    if request.param == "inter" and fonts.font_file() is None:
        pytest.skip("fontpkg-inter is not installed")
    fonts.font.cache_clear()
    if request.param == "carried":
        monkeypatch.setattr(fonts, "font_file", lambda: None)
    yield request.param
    fonts.font.cache_clear()


@pytest.mark.parametrize("width_px", [1, 20, 90, 400])
@pytest.mark.parametrize("size_px", [8, 14, 40])
def test_wrapped_lines_fit_and_lose_nothing(width_px: int, size_px: int) -> None:
    text = "/a/path/without-any-space-" + "x" * 40 + " and then some words, W"

    lines = fonts.wrapped(text, width_px=width_px, size_px=size_px)

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(fonts.text_width(line, size_px=size_px) <= width_px or len(line) == 1 for line in lines)


def test_blank_text_has_no_lines() -> None:
    assert fonts.wrapped("  ", width_px=100, size_px=14) == []


@pytest.mark.parametrize("width_px", [0, 3, 30, 300])
def test_shortened_text_fits(width_px: int) -> None:
    text = fonts.shortened("Walnut desk organiser", width_px=width_px, size_px=14, bold=True)

    assert fonts.text_width(text, size_px=14, bold=True) <= width_px


def test_what_the_face_lacks_gets_a_stand_in() -> None:
    assert fonts.covers("plain ASCII text, 100 %")
    assert not fonts.covers("中")
    assert fonts.drawable("a 中") == "a ?"
    assert fonts.covers(fonts.drawable("1,200–1,920 px · “Ж” → ≥"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30))
def test_any_text_can_be_measured_once_it_is_drawable(face: str, text: str) -> None:
    assert fonts.text_width(fonts.drawable(text), size_px=12) >= 0


def test_a_package_without_its_file_is_no_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("usertrack_cli.render.fonts.resources.files", lambda _package: tmp_path)
    fonts.packaged.cache_clear()

    found = fonts.font_file()

    fonts.packaged.cache_clear()
    assert found is None
