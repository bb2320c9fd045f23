"""What scripts and eyes rely on: the keys of JSON, and tables that fit eighty columns."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.commands.conftest import Run
from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import clock, console
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.counts import Count, add_counts
from usertrack_cli.store.home import Home

GOLDEN = Path(__file__).parents[1] / "golden" / "tables"
SETTINGS = """
[[page]]
match = "/product/*"
name = "/product/…"

[[tag]]
name = "saw the cart"
where = "list_contains(route, '/cart')"

[[conversion]]
name = "order"
steps = ["/product/…", "/thanks"]
"""
FIGURES = (
    "key sessions visitors pageviews clicks bounce_ratio active_ms depth_ratio rage_per_1000 dead_per_1000"
)
NOW_MS = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
PUBLISHED = {
    "stats": f"{FIGURES} conversions conversion_ratio days sessions_before counted banner_shown banner_accepted"
    " banner_declined bot_sessions",
    "stats --by page": f"{FIGURES} conversions conversion_ratio days sessions_before counted",
    "funnel order": "step sessions share kept dropped median_ms",
    "funnel order --by device": "key step sessions share kept dropped median_ms",
    "pages": "page sessions pageviews clicks",
    "sessions": "session site started_at duration_ms active_ms pageviews clicks country browser device tags",
    "tags list": "tag sessions by_page by_others rule",
    "doctor --traffic": "site check page status now low high",
    "sql --schema": "view name type",
}
"""A key may be added to these; none is ever renamed or taken away."""
TABLES = {
    "stats": "stats --compare previous --last 7d",
    "stats-by-page": "stats --by page",
    "stats-by-page-compared": "stats --by page --compare previous --last 7d",
    "stats-by-weekday": "stats --by weekday",
    "stats-by-route": "stats --by route",
    "sessions": "sessions --limit 5",
    "elements": "elements --page /product/…",
    "funnel": "funnel /product/… /cart /thanks",
    "funnel-by-device": "funnel order --by device",
    "pages": "pages",
    "tags": "tags list",
    "doctor-traffic": "doctor --traffic",
}


@pytest.fixture
def shop(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Twelve days of a small shop: some buy, most do not, one is a bot, some never agreed to be recorded."""
    (home.root / "usertrack.toml").write_text(SETTINGS)
    # Months and weekdays are part of the tables.
    monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS)
    now_ms = NOW_MS
    for number in range(24):
        when = now_ms - number // 2 * DAY_MS - HOUR_MS
        is_mobile = number % 3 == 0
        sender = Sender(
            home,
            session_id(number),
            ip=SECOND_IP if is_mobile else "203.0.113.7",
            agent=SECOND_AGENT,
            meta=(("device", "mobile" if is_mobile else "desktop"), ("is_bot", number == 5)),
            page=f"/product/{number}",
            started_at=when,
            received_at=when + 1_800_000,
        )
        events = [pageview(0, f"/product/{number}"), click(900, 40, 50), ["s", 1_500, 0, 300]]
        events += [click(2_000 + n * 100, 40, 50, reaction_ms=-1) for n in range(3 if number == 4 else 0)]
        events += [pageview(60_000, "/cart", number=2)] if number % 2 else []
        events += [pageview(90_000, "/thanks", number=3)] if number % 4 == 1 else []
        sender.send(0, *events, ["a", 95_000, 20_000 + number * 1_000])
    about = {"site": "default", "hour_at": (now_ms - DAY_MS) // HOUR_MS * HOUR_MS, "referrer": ""}
    more = {"width_class": "wide", "country": "DE"}
    totals = {"pageview": 40, "banner_shown": 30, "banner_accepted": 10, "banner_declined": 12}
    with closing(catalog.connect(home)) as con:
        for name, total in totals.items():
            add_counts(con, {Count(**about, **more, name=name, page="/product/3"): total})  # type: ignore[arg-type]
    return home


@pytest.mark.parametrize("call", PUBLISHED)
def test_no_published_key_is_renamed(run: Run, shop: Home, call: str) -> None:
    rows = json.loads(run(*call.split(), "--json").out)

    assert set(PUBLISHED[call].split()) <= set(rows[-1])


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_as_it_was_and_fits_eighty_columns(
    run: Run, shop: Home, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(console, "is_terminal", lambda: True)

    zone = [] if name == "doctor-traffic" else ["--tz", "UTC"]
    shown = run(*TABLES[name].split(), *zone)

    path = GOLDEN / f"{name}.txt"
    assert shown.out == path.read_text(encoding="utf-8"), f"if it is meant, write this to {path}"
    assert max(map(len, shown.out.splitlines())) <= 80


def test_the_counting_tier_stands_beside_what_was_recorded(run: Run, shop: Home) -> None:
    done = run("stats", "--by", "page", "--json")
    rows = {row["key"]: row for row in json.loads(done.out)}

    # 40 were counted; ten of those visitors accepted, and their pages were recorded from then on.
    assert rows["total"]["counted"] == 30
    assert (rows["total"]["banner_shown"], rows["total"]["banner_accepted"]) == (30, 10)
    assert rows["/product/…"]["counted"] == 30
    assert rows["/cart"]["counted"] is None
    recorded = rows["total"]["pageviews"]
    assert f"30 pageviews were counted and not recorded, {recorded + 30} in all" in done.err
    assert json.loads(run("stats", "--country", "DE", "--json").out)[-1]["counted"] == 30
    assert json.loads(run("stats", "--by", "country", "--json").out)[0]["counted"] == 30
    # Of nobody the browser or the tags are known.
    assert json.loads(run("stats", "--browser", "Firefox", "--json").out)[-1]["counted"] is None


def test_the_counting_tier_alone_is_an_answer_too(run: Run, shop: Home) -> None:
    hour_at = (NOW_MS - DAY_MS) // HOUR_MS * HOUR_MS
    seen = Count(
        site="default",
        hour_at=hour_at,
        name="pageview",
        page="/",
        referrer="",
        width_class="narrow",
        country="DE",
    )
    with closing(catalog.connect(shop)) as con:
        add_counts(con, {seen: 7})

    row = json.loads(run("stats", "--width-class", "narrow", "--json").out)[-1]
    nothing = run("stats", "--from", "2019-01-01", "--to", "2019-01-02")

    assert (row["sessions"], row["counted"]) == (0, 7)
    assert nothing.code == 3


def test_a_conversion_is_a_share_and_can_be_chosen(run: Run, shop: Home) -> None:
    with (shop.root / "usertrack.toml").open("a") as file:
        file.write('\n[[conversion]]\nname = "cart"\nsteps = ["/cart"]\n')

    def share(*more: str) -> float:
        return float(json.loads(run("stats", "--json", *more).out)[-1]["conversion_ratio"])

    # 23 sessions are no bot's; of the odd ones, 11, each has the cart and five end in an order.
    assert share() == pytest.approx(5 / 23)
    assert share("--conversion", "cart") == pytest.approx(11 / 23)
    wrong = run("stats", "--conversion", "lead")
    assert (wrong.code, "order, cart" in wrong.err) == (2, True)


def test_bots_are_shown_and_counted_on_request(run: Run, shop: Home) -> None:
    without, with_bots = run("stats", "--json"), run("stats", "--json", "--include-bots")

    first, second = (json.loads(done.out)[-1] for done in (without, with_bots))
    assert (first["sessions"], first["bot_sessions"]) == (23, 1)
    assert (second["sessions"], second["bot_sessions"]) == (24, 1)
    assert "1 session of bots left out; --include-bots counts them" in without.err
    assert "1 session of bots counted too" in with_bots.err


def test_groups_of_the_span_before_stand_beside(run: Run, shop: Home) -> None:
    rows = json.loads(run("stats", "--by", "device", "--compare", "previous", "--last", "6d", "--json").out)

    by_key = {row["key"]: row for row in rows}
    assert by_key["total"]["sessions_before"] == by_key["before"]["sessions"]
    assert by_key["total"]["sessions_before"] == sum(
        row["sessions_before"] for key, row in by_key.items() if key in {"desktop", "mobile"}
    )


def test_the_sessions_that_dropped_go_on_in_a_pipe(
    run: Run, shop: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    lost = run("funnel", "/product/…", "/cart", "--dropped", "1").out
    monkeypatch.setattr(sys, "stdin", io.StringIO(lost))

    played = run("replay", "-", "--transcript")

    assert len(lost.splitlines()) == 12
    assert played.code == 0
    assert played.out.count("/product/") >= 12
