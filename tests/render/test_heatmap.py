from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from usertrack_cli.errors import UsageError
from usertrack_cli.render import backdrop, density, heatmap, palette, sketch
from usertrack_cli.render.caption import Caption, caption_picture
from usertrack_cli.render.density import Float32Array, Scale
from usertrack_cli.render.layout import Box, BoxKind, Layout
from usertrack_cli.render.palette import Colormap

BUTTON = Box(BoxKind.BUTTON, 501, 607, 140, 44, "Add to cart", selector="#buy")


def layout(width: int) -> Layout:
    return Layout("/shop", "h", width, 1203, width, 800, (BUTTON,))


def caption(note: str = "") -> Caption:
    return Caption(
        page="/shop",
        kind="click heatmap",
        width_class="wide",
        dates="2026-10-24 to 2026-11-22",
        zone="UTC",
        session_count=40,
        event_count=900,
        notes=(note,) if note else (),
    )


def clicks_on_button(width: int) -> Float32Array:
    rng = np.random.default_rng(4)
    on = np.stack(
        [rng.integers(BUTTON.x + 20, BUTTON.x + 120, 800), rng.integers(BUTTON.y, BUTTON.y + 44, 800)], axis=1
    )
    elsewhere = np.stack([rng.integers(0, width, 100), rng.integers(0, 1203, 100)], axis=1)
    points_px = np.concatenate([on, elsewhere]).astype(np.int32)
    return density.cell_counts(points_px, width_px=width, height_px=1203)


def body_of(picture: Image.Image, page: backdrop.Backdrop) -> Image.Image:
    """Cut the caption and the margins off."""
    left = (picture.width - page.image.width) // 2
    top = picture.height - page.image.height
    return picture.crop((left, top, left + page.image.width, picture.height))


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("width", [700, 1281])
def test_the_hottest_place_lies_inside_the_clicked_element(width: int, scale: float) -> None:
    page = sketch.wireframe(layout(width), scale=scale)
    bare = backdrop.blank(width, 1203, scale=scale)

    picture = heatmap.heatmap_picture(
        clicks_on_button(width), backdrop=bare, caption=caption(), colormap=Colormap.TURBO, opacity=1
    )

    assert page.image.size == bare.image.size
    pixels = np.asarray(body_of(picture, bare)).astype(int)
    hottest = np.abs(pixels - palette.colour_table(Colormap.TURBO)[255]).max(axis=2) < 12
    y, x = (np.argwhere(hottest).mean(axis=0) / scale).tolist()
    assert BUTTON.x < x < BUTTON.x + BUTTON.w
    assert BUTTON.y < y < BUTTON.y + BUTTON.h


def test_places_that_nobody_touched_show_the_page_as_it_is() -> None:
    page = sketch.wireframe(layout(1280))
    counts = density.cell_counts(np.array([[30, 30]], dtype=np.int32), width_px=1280, height_px=1203)

    picture = heatmap.heatmap_picture(counts, backdrop=page, caption=caption())

    np.testing.assert_array_equal(np.asarray(body_of(picture, page))[200:], np.asarray(page.image)[200:])


def test_without_events_the_picture_is_the_page() -> None:
    page = sketch.wireframe(layout(1280))

    picture = heatmap.heatmap_picture(np.zeros((301, 320), dtype=np.float32), backdrop=page, caption=caption())

    np.testing.assert_array_equal(np.asarray(body_of(picture, page)), np.asarray(page.image))


def test_the_legend_names_the_clip_in_events() -> None:
    counts = np.zeros((100, 100), dtype=np.float32)
    counts[50, 50] = 500
    tone = density.tone(density.smooth(counts, radius_px=24), scale=Scale.LINEAR)

    legend = heatmap.density_legend(
        tone, unit="clicks", radius_px=24, colours=palette.colour_table(Colormap.TURBO)
    )

    top = float(legend.ticks[-1][1].removesuffix(" or more").replace(",", ""))
    assert top == pytest.approx(500, rel=0.1)
    assert legend.lines == ("clicks within 14 px of a point, linear scale",)


def test_one_click_alone_is_not_drawn_as_a_hot_spot() -> None:
    page = backdrop.blank(400, 400)
    counts = density.cell_counts(np.array([[200, 200]], dtype=np.int32), width_px=400, height_px=400)

    picture = heatmap.heatmap_picture(counts, backdrop=page, caption=caption(), scale=Scale.LINEAR, opacity=1)

    hottest = palette.colour_table(Colormap.INFERNO)[255].astype(int)
    pixels = np.asarray(body_of(picture, page)).astype(int)
    assert np.abs(pixels - hottest).max(axis=2).min() > 60


def test_a_narrow_page_keeps_a_legible_caption() -> None:
    page = backdrop.blank(117, 400)

    picture = heatmap.heatmap_picture(np.zeros((100, 30), dtype=np.float32), backdrop=page, caption=caption())

    assert picture.width == 360


def test_what_the_backdrop_says_stands_in_the_caption() -> None:
    page = backdrop.blank(1280, 60_000)
    rows, columns = density.grid_shape(width_px=1280, height_px=60_000)
    legend = heatmap.density_legend(
        density.tone(np.zeros((1, 1), dtype=np.float32), scale=Scale.SQRT),
        unit="clicks",
        radius_px=24,
        colours=palette.colour_table(Colormap.TURBO),
    )

    picture = heatmap.heatmap_picture(
        np.zeros((rows, columns), dtype=np.float32), backdrop=page, caption=caption()
    )

    bare = caption_picture(caption(), legend, width_px=picture.width)
    assert picture.height - page.image.height > bare.height


@pytest.mark.parametrize(("radius_px", "opacity"), [(0, 0.8), (401, 0.8), (24, -0.1), (24, 1.1)])
def test_what_cannot_be_drawn_is_refused(radius_px: float, opacity: float) -> None:
    with pytest.raises(UsageError):
        heatmap.heatmap_picture(
            np.zeros((1, 1), dtype=np.float32),
            backdrop=backdrop.blank(4, 4),
            caption=caption(),
            radius_px=radius_px,
            opacity=opacity,
        )


def test_counts_of_another_page_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="the page has"):
        heatmap.heatmap_picture(
            np.zeros((2, 2), dtype=np.float32), backdrop=backdrop.blank(400, 400), caption=caption()
        )
