from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from usertrack_cli.errors import UsageError
from usertrack_cli.render import picture


@pytest.fixture
def photo() -> Image.Image:
    rng = np.random.default_rng(8)
    return Image.fromarray(rng.integers(0, 256, (1100, 37, 3)).astype(np.uint8))


@settings(max_examples=25)
@given(width=st.integers(1, 40), height=st.sampled_from([1, 2, 511, 512, 513, 1024]))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int
) -> None:
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    path = tmp_path_factory.mktemp("png") / "x.png"

    picture.write_png(Image.fromarray(pixels), path, metadata={})

    with Image.open(path) as read:
        read.load()
        np.testing.assert_array_equal(np.asarray(read), pixels)


def test_metadata_is_read_back_by_others(tmp_path: Path, photo: Image.Image) -> None:
    metadata = {"Title": "/größe/中", "Software": "usertrack", "Filters": "--last 30d"}

    picture.write_png(photo, tmp_path / "x.png", metadata=metadata)

    with Image.open(tmp_path / "x.png") as read:
        assert read.text == metadata  # type: ignore[attr-defined]


def test_hostile_metadata_is_made_safe(tmp_path: Path, photo: Image.Image) -> None:
    picture.write_png(photo, tmp_path / "x.png", metadata={"Title": "a\x1b[31m\0b\ud800"})

    with Image.open(tmp_path / "x.png") as read:
        text = read.text["Title"]  # type: ignore[attr-defined]
    assert text.isprintable()


@pytest.mark.parametrize("keyword", ["", "x" * 80])
def test_a_keyword_beyond_the_format_is_a_mistake(keyword: str, photo: Image.Image) -> None:
    with pytest.raises(ValueError, match="keyword"):
        list(picture.png_chunks(photo, metadata={keyword: "x"}))


def test_other_modes_are_written_as_colour(tmp_path: Path) -> None:
    picture.write_png(Image.new("L", (5, 5), 77), tmp_path / "x.png", metadata={})

    with Image.open(tmp_path / "x.png") as read:
        assert read.mode == "RGB"
        assert read.getpixel((2, 2)) == (77, 77, 77)


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"old")

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, fail)
    with pytest.raises(UsageError, match="No space left on device"):
        picture.write_png(photo, path, metadata={})

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_written_in_place_the_old_file_would_be_lost(tmp_path: Path, photo: Image.Image) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    pieces = picture.png_chunks(photo, metadata={})

    with pytest.raises(OSError, match="disk"), path.open("wb") as file:
        file.write(next(pieces))
        raise OSError(28, "disk")

    assert path.read_bytes() != b"old"


def test_an_interruption_leaves_nothing_beside_it(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        picture.write_png(photo, tmp_path / "x.png", metadata={})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["missing", "file"])
def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path, photo: Image.Image, folder: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot write"):
        picture.write_png(photo, tmp_path / folder / "x.png", metadata={})
