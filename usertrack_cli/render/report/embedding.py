"""Pictures inside the file: WebP as a ``data:`` address, made smaller until it fits."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH_PX = 1_100
"""Two of them stand beside each other on a wide screen, with some to spare for screens of double density."""
HEIGHT_MAX_PX = 12_000
"""A WebP has at most 16,383."""
QUALITY = 82


def embedded(image: Image.Image, *, bytes_max: int) -> tuple[str, int, int]:
    """Return a picture as a ``data:`` address of at most ``bytes_max``, and its size in px.

    The quality gives way first, then the size; what is left at the smallest is kept even if it is larger.
    """
    rgb = image.convert("RGB")
    for quality, share in _steps():
        scale = min(1.0, WIDTH_PX * share / rgb.width, HEIGHT_MAX_PX * share / rgb.height)
        size = max(1, round(rgb.width * scale)), max(1, round(rgb.height * scale))
        small = rgb if size == rgb.size else rgb.resize(size, Image.Resampling.LANCZOS)
        file = BytesIO()
        small.save(file, format="WEBP", quality=quality, method=4)
        data = f"data:image/webp;base64,{b64encode(file.getvalue()).decode('ascii')}"
        if len(data) <= bytes_max:
            break
    return data, *size


def _steps() -> Iterator[tuple[int, float]]:
    yield QUALITY, 1.0
    for share in (1.0, 0.8, 0.64, 0.5, 0.4):
        yield 60, share
    yield 40, 0.4
    yield 30, 0.25
