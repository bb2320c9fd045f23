"""Whole pictures against those that were looked at and found good, as decoded pixels.

``REWRITE_GOLDEN=1`` draws them anew; look at every one before keeping it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.render.conftest import shop_layout
from usertrack_cli.render import backdrop, density, sketch
from usertrack_cli.render.caption import Caption
from usertrack_cli.render.density import Float32Array, Scale
from usertrack_cli.render.difference import difference_picture
from usertrack_cli.render.fonts import font_file
from usertrack_cli.render.heatmap import heatmap_picture
from usertrack_cli.render.palette import Colormap
from usertrack_cli.render.picture import write_png
from usertrack_cli.render.reach import fold_of, reach_curve
from usertrack_cli.render.scrollmap import scrollmap_picture

GOLDEN = Path(__file__).parent.parent / "golden" / "pictures"
OFF_MEAN_MAX = 0.5
"""Out of 255: other builds of FreeType and libm round a pixel differently here and there."""
OFF_SHARE_MAX = 0.001

LAYOUT = shop_layout()


def caption(kind: str, *notes: str, unit: str = "clicks") -> Caption:
    return Caption(
        page="/shop",
        kind=kind,
        width_class="wide",
        widths_px=(1280, 1920),
        dates="2026-10-24 to 2026-11-22",
        zone="Europe/Berlin",
        session_count=140,
        session_total=1312,
        event_count=3000,
        unit=unit,
        notes=notes,
    )


def counts(seed: int) -> Float32Array:
    rng = np.random.default_rng(seed)
    spots = np.array([(b.x + b.w / 2, b.y + b.h / 2) for b in LAYOUT.boxes if b.text])
    points = spots[rng.integers(0, len(spots), 3000)] + rng.normal(0, 12, (3000, 2))
    return density.cell_counts(points.astype(np.int32), width_px=1280, height_px=1880)


def clicks() -> Image.Image:
    return heatmap_picture(
        counts(1),
        backdrop=sketch.wireframe(LAYOUT),
        caption=caption("click heatmap", "the page's layout changed in this range"),
    )


def rage_at_double_size() -> Image.Image:
    return heatmap_picture(
        counts(2) / np.float32(8),
        backdrop=sketch.wireframe(LAYOUT, scale=2),
        caption=caption("rage click heatmap", unit="rage clicks"),
        colormap=Colormap.TURBO,
        scale=Scale.LOG,
    )


def depth() -> Image.Image:
    rng = np.random.default_rng(5)
    ratios = np.clip(rng.normal(0.7, 0.2, 500), 0.3, 1)
    seconds = np.abs(np.sin(np.arange(188) / 20)).astype(np.float32) * 9
    return scrollmap_picture(
        reach_curve(ratios, height_px=LAYOUT.document_h),
        backdrop=sketch.wireframe(LAYOUT),
        caption=caption("scrollmap", unit="scroll positions"),
        fold=fold_of(np.array([700, 800, 900, 1000], dtype=np.int32)),
        attention=seconds,
    )


def changed() -> Image.Image:
    return difference_picture(
        counts(3), counts(4), backdrop=backdrop.blank(1280, 1880), caption=caption("difference"), events_min=2
    )


@pytest.mark.parametrize("draw", [clicks, rage_at_double_size, depth, changed], ids=lambda draw: draw.__name__)
def test_a_picture_is_the_one_that_was_found_good(draw: Callable[[], Image.Image]) -> None:
    if font_file() is None:
        pytest.skip("the golden pictures are set in Inter")
    path = GOLDEN / f"{draw.__name__}.png"

    # A smaller size keeps the files small; what is wrong there is wrong at full size.
    drawn = draw()
    drawn = drawn.resize((480, drawn.height * 480 // drawn.width), Image.Resampling.BOX)
    if os.environ.get("REWRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(drawn, path, metadata={})

    with Image.open(path) as golden:
        assert drawn.size == golden.size
        off = np.abs(np.asarray(drawn).astype(int) - np.asarray(golden.convert("RGB")).astype(int))
    assert off.mean() <= OFF_MEAN_MAX
    assert (off.max(axis=2) > 24).mean() <= OFF_SHARE_MAX


def test_a_picture_with_a_spot_too_many_is_not_the_golden_one() -> None:
    counted = counts(1)
    counted[330:333, 100:103] += 8
    page, said = sketch.wireframe(LAYOUT), caption("click heatmap")

    own = heatmap_picture(counts(1), backdrop=page, caption=said)
    other = heatmap_picture(counted, backdrop=page, caption=said)

    small = [np.asarray(p.resize((480, 720), Image.Resampling.BOX)).astype(int) for p in (own, other)]
    assert (np.abs(small[0] - small[1]).max(axis=2) > 24).mean() > OFF_SHARE_MAX
