"""Sticky elements scroll with the page until they meet the header, fixed ones never do."""

from __future__ import annotations

from usertrack_cli.render.geometry import Scale, Scrolling
from usertrack_cli.render.layout import FIXED, Box, BoxKind, Layout
from usertrack_cli.render.sticky import sticky_groups
from usertrack_cli.render.wireframe import Wireframe

HEADER = Box(BoxKind.CONTAINER, 0, 0, 1280, 80, flags=FIXED)
MAIN = Box(BoxKind.CONTAINER, 0, 80, 1280, 1520)
CARD = Box(BoxKind.CONTAINER, 800, 320, 400, 240, flags=FIXED, selector="#summary")
PAY = Box(BoxKind.BUTTON, 840, 400, 200, 40, "Pay now", FIXED, "#pay")
ARTICLE = Box(BoxKind.TEXT, 40, 320, 600, 1_200, "An article")
CHAT = Box(BoxKind.BUTTON, 560, 700, 64, 40, "Chat", FIXED, "#chat")


def rows_of(text: str, scroll_y: int) -> list[int]:
    boxes = (HEADER, MAIN, CARD, PAY, ARTICLE, CHAT)
    wireframe = Wireframe(Layout("/", "h", 1280, 2400, 1280, 800, boxes), Scale(80, 20, 1280, 800))
    lines = wireframe.view(Scrolling(0, scroll_y)).lines()
    return [y for y, line in enumerate(lines) if text in line]


def test_what_has_a_place_of_its_own_is_sticky_and_what_lies_over_others_is_fixed() -> None:
    groups = sticky_groups((HEADER, MAIN, CARD, PAY, ARTICLE, CHAT))

    assert [group.members for group in groups] == [frozenset({2, 3})]
    assert (groups[0].stop_px, groups[0].limit_px) == (104, 1600)


def test_it_scrolls_stops_below_the_header_and_leaves_with_its_container() -> None:
    assert rows_of("Pay now", 0) == [10]
    assert rows_of("Pay now", 120) == [7]
    assert rows_of("Pay now", 400) == rows_of("Pay now", 800) == [5]
    assert rows_of("Pay now", 1_600) == []


def test_a_fixed_element_stays() -> None:
    assert [rows_of("Chat", scroll_y) for scroll_y in (0, 400, 1_600)] == [[18], [18], [18]]


def test_a_point_over_a_sticky_button_is_on_its_label_wherever_it_is() -> None:
    boxes = (HEADER, MAIN, CARD, PAY, ARTICLE, CHAT)
    wireframe = Wireframe(Layout("/", "h", 1280, 2400, 1280, 800, boxes), Scale(80, 20, 1280, 800))

    for scroll_y, y in ((0, 420), (120, 300), (600, 204)):
        scrolling = Scrolling(0, scroll_y)
        label = wireframe.on_screen(wireframe.spots["#pay"], scrolling)
        assert label.holds(*wireframe.cell(940, y, scrolling)), scroll_y
