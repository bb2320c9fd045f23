"""How each width class saw a page, against a plain count of the same events."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.widths import WidthCount, widths
from usertrack_cli.store.home import Home

CHOSEN = Filter(site="default", page="/shop")
SIZES = ((390, 3000), (390, 3400), (800, 2600), (1280, 2400), (1366, 2400), (1920, 2000))


def run(at_ms: int, x: int) -> list[object]:
    return ["m", at_ms, 0, 0, x, 40, [60, 10, 10]]


@pytest.fixture
def store(home: Home) -> Home:
    for number, (width, height) in enumerate(SIZES):
        view = ["p", 0, 1, "load", "/shop", "Shop", "", width, 800, width, height, 0, 0]
        moves = [] if number == 0 else [run(1000, 30 + number), run(2000, 60)]
        sender = Sender(home, session_id(number), size=(width, 800, width, height))
        sender.send(0, view, *moves, click(3000, 5, 5))
    return home


@pytest.mark.parametrize(("kind", "each"), [("move", 4), ("click", 1), ("pageview", 1)])
def test_sizes_sessions_and_events_equal_a_plain_count(store: Home, kind: str, each: int) -> None:
    found = ask(store, CHOSEN, lambda con: widths(con, CHOSEN, (kind,)))

    for count in found.counts:
        least, most = {"narrow": (0, 768), "medium": (768, 1200), "wide": (1200, 9999)}[count.width_class]
        here = [(number, size) for number, size in enumerate(SIZES) if least <= size[0] < most]
        asked = [size for number, size in here if kind != "move" or number]
        heights = [size[1] for _, size in here for _ in range(2)]  # the pageview and the click
        assert count == WidthCount(
            width_class=count.width_class,
            sessions=len(asked),
            events=each * len(asked),
            sessions_all=len(here),
            viewport_min=min(size[0] for size in asked),
            viewport_max=max(size[0] for size in asked),
            document_w=round(statistics.median(size[0] for _, size in here)),
            document_h=round(float(np.quantile(heights, 0.9))),
        )
    assert found.counts[0].width_class == "wide"
    assert len(found.counts) == 3


def test_the_samples_are_those_of_the_width_class(store: Home) -> None:
    found = ask(store, CHOSEN, lambda con: widths(con, CHOSEN, ("move",)))

    assert sorted(found.samples("medium").x.tolist()) == [32, 42, 60, 70]
    assert set(found.samples("narrow").document_w.tolist()) == {390}


def test_a_page_without_such_events_has_no_widths(sender: Sender) -> None:
    sender.send(0, pageview())

    assert ask(sender.home, CHOSEN, lambda con: widths(con, CHOSEN, ("move",))).counts == ()


def test_a_bot_is_counted_apart_wherever_it_gave_itself_away(store: Home) -> None:
    bot = Sender(store, session_id(90), size=(800, 800, 800, 2600))
    view = ["p", 0, 1, "load", "/shop", "Shop", "", 800, 800, 800, 2600, 0, 0]
    bot.send(0, view, run(1000, 30), click(3000, 5, 5))
    bot.again(page="/cart", meta=(("is_bot", True),)).send(1, pageview(9_000, "/cart", number=2))
    everybody = replace(CHOSEN, includes_bots=True)

    without = ask(store, CHOSEN, lambda con: widths(con, CHOSEN, ("move",)))
    counted = ask(store, everybody, lambda con: widths(con, everybody, ("move",)))

    few, many = ({each.width_class: each for each in found.counts} for found in (without, counted))
    assert (without.bots, counted.bots) == (1, 0)
    assert {name: each.bots for name, each in few.items()} == {"wide": 0, "medium": 1, "narrow": 0}
    assert (few["medium"].sessions, few["medium"].sessions_all, few["medium"].events) == (1, 1, 4)
    assert (many["medium"].sessions, many["medium"].sessions_all, many["medium"].events) == (2, 2, 6)
    assert len(counted.samples("medium").x) == len(without.samples("medium").x) + 2
