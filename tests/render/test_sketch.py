from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from usertrack_cli.render import sketch
from usertrack_cli.render.density import UInt8Array
from usertrack_cli.render.layout import FIXED, Box, BoxKind, Layout


def page(*boxes: Box, width: int = 400, height: int = 300) -> Layout:
    return Layout("/", "h", width, height, width, 300, boxes)


def ink(image: Image.Image) -> UInt8Array:
    """Grey, 0 where the paper is bare."""
    grey: UInt8Array = 255 - np.asarray(image.convert("L"))
    return grey


COORDINATES = st.integers(-(2**31), 2**31 - 1) | st.integers(-20, 500)
BOXES = st.builds(
    Box,
    st.sampled_from(BoxKind),
    COORDINATES,
    COORDINATES,
    COORDINATES,
    COORDINATES,
    st.text(max_size=24),
    st.integers(0, 3),
    st.text(max_size=8),
    st.integers(-3, 9),
)


@settings(max_examples=60)
@given(boxes=st.lists(BOXES, max_size=8), scale=st.sampled_from([0.3, 1.0, 2.0]))
def test_no_layout_breaks_the_drawing(boxes: list[Box], scale: float) -> None:
    drawn = sketch.wireframe(page(*boxes), scale=scale)

    assert drawn.image.size == (int(400 * scale), int(300 * scale))


@pytest.mark.parametrize("kind", BoxKind)
def test_every_kind_leaves_its_mark_inside_its_box_alone(kind: BoxKind) -> None:
    drawn = ink(sketch.wireframe(page(Box(kind, 50, 60, 200, 80, "Walnut"))).image)

    inside = drawn[60:140, 50:250]
    assert np.ptp(inside) > 10
    drawn[60:140, 50:250] = drawn[0, 0]
    assert np.ptp(drawn) == 0


def test_what_is_scrolled_out_of_its_container_is_not_drawn() -> None:
    frame = Box(BoxKind.CONTAINER, 50, 50, 200, 100)
    below = Box(BoxKind.BUTTON, 60, 200, 100, 40, "Hidden", container=0)

    drawn = ink(sketch.wireframe(page(frame, below)).image)

    assert np.ptp(drawn[160:, :]) == 0


def test_a_fixed_container_covers_the_page_beneath_it() -> None:
    text = Box(BoxKind.IMAGE, 0, 0, 50, 50)
    header = Box(BoxKind.CONTAINER, 0, 0, 400, 60, flags=FIXED)

    drawn = ink(sketch.wireframe(page(header, text)).image)

    assert np.ptp(drawn[5:50, 5:45]) == 0


def test_a_label_shared_by_nested_boxes_is_kept_once() -> None:
    link = Box(BoxKind.LINK, 0, 0, 300, 200, "Oak")
    heading = Box(BoxKind.HEADING, 10, 10, 200, 40, "Oak")
    inner = Box(BoxKind.TEXT, 12, 12, 100, 20, "Oak")

    assert sketch._labels(page(link, heading, inner)) == ["", "Oak", ""]
    assert sketch._labels(page(Box(BoxKind.LINK, 0, 0, 9, 9, "Oak"))) == ["Oak"]


def test_a_label_that_the_tracker_cut_ends_in_an_ellipsis() -> None:
    cut, whole = "Drawing of an oak monito", "Drawing of an oak screen"[:23]

    labels = sketch._labels(page(Box(BoxKind.TEXT, 0, 0, 90, 20, cut), Box(BoxKind.TEXT, 0, 50, 90, 20, whole)))

    assert labels == [f"{cut}…", whole]


def test_a_line_as_wide_as_the_page_begins_inside_its_margin() -> None:
    boxes = (Box(BoxKind.BUTTON, 40, 10, 80, 30, "Buy"), Box(BoxKind.TEXT, 0, 100, 400, 20, "Imprint"))

    drawn = ink(sketch.wireframe(page(*boxes)).image)

    assert np.ptp(drawn[90:130, :38]) == 0
    assert np.ptp(drawn[90:130, 38:100]) > 10


def test_the_words_of_a_link_begin_beside_its_icon() -> None:
    link, icon = Box(BoxKind.LINK, 40, 10, 200, 30, "Oak"), Box(BoxKind.IMAGE, 41, 12, 26, 26)

    beside = ink(sketch.wireframe(page(link, icon)).image)
    alone = ink(sketch.wireframe(page(icon)).image)

    assert np.array_equal(beside[:, :70], alone[:, :70])
    assert np.ptp(beside[:, 72:140]) > 10
