"""Quick backs, at the threshold and one beyond it."""

from __future__ import annotations

import pytest

from tests.senders import Sender, click, pageview
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.quickbacks import QuickBack, quick_backs
from usertrack_cli.store.home import Home


def backs(home: Home, page: str | None = "/shop", *, quick_back_ms: int = 10_000) -> list[QuickBack]:
    chosen = Filter(site="default", page=page)
    return ask(home, chosen, lambda con: quick_backs(con, chosen, quick_back_ms=quick_back_ms))


@pytest.mark.parametrize(("away_ms", "is_quick"), [(9_999, True), (10_000, False), (10_001, False)])
def test_a_page_left_within_ten_seconds_is_a_quick_back(sender: Sender, away_ms: int, is_quick: bool) -> None:
    sender.send(
        0,
        pageview(0),
        click(1000, 5, 5, selector="#first"),
        click(2000, 5, 5, selector="#cart"),
        pageview(3000, "/cart", number=2),
        pageview(3000 + away_ms, number=3),
    )

    found = backs(sender.home)

    assert bool(found) is is_quick
    if is_quick:
        assert found == [QuickBack(sender.session, "/shop", "/cart", away_ms, "#cart")]


def test_time_out_of_view_does_not_count(sender: Sender) -> None:
    sender.send(
        0,
        pageview(0),
        pageview(1000, "/cart", number=2),
        ["v", 5000, 0],
        ["v", 30_000, 1],
        pageview(35_000, number=3),
    )

    assert [each.visible_ms for each in backs(sender.home)] == [9_000]


def test_leaving_in_between_does_not_count(sender: Sender) -> None:
    sender.send(0, pageview(0), pageview(1000, "/cart", number=2), ["u", 5000], pageview(25_000, number=3))

    assert [each.visible_ms for each in backs(sender.home)] == [4_000]


def test_going_on_and_reloading_are_no_quick_backs(sender: Sender) -> None:
    sender.send(
        0,
        pageview(0),
        pageview(1000, number=2),
        pageview(2000, number=3),
        pageview(3000, "/cart", number=4),
        pageview(4000, "/thanks", number=5),
    )

    assert backs(sender.home, None) == []


def test_the_page_of_the_filter_is_where_it_began(sender: Sender) -> None:
    sender.send(
        0,
        pageview(0),
        pageview(1000, "/cart", number=2),
        pageview(2000, number=3),
        pageview(3000, "/cart", number=4),
    )

    assert [each.page for each in backs(sender.home, "/cart")] == ["/cart"]
    assert [each.page for each in backs(sender.home, "/sh*")] == ["/shop"]
    assert len(backs(sender.home, None)) == 2
