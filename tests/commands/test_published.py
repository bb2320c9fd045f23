"""What scripts and eyes rely on: the keys of JSON, and tables that fit eighty columns."""

from __future__ import annotations

import json
import shlex
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.conftest import NOW_MS, Run
from usertrack_cli import console
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.counts import Count, add_counts
from usertrack_cli.store.home import Home

GOLDEN = Path(__file__).parents[1] / "golden" / "tables"
FIGURES = (
    "key sessions visitors pageviews clicks bounce_ratio active_ms depth_ratio rage_per_1000 dead_per_1000"
)
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
    "sql": "sql 'SELECT page, count(*) AS views, count(DISTINCT session) AS sessions, min(occurred_at) AS first"
    " FROM pageviews WHERE NOT is_bot GROUP BY page ORDER BY views DESC, page LIMIT 5'",
    # Keys are made of chance.
    "sql-down": "sql 'SELECT * EXCLUDE (visitor) FROM sessions ORDER BY started_at DESC, session DESC LIMIT 1'",
}
NO_ZONE = {"doctor-traffic", "sql", "sql-down"}
"""These have no --tz."""


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

    zone = [] if name in NO_ZONE else ["--tz", "UTC"]
    shown = run(*shlex.split(TABLES[name]), *zone)

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


def test_a_step_that_nobody_reached_has_no_time(run: Run, shop: Home) -> None:
    rows = json.loads(run("funnel", "/cart", "/nowhere", "/thanks", "--json").out)

    assert [(row["sessions"], row["kept"]) for row in rows] == [(11, 1.0), (0, 0.0), (0, None)]
    assert [row["median_ms"] for row in rows] == [0, None, None]


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
