"""The present equals a count in plain Python, whatever is drained already and whatever still waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api, clock
from usertrack_cli.commands.init import prepare
from usertrack_cli.queries.live import CLICKS, SECONDS, ClickNow, PageNow
from usertrack_cli.store.home import create_home

NOW_MS = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
WITHIN_MS = 2 * clock.MINUTE_MS

GAPS_MS = st.sampled_from([0, 1, 999, 1_000, 30_000, 59_999, 60_000])
ACTS = st.sampled_from(["/shop", "/cart", "click", "click", "leave"])


@dataclass(frozen=True)
class Visit:
    """One session: when it began, what it did in one batch or two, and as what."""

    ago_ms: int
    batches: tuple[tuple[tuple[int, str], ...], ...]
    is_mobile: bool
    bot_from: int


VISITS = st.lists(
    st.builds(
        Visit,
        ago_ms=st.sampled_from([0, 1_000, 59_999, 60_000, 119_999, 120_000, 400_000]),
        batches=st.lists(
            st.lists(st.tuples(GAPS_MS, ACTS), min_size=1, max_size=6).map(tuple), min_size=1, max_size=2
        ).map(tuple),
        is_mobile=st.booleans(),
        # The batch that gives a program away; most sessions have so many.
        bot_from=st.sampled_from([0, 1, 9, 9, 9]),
    ),
    max_size=6,
)


@dataclass(frozen=True)
class Row:
    """One event as the model has it; ``place`` orders those of a session."""

    session: str
    place: tuple[int, int]
    at_ms: int
    kind: str
    page: str
    is_mobile: bool


def sent(sender: Sender, visit: Visit) -> list[Row]:
    """Send one visit, and return its rows."""
    page, number, at, rows = "/shop", 0, 0, []
    for seq, acts in enumerate(visit.batches):
        events: list[list[Any]] = []
        began_on = page
        for idx, (gap, act) in enumerate(acts):
            at += gap
            kind = act if act in {"click", "leave"} else "pageview"
            if kind == "pageview":
                page, number = act, number + 1
            shown = {
                "click": click(at, 5, 5),
                "leave": ["u", at],
                "pageview": pageview(at, page, number=number),
            }
            events.append(shown[kind])
            # Nothing happens later than it arrives.
            at_ms = min(NOW_MS - visit.ago_ms + at, NOW_MS)
            rows.append(Row(sender.session, (seq, idx), at_ms, kind, page, visit.is_mobile))
        is_bot = seq >= visit.bot_from
        device = "mobile" if visit.is_mobile else "desktop"
        sender.again(page=began_on, meta=(("is_bot", is_bot), ("device", device))).send(seq, *events)
    return rows


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=VISITS, includes_bots=st.booleans(), drained_after=st.integers(0, 5))
def test_the_present_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory, plan: list[Visit], drained_after: int, *, includes_bots: bool
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    recent: list[Row] = []
    bots = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now_ms", lambda: NOW_MS)
        for number, visit in enumerate(plan):
            start = NOW_MS - visit.ago_ms
            sender = Sender(home, session_id(number), started_at=start, received_at=NOW_MS)
            rows = sent(sender, visit)
            heard = [row for row in rows if row.at_ms > NOW_MS - WITHIN_MS]
            if includes_bots or visit.bot_from >= len(visit.batches):
                recent += heard
            else:
                bots += bool(heard)
            if number == drained_after:
                api.overview(home, api.Filter(site="default", includes_bots=True))

        now = api.present(home, within_ms=WITHIN_MS, includes_bots=includes_bots)

    last: dict[str, Row] = {row.session: row for row in recent}
    there = [row for row in last.values() if row.kind != "leave"]
    sessions, mobile = Counter(r.page for r in there), Counter(r.page for r in there if r.is_mobile)
    pages = [PageNow(page, count, mobile[page]) for page, count in sessions.items()]
    minute = [row for row in recent if row.at_ms > NOW_MS - SECONDS * 1000]
    by_second = Counter((NOW_MS - row.at_ms) // 1000 for row in minute)
    clicks = [row for row in recent if row.kind == "click"]
    clicks.sort(key=lambda row: (-row.at_ms, row.session, -row.place[0], -row.place[1]))

    assert now.pages == tuple(sorted(pages, key=lambda each: (-each.sessions, each.page)))
    assert now.sessions == len(there)
    assert now.bots == bots
    assert now.events == tuple(by_second[ago] for ago in reversed(range(SECONDS)))
    assert now.pageviews == sum(row.kind == "pageview" for row in minute)
    assert now.clicks == tuple(ClickNow(r.session, r.at_ms, r.page, "#buy", "Buy") for r in clicks[:CLICKS])
