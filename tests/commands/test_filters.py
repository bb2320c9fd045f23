"""Filters that every question shares."""

from __future__ import annotations

import json

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.store.home import Home


def came_from(referrer: str, query: str) -> list[object]:
    return ["p", 0, 1, "load", f"/shop{query}", "Shop", referrer, 1280, 800, 1280, 2400, 0, 0]


@pytest.fixture
def three_ways(home: Home) -> Home:
    """Sessions from a search, from a newsletter, and from nowhere; the last goes on to a second page."""
    Sender(home, session_id(1)).send(0, came_from("https://www.search.example", ""), click(500, 5, 5))
    Sender(home, session_id(2)).send(
        0,
        came_from("https://mail.example", "?utm_source=news&utm_campaign=spring"),
        click(500, 5, 5, selector="#nav"),
    )
    Sender(home, session_id(3)).send(0, pageview(), pageview(900, "/cart", number=2))
    return home


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("--referrer", "SEARCH.example"), [1]),
        (("--referrer", "example"), [1, 2]),
        (("--utm", "news"), [2]),
        (("--utm", "source=news"), [2]),
        (("--utm", "campaign=news"), []),
        (("--utm", "campaign=spring", "--clicked", "#nav"), [2]),
        (("--clicked", "#buy"), [1]),
        (("--clicked", "#buy", "--utm", "news"), []),
    ],
)
def test_only_these_sessions_are_listed_and_counted(
    run: Run, three_ways: Home, filters: tuple[str, ...], expected: list[int]
) -> None:
    listed = run("sessions", "--json", *filters)
    counted = run("pages", "--json", *filters)

    if not expected:
        assert (listed.code, counted.code) == (3, 3)
        return
    assert {row["session"] for row in json.loads(listed.out)} == {session_id(number) for number in expected}
    (shop,) = json.loads(counted.out)
    assert (shop["page"], shop["sessions"]) == ("/shop", len(expected))


def test_a_bulk_deletion_takes_them_too(run: Run, three_ways: Home) -> None:
    done = run("delete", "--utm", "news", "--yes")

    assert done.code == 0, done.err
    left = {row["session"] for row in json.loads(run("sessions", "--json").out)}
    assert left == {session_id(1), session_id(3)}


def test_a_time_zone_that_is_none_is_named_as_it_was_typed(run: Run, three_ways: Home) -> None:
    done = run("stats", "--tz", "Mars/Base")

    assert done.code == 2
    assert "--tz cannot be 'Mars/Base': a time zone such as Europe/Berlin is needed" in done.err
