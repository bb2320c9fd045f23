"""A snippet that breaks is noticed from the traffic itself; a quiet Sunday, a young site and chance are not."""

from __future__ import annotations

import json
import random

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock, console
from usertrack_cli.api.traffic import TrafficFinding, judged
from usertrack_cli.queries.traffic import WINDOWS, Traffic
from usertrack_cli.store.home import Home


def warned(found: list[TrafficFinding]) -> list[tuple[str, str | None]]:
    return [(each.check, each.page) for each in found if each.status == "warning"]


def recorded(pages: dict[str, list[int]], *, per_pageview: float = 12.0) -> Traffic:
    pageviews = tuple(sum(day) for day in zip(*pages.values(), strict=True))
    return Traffic(
        pageviews=pageviews,
        events=tuple(round(count * per_pageview) for count in pageviews),
        pages={page: tuple(counts) for page, counts in pages.items()},
    )


def around(mean: int, *, chance: random.Random, weekend: float = 1.0) -> list[int]:
    """Daily counts as chance has them, today a Monday; weekends differ."""
    return [
        max(0, round(chance.gauss(mean * (weekend if day % 7 in {1, 2} else 1), mean**0.5)))
        for day in range(WINDOWS)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_usual_traffic_is_no_warning(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 the same every time
    pages = {f"/{mean}": around(mean, chance=chance, weekend=0.3) for mean in (60, 200, 1_000, 20_000)}
    # A Saturday among its own kind.
    saturday = {page: counts[2:] + counts[:2] for page, counts in pages.items()}

    assert warned(judged("default", recorded(pages))) == []
    assert warned(judged("default", recorded(saturday))) == []


def test_a_page_that_falls_silent_is_named_alone() -> None:
    chance = random.Random(1)  # noqa: S311 the same every time
    pages = {"/": around(2_000, chance=chance), "/checkout": [0, *around(80, chance=chance)[1:]]}

    assert warned(judged("default", recorded(pages))) == [("pageviews", "/checkout")]


def test_events_that_stop_coming_are_noticed_though_pageviews_go_on() -> None:
    chance = random.Random(1)  # noqa: S311 the same every time
    usual = recorded({"/": around(2_000, chance=chance)})
    broken = Traffic(
        pageviews=usual.pageviews, events=(usual.pageviews[0], *usual.events[1:]), pages=usual.pages
    )
    twice = Traffic(
        pageviews=usual.pageviews, events=(usual.events[0] * 2, *usual.events[1:]), pages=usual.pages
    )

    assert warned(judged("default", usual)) == []
    assert warned(judged("default", broken)) == [("events per pageview", None)]
    assert warned(judged("default", twice)) == [("events per pageview", None)]


def test_a_young_site_and_a_small_one_are_unknown_rather_than_wrong() -> None:
    young = recorded({"/": [3, 900, 1_000, 1_100, 900, *[0] * (WINDOWS - 5)]})
    small = recorded({"/": [0] + [4] * (WINDOWS - 1)})

    assert {each.status for each in judged("default", young) + judged("default", small)} == {"unknown"}
    assert judged("default", recorded({"/": [0] * WINDOWS})) == []


def test_a_day_of_breakdown_in_the_past_does_not_become_usual() -> None:
    counts = [0, *[500] * (WINDOWS - 1)]
    counts[7] = 0

    assert warned(judged("default", recorded({"/": counts}))) == [("pageviews", None), ("pageviews", "/")]


def days_of_traffic(home: Home, *, today: int) -> None:
    """Ten days with sixty pageviews and as many clicks each, and the last 24 hours with ``today``."""
    for day in range(11):
        when = clock.now_ms() - day * clock.DAY_MS - clock.HOUR_MS
        count = today if day == 0 else 60
        events = [pageview(n * 10, "/shop", number=n + 1) for n in range(count)]
        events += [click(5_000 + n * 10, 5, 5) for n in range(60 if day else 0)]
        if count:
            Sender(home, session_id(day), started_at=when - 60_000, received_at=when).send(0, *events)


def test_the_doctor_ends_with_4_when_traffic_is_out_of_its_baseline(run: Run, home: Home) -> None:
    days_of_traffic(home, today=58)

    done = run("doctor", "--traffic", "--json")

    rows = {(row["check"], row["page"]): row for row in json.loads(done.out)}
    assert done.code == 4
    assert rows["events per pageview", None]["status"] == "warning"
    assert rows["events per pageview", None]["now"] == 1.0
    assert rows["pageviews", "/shop"]["status"] == "ok"
    assert "events per pageview" in done.err


def test_a_page_that_nobody_sees_any_more_is_named(run: Run, home: Home) -> None:
    days_of_traffic(home, today=0)

    done = run("doctor", "--traffic")

    assert done.code == 4
    assert "/shop" in done.err


def test_without_a_baseline_nothing_is_wrong_and_cron_mails_nothing(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_cron = run("doctor", "--traffic")
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    seen = run("doctor", "--traffic")

    assert (in_cron.code, in_cron.err) == (0, "")
    assert seen.code == 0
    assert "no baseline yet" in seen.err
