from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render import backdrop, scrollmap
from usertrack_cli.render.caption import Caption
from usertrack_cli.render.reach import Fold


def caption() -> Caption:
    return Caption(
        page="/shop",
        kind="scrollmap",
        width_class="wide",
        dates="2026-10-24 to 2026-11-22",
        zone="UTC",
        session_count=40,
        event_count=900,
        unit="scrolls",
    )


def test_lines_stand_at_the_lowest_depth_that_a_share_reached() -> None:
    depths_px = np.array([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
    reach = np.array([(depths_px > band * 10).mean() for band in range(100)], dtype=np.float32)

    lines = scrollmap.depth_lines(reach)

    assert [line.y_px for line in lines] == [200, 300, 600, 800]
    assert lines[0].text == "90% reached 200 px (20%)"


def test_shares_that_stopped_at_one_depth_share_a_line() -> None:
    reach = np.array([1.0] * 34 + [0.3] * 40 + [0.05] * 26, dtype=np.float32)

    lines = scrollmap.depth_lines(reach)

    assert [line.text for line in lines] == ["90–50% reached 340 px (34%)", "25–10% reached 740 px (74%)"]


def test_a_share_that_saw_the_whole_page_has_no_line() -> None:
    assert scrollmap.depth_lines(np.ones(50, dtype=np.float32)) == []


@given(
    wanted=st.lists(st.floats(-100, 2000), max_size=8).map(sorted),
    limit=st.integers(10, 2000),
)
def test_labels_never_overlap_and_stay_in_order(wanted: list[float], limit: int) -> None:
    tops = scrollmap.spread(wanted, height=22, gap=4, limit=limit)

    assert all(lower - upper >= 26 - 1e-9 for upper, lower in pairwise(tops))
    if tops:
        assert tops[0] >= -1e-9
        assert tops[-1] + 22 <= max(limit, len(tops) * 26 - 4) + 1e-9


def test_labels_with_room_stay_where_they_belong() -> None:
    assert scrollmap.spread([10, 100, 300], height=22, gap=4, limit=500) == [10, 100, 300]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_colour_follows_the_reach_down_the_page(scale: float) -> None:
    page = backdrop.blank(800, 1000, scale=scale)
    reach = np.repeat(np.array([1.0, 0.6, 0.0], dtype=np.float32), [30, 40, 30])

    picture = scrollmap.scrollmap_picture(reach, backdrop=page, caption=caption())

    body = np.asarray(picture.convert("L"))[-page.image.height :, picture.width - round(20 * scale)]
    top, middle, bottom = (int(body[round(y * scale)]) for y in (150, 450, 900))
    assert top > middle > bottom


def test_bands_that_nobody_reported_count_as_unseen() -> None:
    page = backdrop.blank(800, 1000)

    short = scrollmap.scrollmap_picture(np.ones(50, dtype=np.float32), backdrop=page, caption=caption())
    full = scrollmap.scrollmap_picture(
        np.repeat(np.array([1, 0], dtype=np.float32), 50), backdrop=page, caption=caption()
    )

    np.testing.assert_array_equal(np.asarray(short), np.asarray(full))


def test_the_fold_is_drawn_at_its_median_and_its_range_at_the_edges() -> None:
    page = backdrop.blank(800, 1000)
    reach = np.ones(100, dtype=np.float32)

    picture = scrollmap.scrollmap_picture(reach, backdrop=page, caption=caption(), fold=Fold(700, 600, 850))

    body = np.asarray(picture)[-1000:]
    green = np.abs(body.astype(int) - (0x0B, 0x6E, 0x4F)).max(axis=2) < 8
    assert green[602:848, 798].all()
    assert not green[590, 798]
    assert green[700].sum() > 300


def test_a_fold_below_the_end_of_the_page_is_told_rather_than_drawn() -> None:
    lines = scrollmap._legend_lines(fold=Fold(900, 800, 950), has_strip=False, document_h=500)

    assert lines[1] == "the fold, 900 px, lies below the end of the page"


def test_the_attention_strip_is_longest_where_visitors_stayed() -> None:
    page = backdrop.blank(800, 1000)
    seconds = np.linspace(0, 1, 100, dtype=np.float32)
    plain = scrollmap.scrollmap_picture(np.ones(100, dtype=np.float32), backdrop=page, caption=caption())

    picture = scrollmap.scrollmap_picture(
        np.ones(100, dtype=np.float32), backdrop=page, caption=caption(), attention=seconds
    )

    assert picture.width == plain.width + scrollmap.STRIP_PX
    strip = np.asarray(picture)[-1000:, 800:].astype(int)
    lengths = (np.abs(strip - scrollmap.STRIP_BAR_RGB).max(axis=2) < 3).sum(axis=1)
    assert lengths[100] < lengths[500] < lengths[900]


@pytest.mark.parametrize("height", [1, 40, 90])
@pytest.mark.parametrize("width", [60, 390])
def test_a_tiny_page_makes_room_for_its_labels(width: int, height: int) -> None:
    page = backdrop.blank(width, height)
    reach = np.linspace(1, 0, -(-height // 10) + 1, dtype=np.float32)

    picture = scrollmap.scrollmap_picture(
        reach,
        backdrop=page,
        caption=caption(),
        fold=Fold(0, 0, 0),
        attention=np.zeros(0, dtype=np.float32),
    )

    assert picture.width >= 360
