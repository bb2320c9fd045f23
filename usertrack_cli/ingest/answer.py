"""What is said to a browser: statuses, bodies and the headers that go with them."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from usertrack_cli.ingest.keeper import Verdict
from usertrack_cli.ingest.origin import Header

RETRY_AFTER_S = {429: 60, 503: 5, 507: 60}
"""A minute refills the rates and lets an operator make room; a store that stumbled is soon back."""
CLOSE: Header = (b"connection", b"close")
JSON: Header = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and the headers that are this answer's own."""

    status: int
    body: bytes = b""
    headers: tuple[Header, ...] = ()


DONE = Answer(204)
NOT_FOUND = Answer(404)
OFF = Answer(200, b'{"off":1}', (JSON,))
"""Tells a tracker to stop and to forget what it keeps."""


def preflight(allowed: str) -> tuple[Header, ...]:
    """Return what a browser asks for before it sends anything unusual."""
    return (
        (b"access-control-allow-methods", allowed.encode("ascii")),
        (b"access-control-allow-headers", b"Content-Type"),
        (b"access-control-max-age", b"86400"),
    )


def told(verdict: Verdict, rejected: int) -> Answer:
    """Return the answer to a batch; it has a body only where there is something to say."""
    if verdict.status >= HTTPStatus.BAD_REQUEST:
        return Answer(verdict.status, headers=retry(verdict.status))
    if verdict.is_off:
        return OFF
    if not (verdict.need or verdict.miss or rejected):
        return DONE
    said = {"ok": 1, "need": verdict.need, "miss": verdict.miss, "rejected": rejected}
    return Answer(200, msgspec.json.encode(said), (JSON,))


def retry(status: int) -> tuple[Header, ...]:
    """Return when to come back, for a status that is worth it."""
    seconds = RETRY_AFTER_S.get(status)
    return () if seconds is None else ((b"retry-after", b"%d" % seconds),)


def header_fields(answer: Answer) -> tuple[Header, ...]:
    """Return all headers of ``answer`` but those of its origin."""
    if answer.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        return answer.headers
    about = (*answer.headers, (b"content-length", b"%d" % len(answer.body)))
    # The rest of a body that was not read must not be taken for the next request.
    return (*about, CLOSE) if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else about
