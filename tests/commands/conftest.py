"""Running commands the way the console script does, and a store with something in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.counts import Count, add_counts
from usertrack_cli.store.home import Home

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
NOW_MS = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], home: Home) -> Run:
    """Run one command on the test's store."""

    def run_command(*arguments: str, data: bool = True) -> Done:
        capsys.readouterr()
        code = main([*arguments, "--data", str(home.root)] if data else list(arguments))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run_command


@pytest.fixture
def two_visitors(home: Home) -> tuple[Sender, Sender]:
    """Two visitors with a session each; both saw /shop, the second also /cart."""
    first = Sender(home, session_id(1))
    second = Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT)
    first.send(0, pageview(), click(900, 40, 50), ["s", 1500, 0, 300])
    second.send(0, pageview(), click(800, 60, 70, text="Cart"), pageview(2000, "/cart", title="Cart", number=2))
    return first, second


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
