"""The body of a request: read to its end, or to where it is too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from usertrack_cli.ingest.envelope import WireError
from usertrack_cli.ingest.wire import BODY_BYTES_MAX

DISCARD_BYTES_MAX = 4 * 1024 * 1024
"""Read past the limit before answering: a browser that is still sending would not hear the answer."""

Receive = Callable[[], Awaitable[dict[str, Any]]]


class GoneError(Exception):
    """The client went away; there is nobody to answer."""


async def read_body(receive: Receive, length: int) -> bytes:
    """Return the whole body.

    Raises:
        WireError: 413 where it is over the limit.
        GoneError: The client closed the connection, or was cut off because it was late.
    """
    message = await receive()
    body = bytes(message.get("body", b""))
    read = len(body)
    while message.get("more_body") and read <= DISCARD_BYTES_MAX and length <= DISCARD_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        part = message.get("body", b"")
        read += len(part)
        if read <= BODY_BYTES_MAX:
            body += part
    if message["type"] == "http.disconnect":
        raise GoneError
    if read > BODY_BYTES_MAX or length > BODY_BYTES_MAX:
        raise WireError(413, "body too large")
    return body
