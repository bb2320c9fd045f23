"""Retention removes whole sessions, the oldest first, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.commands.init import prepare
from usertrack_cli.errors import CheckFailedError
from usertrack_cli.lifecycle import retention
from usertrack_cli.lifecycle.retention import due, prune
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.settings import resolve
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home, create_home
from usertrack_cli.store.remembered import remember_list, remembered_list
from usertrack_cli.store.room import Room
from usertrack_cli.store.snapshot import snapshot


def counts(home: Home) -> dict[str, int]:
    """Rows of each session."""
    rows = ask(
        home, Filter(), lambda con: con.execute("SELECT session, count(*) FROM events GROUP BY 1").fetchall()
    )
    return dict(rows)


def send_at(home: Home, number: int, ended_at: int, *, rows: int = 3, is_bot: bool = False) -> None:
    sender = Sender(
        home,
        session_id(number),
        started_at=ended_at - rows * 1000,
        received_at=ended_at,
        meta=(("is_bot", is_bot),),
    )
    sender.send(0, *(pageview(1000 * i) for i in range(rows)))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages_h=st.lists(st.integers(1, 900), min_size=1, max_size=12, unique=True),
    keep=st.integers(1, 12),
    age_d=st.integers(1, 40),
)
def test_pruning_equals_a_brute_force_model_and_twice_equals_once(
    tmp_path_factory: pytest.TempPathFactory, ages_h: list[int], keep: int, age_d: int
) -> None:
    home = create_home(tmp_path_factory.mktemp("store") / "data")
    prepare(home)
    now_ms = clock.now_ms()
    for number, age in enumerate(ages_h):
        send_at(home, number, now_ms - age * HOUR_MS)
        if number % 3 == 0:
            snapshot(home)
    rules = resolve(
        {}, flags={"max_sessions": keep, "max_age": f"{age_d}d", "moves": "400d"}, environ={}
    ).settings

    prune(home, rules, now_ms=now_ms, spares_young=False)
    once = counts(home)
    prune(home, rules, now_ms=now_ms, spares_young=False)

    young = sorted((age, number) for number, age in enumerate(ages_h) if age * HOUR_MS + 1000 <= age_d * DAY_MS)
    assert once == {session_id(number): 3 for _, number in young[:keep]}
    assert counts(home) == once


def test_a_session_that_may_still_be_going_on_is_never_evicted(home: Home) -> None:
    now_ms = clock.now_ms()
    for number in range(3):
        send_at(home, number, now_ms - number * 60_000)
    rules = resolve({}, flags={"max_sessions": 1}, environ={}).settings

    prune(home, rules, now_ms=now_ms, spares_young=False)

    assert len(counts(home)) == 3


def test_a_session_that_went_by_age_is_no_row_of_the_last_list_any_more(home: Home) -> None:
    now_ms = clock.now_ms()
    send_at(home, 1, now_ms - 40 * DAY_MS)
    send_at(home, 2, now_ms - HOUR_MS)
    remember_list(home, [("default", session_id(2)), ("default", session_id(1))])

    prune(home, resolve({}, flags={"max_age": "30d"}, environ={}).settings, now_ms=now_ms)

    assert remembered_list(home) == [("default", session_id(2)), ("", "")]


def test_old_pointer_movements_go_and_their_session_stays(home: Home) -> None:
    now_ms = clock.now_ms()
    old = now_ms - 40 * DAY_MS
    sender = Sender(home, session_id(1), started_at=old - 5000, received_at=old)
    sender.send(0, pageview(), ["m", 100, 0, 0, 10, 10, [50, 5, 5]], click(900, 10, 10))
    rules = resolve({}, environ={}).settings

    gone = prune(home, rules, now_ms=now_ms)

    assert (gone.sessions, gone.rows) == (0, 2)
    assert counts(home) == {session_id(1): 2}
    assert due(home, rules, now_ms=now_ms).is_nothing


def test_a_dry_look_changes_nothing(home: Home) -> None:
    now_ms = clock.now_ms()
    ends = defaultdict(int)
    for number in range(4):
        send_at(home, number, now_ms - (number + 1) * DAY_MS)
        ends[session_id(number)] = 3
    rules = resolve({}, flags={"max_sessions": 2}, environ={}).settings

    what = due(home, rules, now_ms=now_ms, spares_young=False)

    assert what.over_cap == (session_id(3), session_id(2))
    assert (what.kept, what.rows) == (2, 6)
    assert counts(home) == ends


def test_eviction_stops_at_a_week_and_new_sessions_are_refused_until_there_is_room(home: Home) -> None:
    now_ms = clock.now_ms()
    for number, age_d in enumerate((1, 2, 3, 9)):
        send_at(home, number, now_ms - age_d * DAY_MS)
    tight = resolve({}, flags={"max_sessions": 2}, environ={}).settings
    wide = resolve({}, flags={"max_sessions": 20}, environ={}).settings

    prune(home, tight, now_ms=now_ms)

    with closing(catalog.connect(home)) as con:
        assert set(counts(home)) == {session_id(0), session_id(1), session_id(2)}
        assert Room(con, home).is_full("default")
        assert not Room(con, home).is_full("other")
        prune(home, wide, now_ms=now_ms)
        assert not Room(con, home).is_full("default")


def test_without_sparing_the_young_they_would_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(retention, "YOUNG_MS", 0)

    with pytest.raises(AssertionError):
        test_eviction_stops_at_a_week_and_new_sessions_are_refused_until_there_is_room(home)


def test_bots_have_a_cap_of_their_own_and_push_nobody_out(home: Home) -> None:
    now_ms = clock.now_ms()
    for number in range(6):
        send_at(home, number, now_ms - (20 + number) * DAY_MS)
    for number in range(6, 12):
        send_at(home, number, now_ms - number * HOUR_MS, is_bot=True)
    rules = resolve({}, flags={"max_sessions": 8}, environ={}).settings

    prune(home, rules, now_ms=now_ms)

    assert set(counts(home)) == {session_id(number) for number in (0, 1, 2, 3, 4, 5, 6)}


def test_bots_that_were_counted_as_people_would_push_them_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    over_cap = retention._over_cap

    def all_people(rest: Sequence[Any], **named: Any) -> Any:
        return over_cap([replace(end, is_bot=False) for end in rest], **named)

    monkeypatch.setattr(retention, "_over_cap", all_people)
    with pytest.raises(AssertionError):
        test_bots_have_a_cap_of_their_own_and_push_nobody_out(home)


def test_nothing_is_pruned_after_the_clock_jumped_until_it_has_held_for_a_day(home: Home) -> None:
    now_ms = clock.now_ms()
    rules = resolve({}, environ={}).settings
    send_at(home, 1, now_ms)
    prune(home, rules, now_ms=now_ms)
    wrong_ms = now_ms + 3_650 * DAY_MS

    with pytest.raises(CheckFailedError, match="clock jumped"):
        prune(home, rules, now_ms=wrong_ms)
    prune(home, rules, now_ms=now_ms + HOUR_MS, trusts_clock=True)

    assert set(counts(home)) == {session_id(1)}
    with pytest.raises(CheckFailedError):
        prune(home, rules, now_ms=wrong_ms)
    for hours in range(1, 24):
        with pytest.raises(CheckFailedError):
            prune(home, rules, now_ms=wrong_ms + hours * HOUR_MS)
    assert prune(home, rules, now_ms=wrong_ms + 24 * HOUR_MS).sessions == 1


def test_without_that_check_a_wrong_clock_would_empty_the_store(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    now_ms = clock.now_ms()
    send_at(home, 1, now_ms)
    monkeypatch.setattr(retention, "_check_clock", lambda *_, **__: None)

    prune(home, resolve({}, environ={}).settings, now_ms=now_ms + 3_650 * DAY_MS)

    assert counts(home) == {}


def test_a_damaged_segment_does_not_keep_others_from_being_pruned(home: Home) -> None:
    now_ms = clock.now_ms()
    for number in range(2):
        send_at(home, number, now_ms - 400 * DAY_MS)
        snapshot(home)
    first = min(home.segments.rglob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-10] + bytes(10))

    gone = prune(home, resolve({}, flags={"max_age": "399d"}, environ={}).settings, now_ms=now_ms)

    assert gone.sessions == 1
    assert counts(home) == {}
