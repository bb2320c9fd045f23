"""A layout in cells: clicks on their elements, fixed boxes, inner scrollers, layouts that lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render.geometry import Scale, Scrolling
from usertrack_cli.render.grid import Grid
from usertrack_cli.render.layout import FIXED, Box, BoxKind, Layout
from usertrack_cli.render.recording import Recording
from usertrack_cli.render.wireframe import ROWS_MAX, Wireframe

SIZES = [(79, 21), (99, 27), (159, 47), (61, 33)]


def layout_of(*boxes: Box, document_h: int = 800) -> Layout:
    return Layout("/", "hash", 1280, document_h, 1280, 800, boxes)


def view_of(*boxes: Box, scrolling: Scrolling | None = None, columns: int = 80, rows: int = 20) -> list[str]:
    layout = layout_of(*boxes)
    return Wireframe(layout, Scale(columns, rows, 1280, 800)).view(scrolling or Scrolling()).lines()


@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("scroll_y", [0, 1, 37, 420, 1003, 1080])
def test_a_click_well_inside_an_element_sits_on_its_label(
    shop_recording: Recording, columns: int, rows: int, scroll_y: int
) -> None:
    layout = shop_recording.layouts["shop-wide"]
    scrolling = Scrolling(0, scroll_y, (("#reviews", 0, 100),))
    wireframe = Wireframe(layout, Scale(columns, rows, 1280, 800))
    missed = []

    for box in layout.boxes:
        if box.kind not in {BoxKind.BUTTON, BoxKind.LINK, BoxKind.FIELD} or not box.selector or box.h > 60:
            continue
        for y in (box.y + box.h // 4, box.y + box.h // 2, box.y + box.h * 3 // 4):
            viewport_y = y - (0 if box.is_fixed else scroll_y)
            if not 64 * (not box.is_fixed) < viewport_y < 790:
                continue
            rect = wireframe.on_screen(wireframe.spots[box.selector], scrolling)
            column, row = wireframe.cell(box.x + box.w // 2, viewport_y, scrolling)
            right = max(rect.right, wireframe.scale.column(box.x + box.w))
            if not rect._replace(right=right).holds(column, row):
                missed.append((box.selector, y, rect, column, row))

    assert missed == []


def test_each_kind_is_drawn_as_readers_know_it() -> None:
    lines = view_of(
        Box(BoxKind.CONTAINER, 0, 0, 640, 400),
        Box(BoxKind.HEADING, 32, 60, 300, 30, "Sign up"),
        Box(BoxKind.FIELD, 32, 140, 320, 30, "E-mail"),
        Box(BoxKind.BUTTON, 32, 220, 160, 30, "Send"),
        Box(BoxKind.LINK, 32, 300, 100, 20, "Terms"),
        Box(BoxKind.IMAGE, 400, 80, 160, 200, "Logo"),
        columns=80,
        rows=20,
    )

    assert [line.rstrip() for line in lines[:10]] == [
        "┌──────────────────────────────────────┐",
        "│ Sign up                              │",
        "│                        ░░░░░░░░░░    │",
        "│ [E-mail____________]   ░░░░░░░░░░    │",
        "│                        ░ ▨ Logo ░    │",
        "│ [  Send  ]             ░░░░░░░░░░    │",
        "│                        ░░░░░░░░░░    │",
        "│ Terms                                │",
        "│                                      │",
        "└──────────────────────────────────────┘",
    ]


def test_headings_are_bold_and_links_underlined() -> None:
    boxes = (Box(BoxKind.HEADING, 0, 40, 300, 30, "Sign up"), Box(BoxKind.LINK, 0, 120, 100, 20, "Terms"))
    layout = Layout("/", "h", 1280, 800, 1280, 800, boxes)

    view = Wireframe(layout, Scale(columns=80, rows=20, viewport_w=1280, viewport_h=800)).view(Scrolling())

    styles = {
        character: view.styles[y][x] for y, row in enumerate(view.characters) for x, character in enumerate(row)
    }
    assert (styles["S"].bold, styles["S"].underline) == (True, False)
    assert (styles["T"].bold, styles["T"].underline) == (False, True)


def test_a_long_label_spills_into_blank_cells_and_moves_its_neighbour_but_covers_none() -> None:
    lines = view_of(
        Box(BoxKind.LINK, 0, 0, 32, 20, "A long way home"),
        Box(BoxKind.LINK, 160, 0, 32, 20, "Short"),
        Box(BoxKind.LINK, 0, 40, 32, 20, "A long way home"),
        Box(BoxKind.BUTTON, 1248, 80, 32, 20, "Cart (2)"),
    )

    assert lines[0] == "A long way home Short"
    assert lines[1] == "A long way home"
    assert lines[2] == "[Cart (2)]".rjust(80)


def test_fixed_boxes_stay_and_cover_what_scrolls_under_them() -> None:
    boxes = (
        Box(BoxKind.CONTAINER, 0, 0, 1280, 40, flags=FIXED),
        Box(BoxKind.LINK, 16, 10, 100, 20, "Menu", FIXED),
        Box(BoxKind.HEADING, 16, 400, 600, 30, "Below"),
    )

    still, scrolled = view_of(*boxes), view_of(*boxes, scrolling=Scrolling(0, 400))

    assert still[0] == scrolled[0] == "  Menu"
    assert still[10] == " Below"
    assert "Below" not in "".join(scrolled)


def test_an_inner_scroller_shows_only_what_is_inside_it() -> None:
    boxes = (
        Box(BoxKind.CONTAINER, 160, 80, 640, 160, selector="#list"),
        *(Box(BoxKind.LINK, 200, 120 + 80 * n, 200, 20, f"Row {n}", container=0) for n in range(9)),
    )

    still = "\n".join(view_of(*boxes))
    scrolled = view_of(*boxes, scrolling=Scrolling(0, 0, (("#list", 0, 240),)))

    assert "Row 0" in still
    assert "Row 3" not in still
    assert "Row 3" in scrolled[3]
    assert "Row 0" not in "\n".join(scrolled)
    assert len(scrolled[7]) == 0


def test_containers_that_hold_each_other_are_drawn_once() -> None:
    lines = view_of(
        Box(BoxKind.CONTAINER, 0, 0, 320, 200, selector="#a", container=1),
        Box(BoxKind.CONTAINER, 0, 240, 320, 200, selector="#b", container=0),
        Box(BoxKind.LINK, 16, 80, 100, 20, "Here", container=0),
        Box(BoxKind.LINK, 16, 320, 100, 20, "There", container=99),
    )

    assert "Here" in "\n".join(lines)
    assert "There" in "\n".join(lines)


EDGES = st.sampled_from([-(2**63), -70_000, -1, 0, 1, 15, 799, 1280, 40_000, 2**31, 2**63])


@given(
    st.lists(
        st.builds(
            Box,
            kind=st.sampled_from(BoxKind),
            x=EDGES,
            y=EDGES,
            w=EDGES,
            h=EDGES,
            text=st.text(max_size=8),
            flags=st.sampled_from([0, FIXED]),
            selector=st.sampled_from(["", "#a", "#b"]),
            container=st.integers(-2, 4),
        ),
        max_size=4,
    ),
    EDGES,
    EDGES,
)
def test_a_layout_that_lies_still_fits_the_screen(boxes: list[Box], document: int, scrolled: int) -> None:
    layout = Layout("/", "hash", document, document, 1280, 800, tuple(boxes))

    wireframe = Wireframe(layout, Scale(20, 6, 1280, 800))
    view = wireframe.view(Scrolling(scrolled, scrolled, (("#a", scrolled, -scrolled),)))

    assert isinstance(view, Grid)
    assert [len(row) for row in view.characters] == [20] * 6
    assert all(grid.height <= ROWS_MAX for grid in wireframe._grids.values())
