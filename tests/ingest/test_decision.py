"""Decisions about consent and sights to be counted: what is taken, what is refused, what is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.serving import served, session, stored
from usertrack_cli.ingest.decision import BODY_BYTES_MAX, counted, decode_decision, decode_sight, page_of
from usertrack_cli.ingest.envelope import WireError

GRANTED = {"k": "default", "token": "tok", "version": "1", "scope": "record", "granted": 1, "n": 1}
WITHDRAWN = {"k": "default", "token": "tok", "version": "1", "withdrawn": session(1)}
SEEN = {"k": "default", "e": "pageview", "p": "/shop?id=7", "r": "news.example:8443", "w": 390}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b'{"k":"default"}',
        json.dumps(GRANTED | {"granted": 2}).encode(),
        json.dumps(GRANTED | {"withdrawn": session(1)}).encode(),
        json.dumps({k: v for k, v in GRANTED.items() if k != "granted"}).encode(),
        json.dumps(WITHDRAWN | {"withdrawn": "../etc"}).encode(),
        json.dumps(GRANTED | {"token": "a\nb"}).encode(),
        b" " * (BODY_BYTES_MAX + 1),
    ],
)
def test_what_is_no_decision_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        decode_decision(body)

    assert decode_decision(json.dumps(GRANTED).encode()).granted == 1
    assert decode_decision(json.dumps(WITHDRAWN).encode()).withdrawn == session(1)


@pytest.mark.parametrize("change", [{"e": "click"}, {"p": 5}, {"w": -1}, {"w": 10**9}, {"r": "x" * 600}])
def test_what_is_no_sight_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        decode_sight(json.dumps(SEEN | change).encode())


def test_a_sight_keeps_page_host_width_class_and_hour() -> None:
    sight = decode_sight(json.dumps(SEEN).encode())

    count = counted(sight, page=page_of(sight), country=None, now_ms=7_200_123)

    assert (count.hour_at, count.page, count.referrer) == (7_200_000, "/shop", "news.example")
    assert (count.width_class, count.country) == ("narrow", "")


def test_the_server_takes_decisions_and_counts_only_where_it_may(tmp_path: Path) -> None:
    table = {"before_consent": "count", "consent": "banner", "exclude_pages": ["/admin*"]}
    with served(tmp_path / "data", table=table) as server:
        assert server.ask("POST", "/c", json.dumps(GRANTED)).status == 204
        assert server.ask("POST", "/c", json.dumps(WITHDRAWN)).status == 204
        assert server.ask("POST", "/c", b"{").status == 400
        assert server.ask("POST", "/c", json.dumps(GRANTED | {"k": "nobody"})).status == 404
        for content, headers in (
            (SEEN, {}),
            (SEEN, {}),
            (SEEN, {"Sec-GPC": "1"}),
            (SEEN, {"DNT": "1"}),
            (SEEN, {"User-Agent": "Googlebot/2.1"}),
            (SEEN | {"p": "/admin/users"}, {}),
        ):
            assert server.ask("POST", "/a", json.dumps(content), headers).status == 204
        told = server.ask("GET", "/address")
        deadline = time.monotonic() + 10
        while not stored(server.data, "SELECT 1 FROM counts") and time.monotonic() < deadline:
            time.sleep(0.1)
        totals = stored(server.data, "SELECT name, page, total FROM counts")
        marks = stored(server.data, "SELECT session, done_at IS NULL FROM tombstones")

    assert told.said == {"address": "127.0.0.1"}
    assert totals == [("pageview", "/shop", 2)]
    # Nothing of that session ever came, so there is nothing for the writer to look for.
    assert marks == [(session(1), 0)]


def test_what_waits_to_be_counted_is_counted_at_a_stop(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"before_consent": "count"}) as server:
        server.ask("POST", "/a", json.dumps(SEEN))
        assert server.stop() == 0

        assert stored(server.data, "SELECT total FROM counts") == [(1,)]
