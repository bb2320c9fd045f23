"""The page under a map: a picture from a file, or plain paper; ``sketch`` draws one from a layout.

A backdrop is pale, so that colour belongs to the map alone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from usertrack_cli.errors import UsageError
from usertrack_cli.render.text import safe_text

PAGE_HEIGHT_MAX_PX = 100_000
PAGE_WIDTH_MAX_PX = 10_000
"""Taller or wider documents are endless lists or broken measurements; what is beyond is not drawn."""

PICTURE_PIXELS_MAX = 40_000_000
"""120 MB of RGB, and within what Pillow and browsers open without asking."""
PICTURE_HEIGHT_MAX_PX = 32_000
"""Many viewers stop at 32,767 px."""

FILE_WHITE_SHARE = 0.3
"""How much white a page's picture is blended with."""

PAPER = "#fcfcfd"


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A page as it is drawn under a map.

    Attributes:
        image: RGB.
        document_w: Of the page in document px, as ``document_h``; cells are counted over this size.
        scale: Picture px per document px.
        notes: What a reader must know about it, empty where it shows the whole page at its size.
    """

    image: Image.Image
    document_w: int
    document_h: int
    scale: float
    notes: tuple[str, ...] = ()

    @property
    def type_scale(self) -> float:
        """How large words are drawn on it: they grow with the picture but never shrink."""
        return max(self.scale, 1.0)


def blank(width_px: int, height_px: int, *, scale: float = 1.0) -> Backdrop:
    """Return white paper for a page, scaled down where the picture would grow beyond its limits."""
    width = min(max(width_px, 1), PAGE_WIDTH_MAX_PX)
    height = min(max(height_px, 1), PAGE_HEIGHT_MAX_PX)
    fitting = min(scale, PICTURE_HEIGHT_MAX_PX / height, (PICTURE_PIXELS_MAX / (width * height)) ** 0.5)
    size = max(1, int(width * fitting)), max(1, int(height * fitting))
    notes = []
    if height < height_px:
        notes.append(f"the page is {height_px:,} px tall: its first {height:,} px are drawn")
    if width < width_px:
        notes.append(f"the page is {width_px:,} px wide: its first {width:,} px are drawn")
    if fitting < scale:
        notes.append(f"the page is too tall for a picture of its size: drawn at {fitting:.0%}")
    return Backdrop(Image.new("RGB", size, PAPER), width, height, fitting, tuple(notes))


def from_file(path: Path, *, document_w: int, document_h: int | None = None, scale: float = 1.0) -> Backdrop:
    """Return a page's picture from a file, scaled to the document's width, grey and paled.

    Args:
        document_h: Height of the document; where the file shows less, the rest stays blank. The file's
            own height where ``None``.
        scale: 2 for a picture at double size.

    Raises:
        UsageError: The file cannot be read as a picture, or is too large.
    """
    page = opened(path)
    shown_h = max(1, round(page.height * document_w / page.width))
    backdrop = blank(document_w, max(shown_h, document_h or 0), scale=scale)
    size = backdrop.image.width, max(1, round(shown_h * backdrop.scale))
    paled = Image.blend(ImageOps.grayscale(page).resize(size), Image.new("L", size, 255), FILE_WHITE_SHARE)
    backdrop.image.paste(paled.convert("RGB"), (0, 0))
    return backdrop


def opened(path: Path) -> Image.Image:
    """Return a picture of a page, RGB, on white where it is transparent.

    Raises:
        UsageError: The file cannot be read as a picture, or is too large.
    """
    name = safe_text(str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                rgba = file.convert("RGBA")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UsageError(f"{name} has too many pixels for a background", hint="scale it down first") from error
    except UnidentifiedImageError as error:
        raise UsageError(f"{name} is not a picture", hint="give a PNG, JPEG or WebP file") from error
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror or error}") from error
    # Transparent parts of a screenshot are the browser's white.
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
