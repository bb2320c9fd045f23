"""Instants: found by bisection, idle time skipped, pages and pointer where they were."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render.layout import Layout
from usertrack_cli.render.recording import Event, Recording
from usertrack_cli.render.timeline import IDLE_MS, Timeline


def timeline_of(*times: int, duration_ms: int = 0) -> Timeline:
    events = tuple(Event(at_ms=at_ms, kind="move", page="/", pageview=1, x=1, y=1) for at_ms in times)
    return Timeline(Recording(session="s", site="d", started_at_ms=0, duration_ms=duration_ms, events=events))


TIMES = st.lists(st.integers(0, 400_000_000), max_size=12).map(sorted)


@given(TIMES, st.integers(0, 400_000_000))
def test_watching_time_and_instants_are_each_others_inverse(times: list[int], at_ms: int) -> None:
    timeline = timeline_of(*times)
    at_ms = min(at_ms, timeline.duration_ms)
    is_idle = any(start <= at_ms < end for start, end in timeline.idle)

    back = timeline.instant_ms(timeline.watched_ms(at_ms))

    assert back == at_ms or (is_idle and back > at_ms)


@given(TIMES)
def test_no_pause_lasts_longer_than_the_idle_limit(times: list[int]) -> None:
    timeline = timeline_of(*times)
    watched = [timeline.watched_ms(at_ms) for at_ms in [0, *times, timeline.duration_ms]]

    assert all(after - before <= IDLE_MS for before, after in pairwise(watched))
    assert watched == sorted(watched)


@given(TIMES, st.integers(1, 5_000))
def test_playing_on_always_reaches_the_end(times: list[int], step_ms: int) -> None:
    timeline = timeline_of(*times)
    at_ms, steps = 0, 0

    while at_ms < timeline.duration_ms:
        before, at_ms = at_ms, timeline.advanced(at_ms, step_ms, skips_idle=True)
        steps += 1

        assert at_ms > before
    assert steps <= (len(times) + 2) * IDLE_MS // step_ms + 1


def test_four_days_with_one_open_tab_play_in_seconds() -> None:
    timeline = timeline_of(1_000, 2_000, 345_600_000, duration_ms=345_601_000)

    assert timeline.watched_ms(timeline.duration_ms) == 4_000


@pytest.mark.parametrize(
    ("at_ms", "page", "layout", "scroll_y"),
    [(0, "/shop", "shop-wide", 0), (4_700, "/shop", "shop-wide", 240), (97_400, "/thanks", "thanks-1280", 0)],
)
def test_a_scene_is_what_the_events_up_to_then_made_it(
    shop_recording: Recording, at_ms: int, page: str, layout: str, scroll_y: int
) -> None:
    scene = Timeline(shop_recording).scene(at_ms)

    assert scene.pageview.page == page
    assert scene.layout is not None
    assert scene.layout.hash == layout
    assert scene.scrolling.y == scroll_y


def test_a_page_has_the_layout_of_its_time() -> None:
    def event(at_ms: int, kind: str, **fields: Any) -> Event:
        return Event(at_ms=at_ms, kind=kind, page="/", pageview=1, **fields)

    layouts = {name: Layout("/", name, 1280, 800, 1280, 800, ()) for name in ("first", "opened")}
    events = (
        event(0, "pageview"),
        event(900, "layout", layout="first"),
        event(5_000, "layout", layout="opened"),
    )
    timeline = Timeline(
        Recording(session="s", site="d", started_at_ms=0, duration_ms=9_000, events=events, layouts=layouts)
    )

    shown = [scene.layout and scene.layout.hash for scene in map(timeline.scene, (0, 4_999, 5_000, 9_000))]

    assert shown == ["first", "first", "opened", "opened"]


def test_typing_is_forgotten_with_the_page(shop_recording: Recording) -> None:
    timeline = Timeline(shop_recording)

    assert timeline.scene(21_500).fields == {"#name": (11, ""), "#email": (18, "")}
    assert timeline.scene(98_000).fields == {}


def test_neighbours_end_at_the_ends(shop_recording: Recording) -> None:
    timeline = Timeline(shop_recording)

    assert timeline.neighbour_ms(timeline.page_times, 5, is_forward=True) == 97_400
    assert timeline.neighbour_ms(timeline.page_times, 97_400, is_forward=True) == timeline.duration_ms
    assert timeline.neighbour_ms(timeline.page_times, 97_400, is_forward=False) == 0
