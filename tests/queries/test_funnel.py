"""Funnels: what counts within a span, and whom each step lost; ``test_overview_model`` counts the rest."""

from __future__ import annotations

from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.funnel import funnel
from usertrack_cli.store.home import Home


def test_a_funnel_counts_only_what_happens_within_its_span(home: Home) -> None:
    start = clock.now_ms() - 3_600_000
    for number, minutes in enumerate((5, 29, 31)):
        Sender(home, session_id(number), started_at=start).send(
            0, pageview(0, "/shop"), pageview(minutes * 60_000, "/cart", number=2)
        )

    def asked(within_ms: int | None) -> list[int]:
        chosen = Filter(site="default")
        steps = ask(home, chosen, lambda con: funnel(con, chosen, ["/shop", "/cart"], within_ms=within_ms))
        return [step.sessions for step in steps]

    assert asked(None) == [3, 3]
    assert asked(30 * 60_000) == [3, 2]


def test_a_funnel_names_the_sessions_it_lost(home: Home) -> None:
    Sender(home, session_id(1)).send(0, pageview(0, "/shop"), ["x", 10, "checkout", 0])
    Sender(home, session_id(2)).send(0, pageview(0, "/shop"))
    chosen = Filter(site="default")

    steps = ask(home, chosen, lambda con: funnel(con, chosen, ["/shop", "event:checkout"], within_ms=None))

    assert steps[0].dropped == (session_id(2),)
    assert steps[1].dropped == ()
