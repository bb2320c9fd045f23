"""The ledger of elements, counted by hand."""

from __future__ import annotations

import pytest

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.queries.elements import Element, Ledger, ledger
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

CHOSEN = Filter(site="default", page="/shop")


def found(home: Home) -> Ledger:
    return ask(home, CHOSEN, lambda con: ledger(con, CHOSEN))


def by_name(of: Ledger) -> dict[str, Element]:
    return {each.selector: each for each in of.elements}


def test_a_row_counts_clicks_sessions_and_firsts(home: Home) -> None:
    Sender(home, session_id(1)).send(
        0,
        pageview(),
        click(1000, 10, 10, selector="#a", text="A", reaction_ms=100),
        click(5000, 10, 10, selector="#a", text="A", reaction_ms=300),
        click(9000, 10, 10, selector="#b", reaction_ms=-1),
    )
    Sender(home, session_id(2)).send(0, pageview(), click(1000, 10, 10, selector="#b", reaction_ms=None))
    Sender(home, session_id(3)).send(0, pageview())

    of = found(home)

    assert (of.sessions, of.clicked_pageviews) == (3, 2)
    a, b = of.elements
    assert (a.selector, a.text, a.clicks, a.sessions, a.first_clicks) == ("#a", "A", 2, 1, 1)
    assert (a.reaction_ms, a.dead_clicks, a.hesitation_ms) == (200, 0, 300)
    assert (b.selector, b.clicks, b.sessions, b.first_clicks) == ("#b", 2, 2, 1)
    assert (b.reaction_ms, b.dead_clicks) == (None, 1)


def test_an_element_deep_down_was_seen_by_those_who_came_there(home: Home) -> None:
    # The page is 2400 px tall and 800 show; the element stands at 1800 of them.
    deep, top = click(3000, 10, 600, selector="#deep", scroll_y=1200), click(2000, 10, 10, selector="#top")
    Sender(home, session_id(1)).send(0, pageview(), top, ["s", 2500, 0, 1200], deep)
    Sender(home, session_id(2)).send(0, pageview(), ["s", 2500, 0, 1100])
    Sender(home, session_id(3)).send(0, pageview(), ["s", 2500, 0, 900])
    Sender(home, session_id(4)).send(0, pageview())

    rows = by_name(found(home))

    assert rows["#top"].seen_sessions == 4
    assert rows["#deep"].seen_sessions == 2


def test_what_is_fixed_was_seen_by_everybody(home: Home) -> None:
    event = click(3000, 10, 600, selector="#cart", scroll_y=1200, flags=17)
    Sender(home, session_id(1)).send(0, pageview(), event)
    Sender(home, session_id(2)).send(0, pageview())

    assert by_name(found(home))["#cart"].seen_sessions == 2


@pytest.mark.parametrize("other", [900, 390])
def test_an_element_stands_elsewhere_at_another_width(home: Home, other: int) -> None:
    Sender(home, session_id(1)).send(0, pageview(), click(1000, 10, 700, selector="#buy"))
    narrow = ["p", 0, 1, "load", "/shop", "Shop", "", other, 800, other, 8000, 0, 0]
    Sender(home, session_id(2), size=(other, 800, other, 8000)).send(
        0, narrow, ["s", 900, 0, 7000], click(1000, 10, 700, selector="#buy", scroll_y=7000)
    )
    # Saw what a wide screen shows of it, but not where a narrow one has it.
    Sender(home, session_id(3), size=(other, 800, other, 8000)).send(0, narrow, ["s", 900, 0, 2000])

    assert by_name(found(home))["#buy"].seen_sessions == 2
