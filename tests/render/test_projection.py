from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render import projection
from usertrack_cli.render.layout import FIXED, Box, BoxKind, Layout

WIDTHS = (390, 768, 1280, 1920)


def shop(width: int) -> Layout:
    """A page whose button moves and whose cards stand in other rows at each width."""
    columns = 1 if width < 600 else 3
    card_w = width // columns
    cards = [
        Box(
            BoxKind.IMAGE, index % columns * card_w, 700 + index // columns * 300, card_w, 280, selector=".card"
        )
        for index in range(6)
    ]
    boxes = (
        Box(BoxKind.BUTTON, width // 2 - 70, 400 + 90_000 // width, 140, 44, selector="#buy"),
        Box(BoxKind.LINK, width - 100, 12, 80, 40, flags=FIXED, selector="#cart"),
        Box(BoxKind.CONTAINER, 20, 3000, width - 40, 200, selector="#list"),
        Box(BoxKind.BUTTON, 30, 3010, 100, 40, selector="#list>b:nth-of-type(1)", container=2),
        Box(BoxKind.BUTTON, 30, 3400, 100, 40, selector="#list>b:nth-of-type(2)", container=2),
        *cards,
    )
    return Layout("/shop", f"w{width}", width, 4000, width, 800, boxes)


def clicks(
    rows: Sequence[tuple[str | None, int, int, int, int, int]], container: str | None = None
) -> projection.Clicks:
    """Rows of selector, element_x, element_y, x, y, document_w."""
    numbers = np.array([row[1:] for row in rows], dtype=np.int32).reshape(-1, 5)
    return projection.Clicks(
        selector=[row[0] for row in rows],
        container=[container] * len(rows),
        element_x=numbers[:, 0],
        element_y=numbers[:, 1],
        x=numbers[:, 2],
        y=numbers[:, 3],
        document_w=numbers[:, 4],
    )


def contains(box: Box, point: Sequence[int]) -> bool:
    return box.x <= point[0] < box.x + box.w and box.y <= point[1] < box.y + box.h


@pytest.mark.parametrize("drawn_w", WIDTHS)
@pytest.mark.parametrize("clicked_w", WIDTHS)
@given(element_x=st.integers(0, 1000), element_y=st.integers(0, 1000))
def test_a_click_lands_inside_its_element_at_every_width(
    clicked_w: int, drawn_w: int, element_x: int, element_y: int
) -> None:
    clicked, drawn = shop(clicked_w).boxes[0], shop(drawn_w)
    x, y = clicked.x + clicked.w * element_x // 1000, clicked.y + clicked.h * element_y // 1000

    result = projection.on_layout(clicks([("#buy", element_x, element_y, x, y, clicked_w)]), drawn)

    assert result.is_anchored.all()
    assert contains(drawn.boxes[0], result.points_px[0].tolist())


def test_what_no_box_answers_to_is_scaled_in_x_and_keeps_its_height() -> None:
    rows = [("#gone", 500, 500, 960, 1234, 1920), (None, -1, -1, 480, 77, 1920), ("#buy", -1, -1, 10, 9, 0)]

    result = projection.on_layout(clicks(rows), shop(1280))

    assert result.points_px.tolist() == [[640, 1234], [320, 77], [10, 9]]
    assert result.anchored_count == 0


def test_positions_beyond_all_measure_stay_outside_the_page() -> None:
    far = 2**31 - 1

    result = projection.on_layout(
        clicks([("#gone", 0, 0, far, far, 1), (None, 0, 0, -far, -far, 1)]), shop(1920)
    )

    assert result.points_px[0].tolist() == [far, far]
    assert (result.points_px[1] < 0).all()


def test_a_shared_selector_means_the_box_nearest_to_the_click() -> None:
    drawn = shop(1280)
    cards = [box for box in drawn.boxes if box.selector == ".card"]
    rows = [(".card", 500, 500, card.x + card.w // 2, card.y + 140, 1280) for card in cards]

    result = projection.on_layout(clicks(rows), drawn)

    assert all(contains(card, point) for card, point in zip(cards, result.points_px.tolist(), strict=True))


def test_a_click_on_a_fixed_element_is_laid_where_the_layout_draws_it() -> None:
    result = projection.on_layout(clicks([("#cart", 500, 500, 1240, 3521, 1280)]), shop(1280))

    assert result.points_px.tolist() == [[1220, 32]]
    assert result.is_anchored.all()


def test_of_a_fixed_and_a_standing_namesake_the_one_under_the_click_is_meant() -> None:
    boxes = (
        Box(BoxKind.LINK, 0, 0, 100, 40, flags=FIXED, selector=".home"),
        Box(BoxKind.LINK, 0, 900, 100, 40, selector=".home"),
    )
    layout = Layout("/", "h", 1000, 1000, 1000, 500, boxes)
    rows = [(".home", 500, 500, 50, 920, 1000), (".home", 500, 500, 50, 400, 1000)]

    result = projection.on_layout(clicks(rows), layout)

    assert result.points_px.tolist() == [[50, 920], [50, 20]]


def test_a_target_scrolled_out_of_its_container_goes_by_position() -> None:
    rows = [
        ("#list>b:nth-of-type(1)", 500, 500, 80, 3030, 1280),
        ("#list>b:nth-of-type(2)", 500, 500, 80, 3100, 1280),
    ]

    result = projection.on_layout(clicks(rows, container="#list"), shop(1280))

    assert result.is_anchored.tolist() == [True, False]
    assert result.points_px.tolist() == [[80, 3030], [80, 3100]]


def test_a_namesake_in_the_clicked_container_is_preferred() -> None:
    boxes = (
        Box(BoxKind.CONTAINER, 0, 500, 400, 300, selector="#list"),
        Box(BoxKind.BUTTON, 0, 400, 100, 40, selector=".more"),
        Box(BoxKind.BUTTON, 0, 700, 100, 40, selector=".more", container=0),
    )
    layout = Layout("/", "h", 400, 1000, 400, 500, boxes)

    result = projection.on_layout(clicks([(".more", 0, 0, 10, 510, 400)], container="#list"), layout)

    assert result.points_px.tolist() == [[0, 700]]


def test_many_clicks_keep_their_order() -> None:
    drawn = shop(768)
    rng = np.random.default_rng(1)
    names = ["#buy", "#cart", None, "#gone", ".card"]
    rows = [(names[i], 500, 500, int(i), 100, 768) for i in rng.integers(0, 5, 200)]

    together = projection.on_layout(clicks(rows), drawn)

    alone = [projection.on_layout(clicks([row]), drawn).points_px[0].tolist() for row in rows]
    assert together.points_px.tolist() == alone


def test_broken_layouts_are_no_error() -> None:
    boxes = (
        Box(BoxKind.LINK, -500, -500, 100, 40, selector="#off"),
        Box(BoxKind.LINK, 0, 0, 0, 0, selector="#empty"),
        Box(BoxKind.LINK, 10, 10, 20, 20, selector="#lost", container=99),
    )
    layout = Layout("/", "h", 100, 100, 100, 100, boxes)
    rows = [("#off", 1, 1, 5, 6, 100), ("#empty", 1, 1, 5, 6, 100), ("#lost", 0, 0, 5, 6, 100)]

    result = projection.on_layout(clicks(rows), layout)

    assert result.points_px.tolist() == [[5, 6], [5, 6], [10, 10]]
    assert projection.on_layout(clicks([]), layout).points_px.shape == (0, 2)


def test_a_click_in_a_container_that_grew_keeps_its_height_on_the_page() -> None:
    # The list was filtered when it was clicked, and is drawn at its full length.
    section = Box(BoxKind.CONTAINER, 20, 300, 960, 1500, selector="section")
    layout = Layout("/", "h", 1000, 2000, 1000, 800, (section,))
    rows = [("section", 100, 80, 110, 340, 1000), ("section", 100, 500, 110, 1900, 1000)]

    result = projection.on_layout(clicks(rows), layout)

    assert result.points_px.tolist() == [[116, 340], [116, 1050]]
    assert result.is_anchored.all()
