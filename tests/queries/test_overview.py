"""Every figure of the overview equals a count in plain Python on the same sessions."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.commands.init import prepare
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.funnel import funnel
from usertrack_cli.queries.overview import Asked, By, groups, totals
from usertrack_cli.store.home import Home, create_home

PAGES = ("/", "/shop", "/cart", "/thanks")


@dataclass(frozen=True)
class Visit:
    """One session as it was made: pages in order, then clicks, and active time."""

    visitor: int
    pages: tuple[str, ...]
    clicks: int
    active_ms: int
    country: str

    @property
    def is_bounce(self) -> bool:
        return len(self.pages) == 1 and self.clicks == 0 and self.active_ms < 10_000


visits = st.lists(
    st.builds(
        Visit,
        visitor=st.integers(1, 3),
        pages=st.lists(st.sampled_from(PAGES), min_size=1, max_size=5).map(tuple),
        clicks=st.integers(0, 2),
        active_ms=st.sampled_from([0, 9_999, 10_000, 30_000]),
        country=st.sampled_from(["DE", "FR"]),
    ),
    min_size=1,
    max_size=6,
)


def stored(home: Home, plan: list[Visit]) -> None:
    for number, visit in enumerate(plan):
        sender = Sender(
            home, session_id(number), ip=f"203.0.113.{visit.visitor}", meta=(("country", visit.country),)
        )
        events = [pageview(i * 1000, page, number=i + 1) for i, page in enumerate(visit.pages)]
        clicks = [click(10_000 + i * 5_000, 100 * i, 100) for i in range(visit.clicks)]
        sender.again(page=visit.pages[0]).send(0, *events, *clicks, ["a", 20_000, visit.active_ms])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=visits)
def test_figures_equal_a_brute_force_count(tmp_path_factory: pytest.TempPathFactory, plan: list[Visit]) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    stored(home, plan)
    chosen = Filter(site="default")

    total = ask(home, chosen, lambda con: totals(con, chosen, Asked()))
    by_country = ask(home, chosen, lambda con: groups(con, chosen, By.COUNTRY, Asked(), limit=99))
    by_page = ask(home, chosen, lambda con: groups(con, chosen, By.PAGE, Asked(), limit=99))
    by_route = ask(home, chosen, lambda con: groups(con, chosen, By.ROUTE, Asked(), limit=99))
    steps = ask(home, chosen, lambda con: funnel(con, chosen, ["/shop", "/cart", "/thanks"], within_ms=None))

    assert (total.sessions, total.visitors) == (len(plan), len({visit.visitor for visit in plan}))
    assert total.pageviews == sum(len(visit.pages) for visit in plan)
    assert total.bounce_ratio == pytest.approx(sum(visit.is_bounce for visit in plan) / len(plan))
    assert total.active_ms == pytest.approx(sum(visit.active_ms for visit in plan) / len(plan))
    assert {g.key: g.sessions for g in by_country} == {
        c: n for c in ("DE", "FR") if (n := sum(visit.country == c for visit in plan))
    }
    assert {g.key: (g.sessions, g.pageviews) for g in by_page} == {
        page: (sum(page in v.pages for v in plan), sum(v.pages.count(page) for v in plan))
        for page in PAGES
        if any(page in v.pages for v in plan)
    }
    assert {g.key: g.sessions for g in by_route} == {
        " → ".join(v.pages): sum(other.pages == v.pages for other in plan) for v in plan
    }
    assert [step.sessions for step in steps] == [reached(plan, n) for n in (1, 2, 3)]


def reached(plan: list[Visit], count: int) -> int:
    def goes_through(visit: Visit) -> bool:
        rest = list(visit.pages)
        for page in ("/shop", "/cart", "/thanks")[:count]:
            if page not in rest:
                return False
            rest = rest[rest.index(page) :]
        return True

    return sum(goes_through(visit) for visit in plan)


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
