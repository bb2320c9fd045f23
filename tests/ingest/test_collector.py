"""What the application answers when the store behind it is not well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.ingest.bodies import body
from usertrack_cli.ingest.collector import OLDEST_WAITING_MS_MAX, Collector
from usertrack_cli.ingest.commit import GroupCommit
from usertrack_cli.ingest.identity import Networks
from usertrack_cli.ingest.keeper import KEPT, Verdict
from usertrack_cli.ingest.origin import Origins
from usertrack_cli.ingest.session import Arrival
from usertrack_cli.settings import resolve

NOW_MS = 1_795_435_200_000
ORIGIN = b"https://shop.example"


class Commits(GroupCommit):
    """A store that answers what it is told to."""

    def __init__(self, verdict: Verdict | Exception, oldest_at: int | None = None) -> None:
        self.verdict = verdict
        self.oldest_at = oldest_at
        self.arrivals: list[Arrival] = []

    def keep(self, arrival: Arrival, kept: Callable[[Verdict], None]) -> None:
        self.arrivals.append(arrival)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        kept(self.verdict)

    async def waiting(self) -> tuple[int, int | None]:
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return 0 if self.oldest_at is None else 1, self.oldest_at


def asked(
    commits: Commits, method: str, path: str, content: bytes = b"", *, is_writing: bool = True
) -> tuple[int, dict[bytes, bytes], bytes]:
    sites = {"default": resolve({}, environ={}).settings}
    collector = Collector(
        sites,
        origins=Origins(sites),
        scripts={},
        trusted=Networks([]),
        commits=commits,
        is_writer_alive=lambda: is_writing,
        now_ms=lambda: NOW_MS,
    )
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "client": ("203.0.113.7", 5),
        "headers": [(b"origin", ORIGIN), (b"user-agent", b"Firefox")],
    }
    asyncio.run(collector(scope, receive, send))
    return said[0]["status"], dict(said[0]["headers"]), said[1]["body"]


@pytest.mark.parametrize(
    ("verdict", "status", "can_wait"),
    [
        (KEPT, 204, False),
        (Verdict(409, "x"), 409, False),
        (Verdict(429, "x"), 429, True),
        (Verdict(503, "x"), 503, True),
        (Verdict(507, "x"), 507, True),
    ],
)
def test_what_the_store_says_is_what_the_browser_hears(verdict: Verdict, status: int, can_wait: bool) -> None:
    found, headers, _ = asked(Commits(verdict), "POST", "/i", body())

    assert found == status
    assert (b"retry-after" in headers) is can_wait
    assert headers[b"access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("oldest_ms", "is_writing", "status"),
    [
        (None, True, 200),
        (OLDEST_WAITING_MS_MAX, True, 200),
        (OLDEST_WAITING_MS_MAX + 1, True, 503),
        (None, False, 503),
        (-5_000, True, 200),
    ],
)
def test_health_is_bad_while_batches_wait_or_nobody_writes(
    oldest_ms: int | None, is_writing: bool, status: int
) -> None:
    oldest_at = None if oldest_ms is None else NOW_MS - oldest_ms

    found, _, said = asked(Commits(KEPT, oldest_at), "GET", "/healthz", is_writing=is_writing)

    assert (found, json.loads(said)["ok"]) == (status, status == 200)


def test_health_is_bad_where_the_store_cannot_be_asked() -> None:
    assert asked(Commits(OSError("gone")), "GET", "/healthz")[0] == 503


def test_a_bug_is_answered_and_tells_where_but_nothing_of_what_was_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, headers, _ = asked(Commits(ValueError("typed-words 203.0.113.7")), "POST", "/i", body())

    said = capsys.readouterr().err
    assert (found, headers[b"access-control-allow-origin"]) == (500, ORIGIN)
    assert "ValueError" in said
    assert "collector.py" in said
    assert "typed-words" not in said
    assert "203.0.113.7" not in said


def test_the_store_is_given_the_address_and_no_events() -> None:
    commits = Commits(KEPT)

    asked(commits, "POST", "/i", body())

    assert commits.arrivals[0].address == "203.0.113.7"
    assert commits.arrivals[0].received_at == NOW_MS
    assert json.loads(commits.arrivals[0].body)["e"] == [["s", 1200, 0, 480]]
