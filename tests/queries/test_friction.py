"""Rage, dead and first clicks, at each threshold and one beyond it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.commands.init import prepare
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.clicks import Clicks, Sort, clicks
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.friction import Field, Thresholds
from usertrack_cli.render.stream import stream
from usertrack_cli.render.transcript import MomentKind, moments
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.inbox import NewLayout


def found(
    home: Home,
    sort: Sort,
    *,
    page: str | None = "/shop",
    fields: tuple[Field, ...] = (),
    **thresholds: int,
) -> Clicks:
    chosen = Filter(site="default", page=page)
    judged = Thresholds(**thresholds)
    return ask(home, chosen, lambda con: clicks(con, chosen, sort=sort, thresholds=judged, fields=fields))


def count(home: Home, sort: Sort, **thresholds: int) -> int:
    return len(found(home, sort, page="/shop", fields=(), **thresholds).x)


def burst(*places: tuple[int, int, int], flags: int = 16) -> list[list[Any]]:
    """Clicks of ``at_ms, x, y``."""
    return [click(at, x, y, flags=flags) for at, x, y in places]


@pytest.mark.parametrize(("last_ms", "rage"), [(1999, 3), (2000, 3), (2001, 0)])
def test_three_clicks_are_rage_within_a_second(sender: Sender, last_ms: int, rage: int) -> None:
    sender.send(0, pageview(), *burst((1000, 50, 50), (1400, 50, 50), (last_ms, 50, 50)))

    assert count(sender.home, Sort.RAGE) == rage


@pytest.mark.parametrize(("spread_px", "rage"), [(59, 3), (60, 3), (61, 0)])
def test_three_clicks_are_rage_inside_a_circle_of_30_px(sender: Sender, spread_px: int, rage: int) -> None:
    sender.send(0, pageview(), *burst((1000, 100, 50), (1300, 100 + spread_px, 50), (1600, 110, 50)))

    assert count(sender.home, Sort.RAGE) == rage


def test_a_circle_has_no_corners(sender: Sender) -> None:
    # Each side is 60 px, the diagonal 84: a bounding box of that size would hold them.
    sender.send(0, pageview(), *burst((1000, 100, 100), (1300, 160, 160), (1600, 100, 160)))

    assert count(sender.home, Sort.RAGE) == 0
    assert count(sender.home, Sort.RAGE, rage_px=43) == 3


def test_a_chain_that_wanders_off_is_no_rage(sender: Sender) -> None:
    # Each click is 25 px from the one before, as in a row of buttons; four of them span 75.
    sender.send(0, pageview(), *burst((1000, 0, 0), (1200, 25, 0), (1400, 50, 0), (1600, 75, 0)))

    assert count(sender.home, Sort.RAGE, rage_clicks=4) == 0
    assert count(sender.home, Sort.RAGE, rage_clicks=4, rage_px=38) == 4


@pytest.mark.parametrize(("clicked", "needed", "rage"), [(2, 3, 0), (3, 3, 3), (4, 3, 4), (4, 5, 0), (5, 5, 5)])
def test_so_many_clicks_at_least(sender: Sender, clicked: int, needed: int, rage: int) -> None:
    sender.send(0, pageview(), *burst(*((1000 + 100 * n, 50, 50) for n in range(clicked))))

    assert count(sender.home, Sort.RAGE, rage_clicks=needed) == rage


def test_the_clicks_around_a_burst_are_none_of_it(sender: Sender) -> None:
    sender.send(
        0, pageview(), *burst((0, 9, 9), (5000, 50, 50), (5100, 50, 50), (5200, 50, 50), (9000, 50, 50))
    )

    assert found(sender.home, Sort.RAGE).x.tolist() == [50, 50, 50]


@pytest.mark.parametrize("flags", [2, 8, 32, 18, 40])
def test_scripts_keys_and_selections_are_no_rage(sender: Sender, flags: int) -> None:
    sender.send(0, pageview(), *burst((1000, 50, 50), (1200, 50, 50), (1400, 50, 50), flags=flags))

    assert count(sender.home, Sort.RAGE) == 0


def test_two_pageviews_do_not_make_one_burst(sender: Sender) -> None:
    first, *rest = burst((1000, 50, 50), (1300, 50, 50), (1500, 50, 50))
    sender.send(0, pageview(), first, pageview(1200, number=2), *rest)

    assert count(sender.home, Sort.RAGE) == 0


@pytest.mark.parametrize(
    ("reaction_ms", "dead"), [(-1, 1), (0, 0), (2499, 0), (2500, 0), (2501, 1), (4999, 1), (None, 0)]
)
def test_a_click_is_dead_when_the_page_did_not_react(
    sender: Sender, reaction_ms: int | None, dead: int
) -> None:
    sender.send(0, pageview(), click(1000, 50, 50, reaction_ms=reaction_ms))

    assert count(sender.home, Sort.DEAD) == dead


@pytest.mark.parametrize(("dead_ms", "dead"), [(699, 1), (700, 0), (701, 0)])
def test_the_threshold_of_dead_clicks_is_judged_later(sender: Sender, dead_ms: int, dead: int) -> None:
    sender.send(0, pageview(), click(1000, 50, 50, reaction_ms=700))

    assert count(sender.home, Sort.DEAD, dead_ms=dead_ms) == dead


@pytest.mark.parametrize("selector", ["#form>input:nth-of-type(2)", "select", "main>textarea:nth-of-type(1)"])
def test_fields_are_never_dead(sender: Sender, selector: str) -> None:
    sender.send(0, pageview(), click(1000, 50, 50, selector=selector, reaction_ms=-1))

    assert count(sender.home, Sort.DEAD) == 0


def test_what_was_typed_into_is_never_dead(sender: Sender) -> None:
    sender.send(
        0,
        pageview(),
        click(1000, 50, 50, selector="#name", reaction_ms=-1),
        click(2000, 50, 50, selector="#email", reaction_ms=-1),
        click(3000, 50, 50, selector="#buy", reaction_ms=-1),
        ["i", 3500, "#name", 4, 0],
    )

    assert found(sender.home, Sort.DEAD).selector.tolist() == ["#email", "#buy"]
    assert found(sender.home, Sort.DEAD, fields=(("/shop", "#email"),)).selector.tolist() == ["#buy"]


def test_a_field_of_one_page_may_be_a_button_of_another(sender: Sender) -> None:
    dead = [click(1000, 1, 50, selector=name, reaction_ms=-1) for name in ("#typed", "#drawn")]
    sender.send(
        0,
        pageview(),
        ["k", 10, "with-a-field", 1280, 2400],
        *dead,
        ["i", 1500, "#typed", 4, 0],
        pageview(2000, "/cart", number=2),
        *([kind, at + 2000, *rest] for kind, at, *rest in dead),
        layouts=(LAYOUT,),
    )
    home, everywhere = sender.home, Filter(site="default")

    told = stream(api.recording(home, session=sender.session))["events"]

    assert [each["page"] for each in told if each.get("is_dead")] == ["/cart", "/cart"]
    assert api.sessions(home, everywhere, limit=1)[0].dead == 2
    assert api.overview(home, everywhere).total.dead_per_1000 == 500
    by_page = api.overview(home, everywhere, by="page").groups
    assert {each.key: each.dead_per_1000 for each in by_page} == {"/shop": 0, "/cart": 1000}
    for page, wanted in (("/shop", 0), ("/cart", 2)):
        rows = api.elements(home, Filter(site="default", page=page))
        assert sum(row.dead_clicks for row in rows) == wanted


def test_the_first_click_of_each_pageview(sender: Sender) -> None:
    sender.send(
        0,
        pageview(),
        *burst((1000, 1, 1), (1500, 2, 2)),
        pageview(3000, number=2),
        *burst((4000, 3, 3), (5000, 4, 4)),
    )

    assert found(sender.home, Sort.FIRST).x.tolist() == [1, 3]
    assert found(sender.home, Sort.EVERY).x.tolist() == [1, 2, 3, 4]


LAYOUT = NewLayout(
    page="/shop",
    hash="with-a-field",
    document_w=1280,
    document_h=2400,
    viewport_w=1280,
    viewport_h=800,
    boxes=json.dumps([["f", 10, 10, 200, 40, "", 0, "#drawn", -1]]).encode(),
)
ACTS = st.lists(
    st.tuples(
        st.sampled_from([90, 350, 650]),
        st.sampled_from([0, 25, 58, 90]),
        st.sampled_from([16, 16, 16, 4, 2, 8, 32]),
        st.sampled_from([None, -1, 2_500, 2_501]),
        st.sampled_from(["#buy", "#name", "#drawn", "form>select"]),
        st.sampled_from(["click", "click", "click", "input", "pageview"]),
    ),
    min_size=6,
    max_size=20,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_a_replay_judges_clicks_as_the_queries_do(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, int, int, int | None, str, str]]
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    events, at_ms, number = [pageview(), ["k", 10, "with-a-field", 1280, 2400]], 10, 1
    for pause_ms, x, flags, reaction_ms, selector, kind in acts:
        at_ms += pause_ms
        number += kind == "pageview"
        events.append(
            {
                "click": click(at_ms, x, 50, selector=selector, reaction_ms=reaction_ms, flags=flags),
                "input": ["i", at_ms, "#name", 4, 0],
                "pageview": pageview(at_ms, ("/cart", "/shop")[number % 2], number=number),
            }[kind]
        )
    sender = Sender(home, session_id(1))
    sender.send(0, *events, layouts=(LAYOUT,))

    recording = api.recording(home, site="default", session=sender.session)
    told = [event for event in stream(recording)["events"] if event["kind"] == "click"]
    row = api.sessions(home, Filter(site="default"), limit=1)[0]

    drawn = (("/shop", "#drawn"),)
    rage, dead = (found(home, sort, page=None, fields=drawn) for sort in (Sort.RAGE, Sort.DEAD))
    assert [each["x"] for each in told if each["is_rage"]] == rage.x.tolist()
    assert [each["x"] for each in told if each["is_dead"]] == dead.x.tolist()
    bursts = sum(moment.kind is MomentKind.RAGE for moment in moments(recording))
    assert (row.rage, row.dead) == (bursts, len(dead.x))


@pytest.mark.parametrize("wrong", [{"rage_clicks": 1}, {"rage_ms": 0}, {"rage_px": -1}, {"dead_ms": 5001}])
def test_a_threshold_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--"):
        Thresholds(**wrong)
