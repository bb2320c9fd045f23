"""Visitors who decide for themselves: consents on record, and objections that hold."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.serving import AGENT, Served, served, session, stored
from usertrack_cli.errors import StoreError
from usertrack_cli.store import catalog, consents, objections
from usertrack_cli.store.consents import Decisions
from usertrack_cli.store.home import Home
from usertrack_cli.store.objections import Objections, add_objection, objection_hash, objection_key

TOKEN = ["tok1", "1", "record"]
GRANTED = {"k": "default", "token": "tok1", "version": "1", "scope": "record", "granted": 1, "n": 1}
WITHDRAWN = {"k": "default", "token": "tok1", "version": "1", "withdrawn": session(1), "n": 2}
RECORDS = "SELECT token, version, scope, granted_at > 0, last_used_at > 0, withdrawn_at > 0 FROM consents"


def decide(server: Served, decision: dict[str, Any]) -> int:
    return server.ask("POST", "/c", json.dumps(decision)).status


def send(server: Served, number: int, **changes: Any) -> Any:
    return server.post(s=session(number), **changes)


def test_a_consent_is_on_record_and_nothing_under_it_is_taken_once_it_was_withdrawn(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"consent": "banner"}) as server:
        assert decide(server, GRANTED) == 204
        assert decide(server, GRANTED) == 204
        given = stored(server.data, RECORDS)
        assert send(server, 1, c=TOKEN).status == 204
        used = stored(server.data, RECORDS)

        assert decide(server, WITHDRAWN) == 204

        late = send(server, 2, c=TOKEN)
        assert (late.status, late.said) == (200, {"off": 1})
        assert given == [("tok1", "1", "record", 1, None, None)]
        assert used == [("tok1", "1", "record", 1, 1, None)]
        assert stored(server.data, RECORDS) == [("tok1", "1", "record", 1, 1, 1)]
        assert stored(server.data) == [(session(1), 0)]


def test_a_consent_that_only_a_batch_told_of_is_on_record(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"consent": "api"}) as server:
        assert send(server, 1, c=["tok9", "2", "record"]).status == 204

        assert stored(server.data, RECORDS) == [("tok9", "2", "record", 1, 1, None)]


def test_where_nobody_is_asked_no_consent_is_recorded(tmp_path: Path) -> None:
    with served(tmp_path / "data") as server:
        assert send(server, 1, c=TOKEN).status == 204

        assert stored(server.data, RECORDS) == []


def test_a_withdrawal_heard_before_the_consent_stands(home: Home) -> None:
    with closing(catalog.connect(home)) as con:
        decisions = Decisions(con)
        about = {"site": "default", "token": "tok", "version": "1", "scope": ""}
        decisions.keep(**about, is_granted=False, now_ms=5)
        decisions.keep(**about, is_granted=True, now_ms=6)

        assert consents.withdrawn(con, {("default", about["token"])})


def test_there_is_an_end_to_the_records(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consents, "CONSENTS_MAX", 3)
    monkeypatch.setattr(consents, "RECOUNT_EVERY", 2)
    with closing(catalog.connect(home)) as con:
        decisions = Decisions(con)

        def keep(token: str) -> bool:
            return decisions.keep(site="default", token=token, version="1", scope="", is_granted=True, now_ms=1)

        assert [keep(token) for token in "abcdef"] == [True, True, True, False, False, False]
        assert keep("a")
        con.execute("DELETE FROM consents")
        kept = [keep(token) for token in "ghi"]
        assert any(kept), "room is seen again within RECOUNT_EVERY attempts"


@pytest.mark.parametrize("agent", [AGENT, None])
def test_an_objected_visitor_gets_an_ordinary_answer_and_nothing_is_stored(
    tmp_path: Path, agent: str | None
) -> None:
    table = {"consent": "banner", "before_consent": "count"}
    with served(tmp_path / "data", table=table) as server:
        assert send(server, 1, c=TOKEN).status == 204
        home = Home(server.data)
        with (
            closing(catalog.connect(home)) as con,
            closing(catalog.connect_keys(home, may_create=False)) as keys,
        ):
            key = objection_key(keys, "default", now_ms=1)
            with catalog.transaction(con):
                visitor = objection_hash(key, "127.0.0.1", agent)
                add_objection(con, site="default", visitor=visitor, now_ms=1)

        answer = send(server, 2, c=["tok2", "1", "record"])
        other = send(server, 3, c=TOKEN, headers={"User-Agent": "Other/1.0"})
        seen = {"k": "default", "e": "pageview", "p": "/shop", "r": "", "w": 390}
        assert server.ask("POST", "/a", json.dumps(seen)).status == 204
        assert decide(server, GRANTED | {"token": "tok3"}) == 204
        assert decide(server, WITHDRAWN | {"token": ""}) == 204
        assert (answer.status, answer.body, other.status) == (204, b"", 204)
        assert [row[0] for row in stored(server.data)] == [session(1), *([session(3)] if agent else [])]
        assert [row[0] for row in stored(server.data, RECORDS)] == ["tok1"]
        assert stored(server.data, "SELECT session FROM tombstones") == [(session(1),)]
        assert server.stop() == 0
        assert stored(server.data, "SELECT count(*) FROM counts") == [(0,)]
        assert stored(server.data, "SELECT count(*) FROM agents") == [(2 if agent else 1,)]


def test_an_objection_holds_for_the_network_of_a_household() -> None:
    key = b"k" * 32
    hashes = {objection_hash(key, f"2001:db8:1:2:{host}", "A") for host in (":1", ":ffff", "a:b:c:d")}

    assert len(hashes) == 1
    assert objection_hash(key, "2001:db8:1:3::1", "A") not in hashes
    assert objection_hash(key, "::ffff:203.0.113.7", "A") == objection_hash(key, "203.0.113.7", "A")
    assert objection_hash(key, "203.0.113.7", None) != objection_hash(key, "203.0.113.7", "")


def test_objections_without_their_key_are_never_passed_over(home: Home) -> None:
    with (
        closing(catalog.connect(home)) as con,
        closing(catalog.connect_keys(home, may_create=False)) as keys,
    ):
        con.execute("INSERT INTO objections VALUES ('default', 'ab', 1)")

        with pytest.raises(StoreError, match="lacks the key"):
            Objections(con, keys)

        assert objections.drop_unmatchable(con, keys) == 1
        assert not Objections(con, keys).hold("default", "203.0.113.7", "A")
