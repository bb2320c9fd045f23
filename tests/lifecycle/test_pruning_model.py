"""Pruning compared with a model that is written another way, over stores that differ in everything."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS
from usertrack_cli.commands.init import prepare
from usertrack_cli.lifecycle.restriction import restrict
from usertrack_cli.lifecycle.retention import due, forecast, prune
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.settings import resolve
from usertrack_cli.store import catalog
from usertrack_cli.store.compaction import compact
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.workspace import workspace

SITES = ("default", "blog")


@dataclass(frozen=True)
class Made:
    """A session of the model: two batches of one pageview, ``moves`` movements and one click."""

    number: int
    site: str
    age_h: int
    moves: int
    is_bot: bool
    is_restricted: bool
    source: str = "tracker"

    @property
    def session(self) -> str:
        return session_id(self.number)


@st.composite
def populations(draw: st.DrawFn) -> list[Made]:
    # Different ages, so that the order in which they go is one only.
    ages = draw(st.lists(st.integers(0, 1_400), min_size=1, max_size=14, unique=True))
    return [
        Made(
            number=number,
            site=draw(st.sampled_from(SITES)),
            age_h=age_h,
            moves=draw(st.integers(0, 3)),
            is_bot=draw(st.integers(0, 4)) == 0,
            is_restricted=draw(st.integers(0, 4)) == 0,
        )
        for number, age_h in enumerate(ages)
    ]


def filled(home: Home, made: list[Made], now_ms: int) -> None:
    for each in made:
        ended_at = now_ms - each.age_h * HOUR_MS
        sender = Sender(
            home,
            each.session,
            site=each.site,
            started_at=ended_at - 60_000,
            received_at=ended_at,
            meta=(("is_bot", each.is_bot),),
        )
        run = [part for _ in range(each.moves) for part in (50, 5, 5)]
        sender.send(0, pageview(), *([["m", 100, 0, 0, 10, 10, run]] if run else []))
        if each.number % 3 == 0:
            snapshot(home)
        sender.send(1, click(60_000, 10, 10))
    snapshot(home)
    restrict(home, [(each.site, each.session) for each in made if each.is_restricted])


def rows(home: Home) -> Counter[tuple[str, str, str]]:
    """How many rows of each kind each session has, restricted ones included."""
    sql = "SELECT site, session, kind, count(*) FROM events GROUP BY ALL ORDER BY ALL"
    found = ask(home, Filter(), lambda con: con.execute(sql).fetchall(), shows_hidden=True)
    return Counter({(site, session, kind): number for site, session, kind, number in found})


def stays(made: list[Made], *, keep: int, age_h: int, spared_h: float) -> set[Made]:
    """Who is left by the rules, one session after the other from the oldest on.

    Every session is half a minute older than its ``age_h``, so one of a limit's hours is beyond it.
    """
    left = {each for each in made if each.is_restricted or each.age_h < age_h}

    def bots() -> set[Made]:
        return {each for each in left if each.is_bot and not each.is_restricted}

    for each in sorted(bots(), key=lambda each: -each.age_h):
        if len(bots()) > max(1, keep // 10) and each.age_h >= 1:
            left.discard(each)
    for each in sorted(left, key=lambda each: -each.age_h):
        is_free = not each.is_bot and not each.is_restricted
        if len(left) > keep and is_free and each.age_h >= spared_h:
            left.discard(each)
    return left


def session_of(age_h: int, *, moves: int = 1) -> Made:
    return Made(1, "default", age_h, moves, is_bot=False, is_restricted=False)


# Each example makes a store of its own, with every sync: on a busy machine that takes its time.
@pytest.mark.timeout(900)
@example(made=[session_of(5 * 24)], keep=1, age_d=6, moves_d=5, spares_young=False, is_compacted=False)
@example(made=[session_of(5 * 24)], keep=1, age_d=5, moves_d=1, spares_young=True, is_compacted=True)
@example(
    made=[session_of(7 * 24), Made(2, "default", 1, 0, is_bot=False, is_restricted=False)],
    keep=1,
    age_d=9,
    moves_d=8,
    spares_young=True,
    is_compacted=False,
)
@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    made=populations(),
    keep=st.integers(1, 12),
    age_d=st.integers(2, 60),
    moves_d=st.integers(1, 40),
    spares_young=st.booleans(),
    is_compacted=st.booleans(),
)
def test_pruning_leaves_what_a_model_leaves_and_never_half_a_session(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[Made],
    keep: int,
    age_d: int,
    moves_d: int,
    spares_young: bool,
    is_compacted: bool,
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    now_ms = clock.now_ms() + 30_000  # so that no session is exactly as old as a limit
    filled(home, made, now_ms - 30_000)
    before = rows(home)
    if is_compacted:
        with closing(catalog.connect(home)) as con, workspace(home) as folder:
            compact(con, home, folder, now_ms=now_ms, groups_max=100)
    flags = {"max_sessions": keep, "max_age": f"{age_d}d", "moves": f"{moves_d}d"}
    spared_h = 7 * 24 if spares_young else 30 * MINUTE_MS / HOUR_MS

    foretold = pruned = 0
    for site in SITES:
        rules = resolve({}, site=site, flags=flags, environ={}).settings
        what = due(home, rules, now_ms=now_ms, spares_young=spares_young)
        foretold += sum(rule.events for rule in forecast(home, what))
        pruned += prune(home, rules, now_ms=now_ms, spares_young=spares_young).rows

    left = {
        each
        for site in SITES
        for each in stays(
            [one for one in made if one.site == site], keep=keep, age_h=age_d * 24, spared_h=spared_h
        )
    }
    after = rows(home)
    assert {session for _, session, _ in after} == {each.session for each in left}
    for each in left:
        kinds = {kind: number for (_, session, kind), number in before.items() if session == each.session}
        has_old_moves = each.age_h >= moves_d * 24 and not each.is_restricted
        # A file holds a day: its movements go when the youngest row in it is old enough.
        kept = {kind: number for (_, session, kind), number in after.items() if session == each.session}
        assert kept in ([kinds, {k: n for k, n in kinds.items() if k != "move"}] if has_old_moves else [kinds])
    assert foretold == pruned == sum(before.values()) - sum(after.values())
    with closing(catalog.connect(home)) as con:
        for segment in live_segments(con):
            is_all_old = segment.last_at < now_ms - moves_d * DAY_MS
            assert not is_all_old or "move" in segment.aged or any(each.is_restricted for each in left)
    for site in SITES:
        again = prune(
            home,
            resolve({}, site=site, flags=flags, environ={}).settings,
            now_ms=now_ms,
            spares_young=spares_young,
        )
        assert (again.sessions, again.rows) == (0, 0)
    assert rows(home) == after


def test_restricted_sessions_stay_with_their_movements_and_go_when_that_is_lifted(home: Home) -> None:
    now_ms = clock.now_ms()
    made = [Made(n, "default", 500 * 24, 2, False, n == 1) for n in (1, 2)]
    filled(home, made, now_ms)
    rules = resolve({}, environ={}).settings

    prune(home, rules, now_ms=now_ms)
    kept = rows(home)
    again = prune(home, rules, now_ms=now_ms)
    restrict(home, [("default", session_id(1))], is_lifted=True)
    prune(home, rules, now_ms=now_ms)

    assert kept == {
        ("default", session_id(1), kind): n for kind, n in (("pageview", 1), ("move", 3), ("click", 1))
    }
    assert (again.sessions, again.rows) == (0, 0)
    assert rows(home) == {}


def test_each_source_has_its_own_cap_and_every_source_goes_by_age(home: Home) -> None:
    from tests.lifecycle.sources import imported

    now_ms = clock.now_ms()
    for number, age_d in enumerate((20, 30, 500)):
        filled(home, [Made(number, "default", age_d * 24, 0, False, False)], now_ms)
        imported(home, session_id(100 + number), now_ms - age_d * DAY_MS)
    rules = resolve({}, flags={"max_sessions": 1}, environ={}).settings

    prune(home, rules, now_ms=now_ms)

    assert {session for _, session, _ in rows(home)} == {session_id(0), session_id(100)}


def test_layouts_agents_consents_and_counts_go_when_they_were_not_seen_for_as_long(home: Home) -> None:
    now_ms = clock.now_ms()
    old = now_ms - 400 * DAY_MS
    with closing(catalog.connect(home)) as con:
        for name, seen_at in (("old", old), ("new", now_ms)):
            con.execute(
                "INSERT INTO layouts (site, page, hash, document_w, document_h, viewport_w, viewport_h, boxes,"
                " first_seen_at, last_seen_at) VALUES ('default', '/shop', ?, 9, 9, 9, 9, x'5b5d', ?, ?)",
                (name, old, seen_at),
            )
            con.execute(
                "INSERT INTO consents (site, token, version, scope, granted_at, last_used_at)"
                " VALUES ('default', ?, '1', '', ?, ?)",
                (name, old, seen_at),
            )
            con.execute(
                "INSERT INTO counts VALUES ('default', ?, 'pageview', ?, '', 'wide', '', 3)",
                (seen_at // HOUR_MS * HOUR_MS, name),
            )
        con.execute("INSERT INTO agents VALUES ('default', 'old', '2020-01', '2020-02')")
        con.execute("INSERT INTO agents VALUES ('default', 'new', '2020-01', '2999-01')")
    rules = resolve({}, environ={}).settings

    told = {rule.what: rule.count for rule in forecast(home, due(home, rules, now_ms=now_ms))}
    prune(home, rules, now_ms=now_ms)

    named = ("layouts", "agent strings", "consents", "hourly counts")
    assert [told[name] for name in named] == [1, 1, 1, 1]
    with closing(catalog.connect(home)) as con:
        for sql in (
            "SELECT hash FROM layouts",
            "SELECT token FROM consents",
            "SELECT user_agent FROM agents",
            "SELECT page FROM counts",
        ):
            assert con.execute(sql).fetchall() == [("new",)], sql


def test_what_a_restricted_session_brought_stays_with_it(home: Home) -> None:
    now_ms = clock.now_ms()
    rules = resolve({}, environ={}).settings
    restrict(home, [("default", session_id(1))])
    with closing(catalog.connect(home)) as con:
        for number in (1, 2):
            con.execute(
                "INSERT INTO layouts (site, page, hash, document_w, document_h, viewport_w, viewport_h, boxes,"
                " first_seen_at, last_seen_at, brought_by)"
                " VALUES ('default', '/', ?1, 9, 9, 9, 9, x'5b5d', 1, 1, ?1)",
                (session_id(number),),
            )

        def left() -> list[tuple[str]]:
            prune(home, rules, now_ms=now_ms)
            return con.execute("SELECT brought_by FROM layouts").fetchall()

        assert left() == [(session_id(1),)]
        restrict(home, [("default", session_id(1))], is_lifted=True)
        assert left() == []


def test_a_layout_that_is_seen_again_is_noted(home: Home) -> None:
    from usertrack_cli.store.inbox import Inbox

    now_ms = clock.now_ms()
    old = now_ms - 300 * DAY_MS
    with closing(catalog.connect(home)) as con:
        con.execute(
            "INSERT INTO layouts (site, page, hash, document_w, document_h, viewport_w, viewport_h, boxes,"
            " first_seen_at, last_seen_at) VALUES ('default', '/shop', 'abc', 9, 9, 9, 9, x'5b5d', ?, ?)",
            (old, old),
        )
        batch = Sender(home, session_id(1), received_at=now_ms).batch(0, pageview(), seen=(("/shop", "abc"),))
        Inbox(con).append([batch])

        assert con.execute("SELECT first_seen_at, last_seen_at FROM layouts").fetchall() == [(old, now_ms)]


def test_what_a_dry_run_says_is_json_too(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    from usertrack_cli.app import main

    filled(home, [Made(1, "default", 500 * 24, 2, False, False)], clock.now_ms())

    assert main(["prune", "--dry-run", "--json", "--data", str(home.root)]) == 0

    told = {(row["rule"], row["what"]): row for row in json.loads(capsys.readouterr().out)}
    assert told["max_age", "sessions"]["count"] == 1
    assert told["max_age", "sessions"]["events"] == 5
    assert told["max_age", "sessions"]["bytes"] > 1_000
    assert sum(rows(home).values()) == 5


def test_a_dry_look_passes_damaged_files_over_and_moves_nothing(home: Home) -> None:
    now_ms = clock.now_ms()
    for number in (1, 2):
        filled(home, [Made(number, "default", 500 * 24, 0, False, False)], now_ms)
    victim = min(home.segments.rglob("*.parquet"))
    rules = resolve({}, environ={}).settings
    what = due(home, rules, now_ms=now_ms)
    victim.write_bytes(victim.read_bytes()[:-10] + bytes(10))

    told = forecast(home, what)

    assert told[0].count == 2
    assert 0 < told[0].events < 4
    assert victim.exists()
    assert not any(file.is_file() for file in home.quarantine.rglob("*"))
