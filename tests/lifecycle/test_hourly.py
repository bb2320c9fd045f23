"""``serve`` forgets every hour by itself, each site by its own settings; sites that left the settings too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.senders import Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS
from usertrack_cli.lifecycle import writer
from usertrack_cli.lifecycle.restriction import restrict
from usertrack_cli.lifecycle.writer import Writer
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import WRITER, held
from usertrack_cli.store.workspace import workspace


class Hours:
    """A clock that nobody sets, which the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(clock, "monotonic_s", lambda: self.now_s)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    return Hours(monkeypatch)


@pytest.fixture
def working(home: Home, hours: Hours) -> Iterator[Writer]:
    with (
        held(home, WRITER, timeout_s=5, doing="testing"),
        closing(catalog.connect(home)) as con,
        workspace(home) as folder,
    ):
        yield Writer(home, con, folder)


def send(home: Home, number: int, age_d: int, site: str) -> None:
    when = clock.now_ms() - age_d * DAY_MS
    sender = Sender(home, session_id(number), site=site, started_at=when - 1_000, received_at=when)
    sender.send(0, pageview())


def kept(home: Home) -> set[str]:
    sql = "SELECT DISTINCT session FROM events"
    rows = ask(home, Filter(), lambda con: con.execute(sql).fetchall(), shows_hidden=True)
    return {session for (session,) in rows}


def test_every_hour_each_site_is_pruned_by_its_own_settings(home: Home, hours: Hours, working: Writer) -> None:
    (home.root / "usertrack.toml").write_text('max_age = "100d"\n[site.shop]\nmax_age = "10d"\n')
    for number, (age_d, site) in enumerate([(50, "default"), (150, "default"), (50, "shop"), (5, "shop")]):
        send(home, number, age_d, site)
    send(home, 9, 150, "default")
    send(home, 8, 150, "gone")  # recorded for a site that the settings no longer name
    restrict(home, [("default", session_id(9))])

    working.turn()
    before = kept(home)
    hours.now_s = writer.TIDY_EVERY_S + 1
    working.turn()
    at_first = kept(home)
    send(home, 7, 150, "default")
    hours.now_s += writer.PRUNE_EVERY_S - 10
    working.turn()
    early = kept(home)
    hours.now_s += 20
    working.turn()

    assert len(before) == 6
    assert at_first == {session_id(0), session_id(3), session_id(9)}
    assert session_id(7) in early
    assert kept(home) == at_first
    assert writer.PRUNE_EVERY_S == 3_600
