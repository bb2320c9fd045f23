"""Recorded visitors: wire batches that our tracker sent from Chromium, sent again over HTTP."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from usertrack_cli.assets import asset
from usertrack_cli.errors import UsertrackError

FILE = "batches.jsonl.gz"
ADDRESS = "203.0.113.1"
"""Of the first recorded visitor; all are from a documentation range (RFC 5737)."""
ORIGIN = "http://localhost:35903"
"""Of the shop when its visitors were recorded: a browser says it, and by it own pages are told from others."""
_ACCEPTED = {200, 204}


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """One batch as it went over the wire.

    Attributes:
        ago_ms: How long before the end of the recording it was sent.
        address: Made-up address (RFC 5737) that stands for the visitor.
        body: The wire format; times in it are moved to now when it is sent.
    """

    ago_ms: int
    address: str
    user_agent: str
    body: dict[str, object]


def recorded() -> list[RecordedBatch]:
    """Return the batches that travel with the package, in the order they were sent."""
    lines = gzip.decompress((asset("demo") / FILE).read_bytes()).decode().splitlines()
    return [RecordedBatch(**json.loads(line)) for line in lines]


def visit(collector_url: str, *, now_ms: int) -> int:
    """Send every recorded batch to the collector as if it had just happened; return how many.

    Raises:
        UsertrackError: The collector refused one.
    """
    batches = recorded()
    parts = urlsplit(collector_url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port)
    try:
        for batch in batches:
            _send(connection, batch, now_ms=now_ms)
    finally:
        connection.close()
    return len(batches)


def _send(connection: HTTPConnection, batch: RecordedBatch, *, now_ms: int) -> None:
    # A session that was sent `ago_ms` before the end of the recording started that much earlier; the
    # clock at sending is now, so the server finds no skew and puts it where it belongs.
    started_before_sending = int(str(batch.body["n"])) - int(str(batch.body["t"]))
    body = batch.body | {"t": now_ms - batch.ago_ms - started_before_sending, "n": now_ms}
    headers = {
        "Content-Type": "text/plain;charset=UTF-8",
        "Origin": ORIGIN,
        "User-Agent": batch.user_agent,
        "X-Forwarded-For": batch.address,
    }
    connection.request("POST", "/i", body=json.dumps(body).encode(), headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in _ACCEPTED:
        raise UsertrackError(f"the collector answered {answer.status}: {text[:200].decode('utf-8', 'replace')}")
