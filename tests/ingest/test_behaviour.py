"""A program at work is told from the fastest of people, and its whole session is kept apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.bodies import CLICK, PAGEVIEW, body
from tests.ingest.serving import served, stored
from tests.senders import Sender, pageview, session_id
from usertrack_cli.api import Filter, overview, sessions
from usertrack_cli.ingest.behaviour import CLICKS_MAX, PAGEVIEWS_MAX, is_impossible
from usertrack_cli.ingest.wire import decode
from usertrack_cli.store.home import Home


def events(kind: list[Any], count: int, *, every_ms: int) -> list[list[Any]]:
    return [[kind[0], number * every_ms, *kind[2:]] for number in range(count)]


def is_a_program(**changes: Any) -> bool:
    batch = decode(body(**changes))
    return is_impossible(batch.events, batch.kinds, batch.client)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"e": events(CLICK, CLICKS_MAX + 1, every_ms=10)}, True),
        ({"e": events(CLICK, CLICKS_MAX, every_ms=10)}, False),
        # A minute of the fastest clicking on record.
        ({"e": events(CLICK, 400, every_ms=66)}, False),
        ({"e": events(PAGEVIEW, PAGEVIEWS_MAX + 1, every_ms=20)}, True),
        ({"e": events(PAGEVIEW, 60, every_ms=500)}, False),
        ({"m": {"scr": [0, 0]}}, True),
        ({"m": {"scr": [360, 640]}}, False),
    ],
)
def test_what_no_hand_does_is_told_from_what_hands_do(changes: dict[str, Any], *, expected: bool) -> None:
    assert is_a_program(**changes) is expected


def test_a_session_stays_a_program_after_it_gave_itself_away(home: Home) -> None:
    flood = events(CLICK, CLICKS_MAX + 1, every_ms=10)

    with served(home.root) as server:
        for seq, sent in enumerate(([PAGEVIEW], flood, [CLICK])):
            assert server.post(q=seq, e=sent).status in {200, 204}
        rows = stored(home.root, "SELECT seq, meta FROM batches ORDER BY seq")

    assert [(seq, json.loads(meta)["is_bot"]) for seq, meta in rows] == [(0, False), (1, True), (2, True)]


def test_what_a_program_did_before_it_was_known_counts_with_it(home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview())
    late = Sender(home, session_id(2))
    late.send(0, pageview())
    late.again(meta=(("is_bot", True),)).send(1, pageview(500, number=2))

    found = overview(home, Filter(site="default"))

    assert (found.total.sessions, found.total.pageviews, found.bots) == (1, 1, 1)
    assert [row.session for row in sessions(home, Filter(site="default"))] == [session_id(1)]
    everybody = overview(home, Filter(site="default", includes_bots=True))
    assert (everybody.total.sessions, everybody.total.pageviews) == (2, 3)
