"""Scroll depth of pages and of scrollers inside them, against a count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, pageview, session_id
from usertrack_cli.commands.init import prepare
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.scrolling import container_attention, container_reach, containers, reach
from usertrack_cli.render.reach import reach_curve
from usertrack_cli.store.home import Home, create_home

CHOSEN = Filter(site="default", page="/shop")
VIEWPORT_H, DOCUMENT_H, BAND_PX = 800, 2400, 10


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scrolls=st.lists(st.lists(st.integers(0, 1700), max_size=4), min_size=1, max_size=6),
)
def test_the_reach_curve_equals_a_count_in_plain_python(
    tmp_path_factory: pytest.TempPathFactory, scrolls: list[list[int]]
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    for number, tops in enumerate(scrolls):
        events = [["s", 1000 + 500 * n, 0, top] for n, top in enumerate(tops)]
        Sender(home, session_id(number)).send(0, pageview(), *events)

    found = ask(home, CHOSEN, lambda con: reach(con, CHOSEN))
    curve = reach_curve(found.depth_ratio, height_px=DOCUMENT_H)

    furthest = [min(max([0, *tops]) + VIEWPORT_H, DOCUMENT_H) for tops in scrolls]
    for band, share in enumerate(curve.tolist()):
        middle = (band + 0.5) * BAND_PX
        saw = sum(1 for bottom in furthest if bottom >= middle)
        assert share == pytest.approx(saw / len(furthest), abs=1e-6)
    assert sorted(found.reach_px.tolist()) == sorted(furthest)


def inside(at_ms: int, top: int, *, selector: str = "#list") -> list[object]:
    return ["S", at_ms, selector, 0, top, 300, 1000, 300, 400]


def test_a_scroller_inside_a_page_has_its_own_depth(home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview(), inside(1000, 100), inside(2000, 350), inside(3000, 0))
    Sender(home, session_id(2)).send(0, pageview(), inside(1000, 600))
    Sender(home, session_id(3)).send(0, pageview())

    found = ask(home, CHOSEN, lambda con: container_reach(con, CHOSEN, "#list", top_ratio=0.0))

    # 400 of 1000 px show without scrolling.
    assert found.depth_ratio.tolist() == [0.75, 1.0, 0.4]
    assert (found.scroll_h, found.client_h, found.client_w, found.events) == (1000, 400, 300, 4)


def test_who_never_came_down_to_the_scroller_does_not_count(home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview(), ["s", 500, 0, 900], inside(1000, 100))
    Sender(home, session_id(2)).send(0, pageview(), ["s", 500, 0, 900])
    Sender(home, session_id(3)).send(0, pageview())

    found = ask(home, CHOSEN, lambda con: container_reach(con, CHOSEN, "#list", top_ratio=0.5))

    assert found.depth_ratio.tolist() == [0.5, 0.4]


def test_time_in_view_inside_a_scroller_follows_the_page_and_the_scroller(sender: Sender) -> None:
    sender.send(
        0,
        pageview(),
        ["a", 900, 900],  # the scroller begins at 1,200 px: not in view yet
        ["s", 1000, 0, 600],
        ["a", 2000, 1000],
        inside(2500, 300),
        inside(2600, 50, selector="#other"),
        ["a", 3000, 400],
        ["s", 3500, 0, 1300],
        ["a", 4000, 500],
    )

    found = ask(
        sender.home,
        CHOSEN,
        lambda con: container_attention(con, CHOSEN, "#list", frame_y=1200, client_h=400),
    )

    # At 600 px the viewport ends at 1,400: half of the 400 px show; at 1,300 the first 100 are above it.
    assert found.active_ms.tolist() == [1000, 400, 500]
    assert found.top_px.tolist() == [0, 300, 400]
    assert found.bottom_px.tolist() == [200, 500, 700]


def test_nobody_scrolled_it(sender: Sender) -> None:
    sender.send(0, pageview(), inside(1000, 50, selector="#other"))

    found = ask(sender.home, CHOSEN, lambda con: container_reach(con, CHOSEN, "#list", top_ratio=0.0))

    assert (found.events, len(found.depth_ratio)) == (0, 0)
    assert ask(sender.home, CHOSEN, lambda con: containers(con, CHOSEN)) == ["#other"]
    assert np.issubdtype(found.depth_ratio.dtype, np.floating)
