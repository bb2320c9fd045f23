"""What the first batch of a session fixes, and what every later one takes from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace

from usertrack_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS
from usertrack_cli.ingest.consent import Permission
from usertrack_cli.ingest.enrichment import Agents, Countries
from usertrack_cli.ingest.envelope import Client
from usertrack_cli.ingest.keeper import Keeper, Verdict
from usertrack_cli.ingest.rate import Rate
from usertrack_cli.ingest.session import Arrival
from usertrack_cli.settings import resolve
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.visitor import epoch_at

NOON_MS = 1_795_435_200_000  # 2026-11-23 12:00 UTC
AGENTS = Agents()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def arrival(
    seq: int = 0, *, session: str = "s" * 22, settings: dict[str, Any] | None = None, **changes: Any
) -> Arrival:
    first = Arrival(
        site="default",
        session=session,
        seq=seq,
        digest=b"%d" % seq,
        started_at=NOON_MS - MINUTE_MS,
        sent_at=NOON_MS,
        client=None,
        unconfirmed=(),
        settings=resolve({}, flags=settings or {}, environ={}).settings,
        permission=Permission("not_required"),
        address="203.0.113.7",
        user_agent=FIREFOX,
        received_at=NOON_MS,
        body=b"{}",
    )
    return replace(first, **changes)


def opened(home: Home, *, per_address: int = 1_000, per_site: int = 1_000) -> Keeper:
    return Keeper(
        home,
        agents=AGENTS,
        countries=Countries("", note=pytest.fail),
        per_address=Rate(per_address),
        per_site=Rate(per_site),
    )


@pytest.fixture
def keeper(home: Home) -> Iterator[Keeper]:
    with closing(opened(home)) as made:
        yield made


def rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with closing(catalog.connect(home)) as con:
        return list(con.execute(sql))


def sessions(home: Home) -> list[tuple[Any, ...]]:
    return rows(home, "SELECT day, epoch, skew_ms FROM sessions_open ORDER BY session")


def metas(home: Home) -> list[dict[str, Any]]:
    return [json.loads(row[0]) for row in rows(home, "SELECT meta FROM batches ORDER BY id")]


@pytest.mark.parametrize(
    ("started_at", "sent_at", "day", "start_ms"),
    [
        (NOON_MS - MINUTE_MS, NOON_MS, "2026-11-23", NOON_MS - MINUTE_MS),
        # A browser whose clock stands in 1970, and one ten years ahead.
        (MINUTE_MS, 2 * MINUTE_MS, "2026-11-23", NOON_MS - MINUTE_MS),
        (NOON_MS + 3650 * DAY_MS, NOON_MS + 3650 * DAY_MS + MINUTE_MS, "2026-11-23", NOON_MS - MINUTE_MS),
        (NOON_MS - 13 * HOUR_MS, NOON_MS, "2026-11-22", NOON_MS - 13 * HOUR_MS),
        # Set back in the middle of the session, and a session older than any may be.
        (NOON_MS, NOON_MS - HOUR_MS, "2026-11-23", NOON_MS),
        (NOON_MS - 99 * HOUR_MS, NOON_MS, "2026-11-21", NOON_MS - 48 * HOUR_MS),
    ],
)
def test_a_session_starts_when_it_did_by_the_servers_clock(
    home: Home, keeper: Keeper, started_at: int, sent_at: int, day: str, start_ms: int
) -> None:
    keeper.keep([arrival(started_at=started_at, sent_at=sent_at)])

    assert sessions(home) == [(day, 202611, start_ms - started_at)]


def test_day_epoch_and_skew_of_a_session_stay_those_of_its_first_batch(home: Home, keeper: Keeper) -> None:
    keeper.keep([arrival(0)])
    before = sessions(home)
    next_month = NOON_MS + 10 * DAY_MS

    keeper.keep([arrival(1, received_at=next_month, sent_at=next_month + HOUR_MS)])

    assert sessions(home) == before
    assert rows(home, "SELECT DISTINCT epoch FROM batches") == [(202611,)]


def test_a_session_is_known_again_after_a_restart(home: Home) -> None:
    with closing(opened(home)) as first:
        first.keep([arrival(0, client=Client(scr=[1280, 800], lang="de"))])
    with closing(opened(home, per_address=1)) as second:
        second.keep([arrival(1, received_at=NOON_MS + DAY_MS)])

    assert len(sessions(home)) == 1
    assert [(meta["screen_w"], meta["language"]) for meta in metas(home)] == [(1280, "de")] * 2
    assert len(rows(home, "SELECT DISTINCT visitor FROM batches")) == 1


def test_a_phone_that_changes_its_network_has_two_keys_in_one_session(home: Home, keeper: Keeper) -> None:
    keeper.keep([arrival(0), arrival(1, address="198.51.100.9"), arrival(2)])

    visitors = [row[0] for row in rows(home, "SELECT visitor FROM batches ORDER BY seq")]
    assert visitors[0] == visitors[2] != visitors[1]
    assert len(sessions(home)) == 1


def test_the_columns_of_a_batch_are_exactly_those_of_the_store(home: Home, keeper: Keeper) -> None:
    facts = Client(scr=[1920, 1080], dpr=1.5, lang="de-DE", touch=1, wd=0)
    keeper.keep([arrival(client=facts, permission=Permission("granted", "2"))])

    assert metas(home) == [
        {
            "country": None,
            "browser": "Firefox",
            "browser_major": 140,
            "os": "Linux",
            "device": "desktop",
            "language": "de-DE",
            "screen_w": 1920,
            "screen_h": 1080,
            "dpr": 1.5,
            "basis": "granted",
            "consent_version": "2",
            "is_bot": False,
        }
    ]


def test_a_new_page_load_brings_new_facts(home: Home, keeper: Keeper) -> None:
    keeper.keep([arrival(0, client=Client(wd=0)), arrival(1), arrival(2, client=Client(wd=1)), arrival(3)])

    assert [meta["is_bot"] for meta in metas(home)] == [False, False, True, True]


@pytest.mark.parametrize(("mode", "ip"), [("hash", None), ("plain", "203.0.113.7")])
def test_an_address_is_stored_in_plain_mode_only(home: Home, keeper: Keeper, mode: str, ip: str | None) -> None:
    keeper.keep([arrival(settings={"store_ip": mode})])

    assert rows(home, "SELECT ip FROM batches") == [(ip,)]


def test_a_repeat_is_acknowledged_and_other_content_is_not(home: Home, keeper: Keeper) -> None:
    first = arrival(0)

    verdicts = keeper.keep([first, first, replace(first, digest=b"other")])

    assert [verdict.status for verdict in verdicts] == [204, 204, 409]
    assert len(rows(home, "SELECT id FROM batches")) == 1


def test_batches_that_never_came_are_asked_for(keeper: Keeper) -> None:
    keeper.keep([arrival(0), arrival(2)])

    assert keeper.keep([arrival(3, unconfirmed=[0, 1, 2])])[0].miss == (1,)


def test_a_layout_that_is_not_stored_is_asked_for(keeper: Keeper) -> None:
    assert keeper.keep([arrival(seen=[("/shop", "abc")])]) == [Verdict(200, need=("abc",))]


def test_batches_of_an_erased_session_are_dropped(home: Home, keeper: Keeper) -> None:
    keeper.keep([arrival(0)])
    with closing(catalog.connect(home)) as con:
        con.execute("INSERT INTO tombstones (site, session, created_at) VALUES ('default', ?, 1)", ("s" * 22,))
        con.execute("DELETE FROM batches")

    assert [verdict.status for verdict in keeper.keep([arrival(1)])] == [204]
    assert rows(home, "SELECT id FROM batches") == []


def test_too_many_new_sessions_of_an_address_wait_and_known_ones_do_not(home: Home) -> None:
    with closing(opened(home, per_address=2)) as keeper:
        many = [arrival(0, session=f"s{n:021d}") for n in range(4)]

        statuses = [verdict.status for verdict in keeper.keep(many)]

        assert statuses == [204, 204, 429, 429]
        assert keeper.keep([arrival(1, session=many[0].session)])[0].status == 204
        assert keeper.keep([arrival(0, session="t" * 22, address="198.51.100.9")])[0].status == 204
        later = NOON_MS + MINUTE_MS
        assert keeper.keep([arrival(0, session=many[2].session, received_at=later)])[0].status == 204


def test_too_many_new_sessions_of_a_site_wait(home: Home) -> None:
    with closing(opened(home, per_site=2)) as keeper:
        many = [arrival(0, session=f"s{n:021d}", address=f"203.0.113.{n}") for n in range(3)]

        assert [verdict.status for verdict in keeper.keep(many)] == [204, 204, 429]


def test_what_cannot_be_stored_costs_nothing_else(home: Home, keeper: Keeper) -> None:
    poison = arrival(0, session="p" * 22, user_agent="\ud800")

    verdicts = keeper.keep([arrival(0), poison, arrival(1)])

    assert [verdict.status for verdict in verdicts] == [204, 400, 204]
    assert len(rows(home, "SELECT id FROM batches")) == 2


@pytest.mark.parametrize(("pages", "status"), [(1, 507)])
def test_a_full_disk_is_507_until_there_is_room(home: Home, keeper: Keeper, pages: int, status: int) -> None:
    con = keeper._con
    roomy = con.execute("PRAGMA max_page_count").fetchone()[0]
    con.execute(f"PRAGMA max_page_count = {pages}")

    full = keeper.keep([arrival(seq, body=b"x" * 20_000) for seq in range(20)])
    con.execute(f"PRAGMA max_page_count = {roomy}")
    room = keeper.keep([arrival(seq, body=b"x" * 20_000) for seq in range(20)])

    assert {verdict.status for verdict in full} == {status}
    assert {verdict.status for verdict in room} == {204}
    assert len(sessions(home)) == 1


def test_a_locked_store_is_503(home: Home, keeper: Keeper) -> None:
    keeper._con.execute("PRAGMA busy_timeout = 1")
    with closing(catalog.connect(home)) as con:
        con.execute("BEGIN IMMEDIATE")

        assert keeper.keep([arrival(0), arrival(1)])[0].status == 503
        con.execute("ROLLBACK")

    assert keeper.keep([arrival(0)])[0].status == 204
    assert epoch_at(NOON_MS, "monthly") == 202611
