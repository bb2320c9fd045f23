"""Pictures inside a report: as good as their share of the file allows, and never more than it."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from usertrack_cli.api.reports import BYTES_MAX
from usertrack_cli.render.report.embedding import WIDTH_PX, embedded

SHARE_BYTES = BYTES_MAX // 7
"""What one of six pictures may take, with the text beside them."""


@pytest.mark.parametrize("height", [800, 8_000])
def test_even_noise_keeps_to_its_share(height: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (height // 8, 160, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((1_280, height), Image.Resampling.NEAREST)

    data, width, drawn = embedded(image, bytes_max=SHARE_BYTES)

    shown = Image.open(BytesIO(b64decode(data.removeprefix("data:image/webp;base64,"))))
    assert len(data) <= SHARE_BYTES
    assert shown.size == (width, drawn)
    assert abs(drawn / width - height / 1_280) < 0.02 * height / 1_280


def test_a_plain_picture_is_as_wide_as_is_useful() -> None:
    data, width, _ = embedded(Image.new("RGB", (2_560, 3_000), "white"), bytes_max=SHARE_BYTES)

    assert width == WIDTH_PX
    assert len(data) < SHARE_BYTES
