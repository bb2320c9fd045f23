"""What the counting tier adds to figures equals a count in plain Python on random totals."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usertrack_cli import clock
from usertrack_cli.api.counted import counted
from usertrack_cli.clock import HOUR_MS
from usertrack_cli.commands.init import prepare
from usertrack_cli.naming import PageGroup, group_of
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog
from usertrack_cli.store.counts import Count, add_counts
from usertrack_cli.store.home import Home, create_home

ZONE = ZoneInfo("Europe/Berlin")
GROUPS = (PageGroup("/p/*", "/p/…"),)
NAMES = ("pageview", "banner_shown", "banner_accepted", "banner_declined")
HOURS_AGO = st.integers(1, 60)


def key_of(count: Count, by: str) -> str:
    """Return what one total is counted under."""
    local = datetime.fromtimestamp(count.hour_at / 1000, tz=ZONE)
    return {
        "page": group_of(count.page, GROUPS) or "(none)",
        "country": count.country or "(none)",
        "referrer": f"https://{count.referrer}" if count.referrer else "(direct)",
        "hour": local.strftime("%H:00"),
        "weekday": local.strftime("%u %a"),
        "day": local.strftime("%Y-%m-%d"),
    }[by]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(
        st.tuples(
            HOURS_AGO,
            st.sampled_from(NAMES),
            st.sampled_from(["", "/", "/p/1", "/p/2"]),
            st.sampled_from(["", "news.example"]),
            st.sampled_from(["wide", "narrow"]),
            st.sampled_from(["", "DE"]),
            st.integers(1, 9),
        ),
        max_size=12,
    ),
    cut_hours=st.none() | HOURS_AGO,
    country=st.sampled_from([None, "DE"]),
    width_class=st.sampled_from([None, "wide"]),
    by=st.sampled_from([None, "page", "country", "referrer", "hour", "weekday", "day", "device"]),
)
def test_every_total_is_what_plain_python_counts(
    tmp_path_factory: pytest.TempPathFactory,
    plan: list[tuple[int, str, str, str, str, str, int]],
    cut_hours: int | None,
    country: str | None,
    width_class: str | None,
    by: str | None,
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    this_hour = clock.now_ms() // HOUR_MS * HOUR_MS
    rows: Counter[Count] = Counter()
    for hours, name, page, referrer, width, land, total in plan:
        about = {"site": "default", "hour_at": this_hour - hours * HOUR_MS, "name": name, "page": page}
        rows[Count(**about, referrer=referrer, width_class=width, country=land)] += total  # type: ignore[arg-type]
    with closing(catalog.connect(home)) as con:
        add_counts(con, rows)
    from_ms = None if cut_hours is None else this_hour - cut_hours * HOUR_MS
    chosen = Filter(site="default", from_ms=from_ms, country=country, width_class=width_class, groups=GROUPS)

    found = counted(home, chosen, by=by, zone=ZONE)

    kept = {
        count: total
        for count, total in rows.items()
        if (from_ms is None or count.hour_at >= from_ms)
        and country in {None, count.country}
        and width_class in {None, count.width_class}
    }
    named: Counter[str] = Counter()
    by_key: Counter[str] = Counter()
    for count, total in kept.items():
        named[count.name] += total
        sign = {"pageview": 1, "banner_accepted": -1}.get(count.name, 0)
        if sign and by not in {None, "device"}:
            by_key[key_of(count, str(by))] += sign * total
    assert found is not None
    assert found.pageviews == max(0, named["pageview"] - named["banner_accepted"])
    assert (found.banner_shown, found.banner_accepted, found.banner_declined) == (
        named["banner_shown"],
        named["banner_accepted"],
        named["banner_declined"],
    )
    assert found.by_key == {key: max(0, total) for key, total in by_key.items()}


@pytest.mark.parametrize(
    "asked",
    [
        {"page": "/"},
        {"device": "mobile"},
        {"browser": "Firefox"},
        {"tag": "vip"},
        {"session": "s"},
        {"utm": "source=mail"},
        {"clicked": "#buy"},
        {"referrer": "news.example"},
        {"source": "log"},
        {"source": "rrweb"},
    ],
    ids=str,
)
def test_nothing_stands_beside_a_question_that_it_cannot_answer(home: Home, asked: dict[str, str]) -> None:
    hour_at = clock.now_ms() // HOUR_MS * HOUR_MS - HOUR_MS
    about = {"hour_at": hour_at, "name": "pageview", "page": "/", "referrer": "", "country": "DE"}
    with closing(catalog.connect(home)) as con:
        add_counts(con, {Count(site="default", width_class="wide", **about): 7})  # type: ignore[arg-type]

    assert counted(home, Filter(site="default", **asked), by=None, zone=ZONE) is None  # type: ignore[arg-type]
    for source in (None, "tracker", "all"):
        beside = counted(home, Filter(site="default", source=source), by=None, zone=ZONE)
        assert beside is not None and beside.pageviews == 7
