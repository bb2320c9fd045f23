from __future__ import annotations

import numpy as np
import pytest

from usertrack_cli.errors import UsageError
from usertrack_cli.render import backdrop, density, difference, palette
from usertrack_cli.render.caption import Caption
from usertrack_cli.render.density import Float32Array

CAPTION = Caption(
    page="/shop",
    kind="click heatmap, difference",
    width_class="wide",
    dates="red: more on b; blue: more on a",
    zone="",
    session_count=40,
    event_count=90,
    counted="a: 20 sessions, 40 clicks · b: 20 sessions, 50 clicks",
)


def at(x: int, y: int, count: float) -> Float32Array:
    counts = np.zeros((100, 100), dtype=np.float32)
    counts[y // 4, x // 4] = count
    return counts


def test_more_is_red_and_less_is_blue() -> None:
    page = backdrop.blank(400, 400)

    picture = difference.difference_picture(
        at(100, 200, 50), at(300, 200, 50), backdrop=page, caption=CAPTION, events_min=2
    )

    pixels = np.asarray(picture.crop((0, picture.height - 400, 400, picture.height))).astype(int)
    less, more = pixels[200, 100], pixels[200, 300]
    assert less[2] > less[0] + 60
    assert more[0] > more[2] + 40


def test_the_same_on_both_sides_leaves_the_page_as_it_is() -> None:
    page = backdrop.blank(400, 400)

    picture = difference.difference_picture(
        at(100, 200, 50), at(100, 200, 50), backdrop=page, caption=CAPTION, events_min=2
    )

    body = picture.crop((0, picture.height - 400, 400, picture.height))
    np.testing.assert_array_equal(np.asarray(body), np.asarray(page.image))


def test_both_signs_have_one_scale() -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.random((30, 30)).astype(np.float32) for _ in range(2))

    forth, clip = difference.difference_levels(a, b)
    back, same_clip = difference.difference_levels(b, a)

    assert clip == same_clip
    np.testing.assert_array_equal(forth.astype(int) - difference.NONE, difference.NONE - back.astype(int))


def test_levels_keep_the_order_of_the_difference() -> None:
    change = np.linspace(-1, 1, 201, dtype=np.float32)[None, :]

    levels, _ = difference.difference_levels(np.maximum(-change, 0), np.maximum(change, 0))

    assert (np.diff(levels.astype(int)) >= 0).all()
    assert levels[0, 100] == difference.NONE


def test_a_small_difference_is_drawn_faintly() -> None:
    lone = 2 / density.kernel_cells(24)
    blurred = density.smooth(at(200, 200, 1), radius_px=24)

    levels, _ = difference.difference_levels(np.zeros_like(blurred), blurred, clip_min=lone)

    assert levels.max() <= difference.NONE + round(127 * 0.5**0.5) + 1


def test_the_middle_of_the_signed_scale_is_clear_and_its_ends_are_not() -> None:
    alpha = palette.diverging_alpha_table(0.8)

    assert alpha[difference.NONE] == 0
    assert alpha[0] == alpha[255] == round(0.8 * 255)


@pytest.mark.parametrize(("radius_px", "opacity"), [(0, 0.8), (24, 1.1)])
def test_what_cannot_be_drawn_is_refused(radius_px: float, opacity: float) -> None:
    with pytest.raises(UsageError):
        difference.difference_picture(
            at(1, 1, 1),
            at(1, 1, 1),
            backdrop=backdrop.blank(400, 400),
            caption=CAPTION,
            events_min=2,
            radius_px=radius_px,
            opacity=opacity,
        )
