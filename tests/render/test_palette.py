from __future__ import annotations

import numpy as np
import pytest

from usertrack_cli.render import palette
from usertrack_cli.render.density import Float64Array
from usertrack_cli.render.palette import Colormap


def lightness(colormap: Colormap) -> Float64Array:
    """Luma of BT.709 of each level."""
    weighted: Float64Array = palette.colour_table(colormap) @ np.array([0.2126, 0.7152, 0.0722])
    return weighted


@pytest.mark.parametrize("colormap", Colormap)
def test_every_table_has_256_colours_that_nobody_can_change(colormap: Colormap) -> None:
    table = palette.colour_table(colormap)

    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


@pytest.mark.parametrize("colormap", [Colormap.INFERNO, Colormap.VIRIDIS, Colormap.CIVIDIS])
def test_lightness_rises_without_a_break(colormap: Colormap) -> None:
    assert (np.diff(lightness(colormap)) > -0.5).all()


def test_inferno_starts_after_its_black() -> None:
    assert lightness(Colormap.INFERNO)[0] > 20


def test_the_published_colours_are_met_at_the_control_points() -> None:
    viridis, turbo = palette.colour_table(Colormap.VIRIDIS), palette.colour_table(Colormap.TURBO)

    assert viridis[0].tolist() == [0x44, 0x01, 0x54]
    assert viridis[135].tolist() == [0x1F, 0x97, 0x8B]
    assert turbo[255].tolist() == [0x7A, 0x04, 0x03]


def test_untouched_places_show_the_page_alone() -> None:
    alpha = palette.alpha_table(0.8)

    assert alpha[0] == 0
    assert alpha[255] == 204
    assert (np.diff(alpha.astype(int)) >= 0).all()


def test_the_legend_shows_colours_as_a_white_page_does() -> None:
    table = palette.colour_table(Colormap.TURBO)

    seen = palette.over_white(table, palette.alpha_table(0.5))

    assert seen[0].tolist() == [255, 255, 255]
    np.testing.assert_allclose(seen[255], (table[255] + 255.0) / 2, atol=1)
