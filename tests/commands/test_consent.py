"""Consent records from the command line."""

from __future__ import annotations

import json
from contextlib import closing

from tests.commands.conftest import Run
from usertrack_cli.store import catalog
from usertrack_cli.store.consents import Decisions, withdrawn
from usertrack_cli.store.counts import Count, add_counts
from usertrack_cli.store.home import Home


def keep(home: Home, token: str, *, version: str = "1", site: str = "default", at: int = 1) -> None:
    with closing(catalog.connect(home)) as con:
        Decisions(con).keep(site=site, token=token, version=version, scope="record", is_granted=True, now_ms=at)


def test_records_are_listed_the_newest_first(run: Run, home: Home) -> None:
    keep(home, "first-token", at=1_000)
    keep(home, "second-token", version="2", at=2_000)

    rows = json.loads(run("consent", "list", "--json").out)

    assert [row["token"] for row in rows] == ["second-token", "first-token"]
    assert set(rows[0]) == {
        "site", "token", "version", "scope", "granted_at", "last_used_at", "withdrawn_at"
    }  # fmt: skip
    narrowed = json.loads(run("consent", "list", "--text-version", "1", "--json").out)
    assert [row["token"] for row in narrowed] == ["first-token"]


def test_a_revoked_consent_is_withdrawn_and_on_the_ledger(run: Run, home: Home) -> None:
    keep(home, "first-token")
    keep(home, "fickle-token")

    assert run("consent", "revoke", "firs", "--request", "9").code == 0

    with closing(catalog.connect(home)) as con:
        assert withdrawn(con, {("default", "first-token")})
        assert not withdrawn(con, {("default", "fickle-token")})
    (entry,) = home.ledger.glob("request-*.json")
    assert json.loads(entry.read_text())["consents"] == [["default", "first-token"]]
    assert [row["token"] for row in json.loads(run("consent", "list", "--in-force", "--json").out)] == [
        "fickle-token"
    ]


def test_a_token_has_to_name_one_consent(run: Run, home: Home) -> None:
    keep(home, "abcd-1")
    keep(home, "abcd-2")

    assert run("consent", "revoke", "abc").code == 2
    assert run("consent", "revoke", "abcd").code == 2
    assert run("consent", "revoke", "zzzz").code == 3
    assert run("consent", "revoke", "abcd-2").code == 0


def test_stats_count_by_text_and_tell_how_the_banner_was_answered(run: Run, home: Home) -> None:
    for number in range(3):
        keep(home, f"token-{number}", version="1" if number else "2")
    run("consent", "revoke", "token-1")
    with closing(catalog.connect(home)) as con:
        about = {"site": "default", "hour_at": 0, "page": "", "referrer": "", "width_class": "", "country": ""}
        add_counts(con, {Count(name="banner_shown", **about): 8, Count(name="banner_accepted", **about): 2})  # type: ignore[arg-type]

    done = run("consent", "stats", "--json")

    rows = {row["version"]: row for row in json.loads(done.out)}
    assert (rows["1"]["granted"], rows["1"]["withdrawn"], rows["1"]["in_force"]) == (2, 1, 1)
    assert (rows["2"]["granted"], rows["2"]["in_force"]) == (1, 1)
    assert "accepted 2 (25%)" in done.err


def test_without_records_it_says_where_they_would_come_from(run: Run) -> None:
    done = run("consent", "list")

    assert done.code == 3
    assert "banner or api" in done.err
    assert run("consent", "stats").code == 3
