"""The operator's limits hold whatever a tracker sends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.bodies import EVERY_KIND, SCROLL, body
from usertrack_cli.ingest.event import BY_CODE, NAMES, Box
from usertrack_cli.ingest.layout import layout_hash
from usertrack_cli.ingest.masking import Admitted, Mask
from usertrack_cli.ingest.wire import decode, stored_body
from usertrack_cli.settings import resolve
from usertrack_cli.values import RECORDABLE

BOXES: list[list[Any]] = [
    ["h", 10, 20, 300, 40, "Shop", 0, "h1", -1],
    ["b", 0, 600, 120, 48, "Buy", 1, "#buy", -1],
]
HASH = layout_hash([Box(*box) for box in BOXES])


def admitted(events: list[Any], page: str = "/shop", **settings: Any) -> Admitted:
    mask = Mask(resolve({}, flags=settings, environ={}).settings)
    batch = decode(body(e=events, pg=[1, page, 1280, 800, 1280, 1902, 0, 0]))
    return mask.admitted(batch, own_origin="https://shop.example")


def kept(events: list[Any], page: str = "/shop", **settings: Any) -> list[Any]:
    found = admitted(events, page, **settings)
    stored: list[Any] = json.loads(stored_body(found.batch, is_as_decoded=found.is_as_decoded))["e"]
    return stored


def view(page: str, referrer: str = "") -> list[Any]:
    return ["p", 0, 2, "spa", page, "T", referrer, 1, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("name", RECORDABLE)
def test_a_kind_that_is_not_to_be_recorded_is_not(name: str) -> None:
    others = [each for each in RECORDABLE if each != name]

    codes = {event[0] for event in kept(EVERY_KIND, record=others)}

    assert codes == {code for code, record in BY_CODE.items() if NAMES.get(record) != name} - {"K"}


def test_pageviews_are_always_recorded() -> None:
    assert {event[0] for event in kept(EVERY_KIND, record="")} == {"p", "h", "a", "u"}


@pytest.mark.parametrize(("mode", "value"), [("mask", None), ("plain", "secret")])
def test_a_typed_value_is_kept_in_plain_mode_only(mode: str, value: str | None) -> None:
    assert kept([["i", 5, "#q", 6, "secret"]], inputs=mode) == [["i", 5, "#q", 6, value]]


def test_with_inputs_off_not_even_the_length_is_kept() -> None:
    assert kept([["i", 5, "#q", 6, "secret"], SCROLL], inputs="off") == [SCROLL]


def test_what_happens_on_an_excluded_page_leaves_no_trace() -> None:
    events = [
        SCROLL,
        view("/admin/users", "https://shop.example/shop"),
        SCROLL,
        view("/cart", "/admin/users"),
        SCROLL,
    ]

    found = kept(events, "/shop", exclude_pages="/admin/*")

    assert [event[0] for event in found] == ["s", "p", "s"]
    assert "admin" not in json.dumps(found)


def test_a_batch_that_begins_on_an_excluded_page_does_not_name_it() -> None:
    found = admitted([SCROLL, view("/cart"), SCROLL], "/admin/users", exclude_pages="/admin/*")

    assert b"admin" not in stored_body(found.batch, is_as_decoded=found.is_as_decoded)
    assert [type(event).__name__ for event in found.batch.events] == ["Pageview", "Scroll"]
    assert found.batch.state.page == "/cart"


def test_a_batch_of_an_excluded_page_has_no_events_left() -> None:
    assert kept([SCROLL], "/admin", exclude_pages="/admin*") == []
    assert kept([SCROLL], "/administer", exclude_pages="/admin") == [SCROLL]


def test_urls_and_fragments_are_cut_down() -> None:
    events = [view("/a?token=1&ref=x", "https://mail.example/inbox?id=7"), ["h", 1, "#access_token=1"]]

    page, fragment = kept([*events, ["e", 2, "boom", "https://cdn.example/a.js?key=1", 3, 4]])[:2]

    assert (page[4], page[6], fragment[2]) == ("/a?ref=x", "https://mail.example", "#access_token")


def test_nothing_is_encoded_again_where_nothing_was_taken_away() -> None:
    assert admitted([SCROLL]).is_as_decoded


def test_layouts_leave_the_events() -> None:
    found = admitted([["k", 1, HASH, 1280, 3000], ["K", 2, HASH, BOXES], SCROLL])

    layout = found.layouts[0]
    assert (layout.page, layout.hash, layout.document_h, layout.viewport_h) == ("/shop", HASH, 3000, 800)
    assert json.loads(layout.boxes) == BOXES
    assert len(found.batch.events) == 2


def test_boxes_under_a_hash_that_is_not_theirs_are_refused() -> None:
    moved = [[*BOXES[0][:2], 900, *BOXES[0][3:]], BOXES[1]]

    found = admitted([["K", 2, HASH, moved]])

    assert (found.layouts, found.rejected) == ((), 1)


def test_layouts_are_not_taken_where_they_are_not_to_be_recorded() -> None:
    assert admitted([["K", 2, HASH, BOXES]], record="click").layouts == ()


def test_a_share_of_the_sessions_is_recorded_as_the_tracker_decides_it() -> None:
    # The lot drawn from the session "sAbCdE…" is 0.925; tracker/tests/session.test.js draws the same.
    assert kept([SCROLL], sample_ratio=0.93) == [SCROLL]
    assert kept([SCROLL], sample_ratio=0.92) == []
    assert kept([SCROLL], sample_ratio=0) == []
