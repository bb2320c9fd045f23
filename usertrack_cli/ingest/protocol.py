"""Deadlines and limits of a connection, which uvicorn has none of.

Every phase of a connection has a point in time at which it is cut, however busy the client seems:
waiting for the first byte, the headers, the body. One clock looks after all connections.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from usertrack_cli.ingest.answer import CLOSE, Answer, header_fields
from usertrack_cli.ingest.identity import Networks, limited_address
from usertrack_cli.ingest.intake import Intake
from usertrack_cli.ingest.origin import ALWAYS, Header
from usertrack_cli.ingest.wire import BODY_BYTES_MAX

HEADER_BYTES_MAX = 16 * 1024
"""Browsers send some 700 bytes; proxies add a few hundred."""
CONNECTIONS_PER_ADDRESS_MAX = 128
"""A browser opens six; this leaves room for an office behind one address."""
CONNECTIONS_MAX = 8_192
"""Some 12 KiB each; serve asks the system for as many open files."""
RETRY_AFTER_S = 5
HEADS_REMEMBERED = 64
"""Most answers of one second begin alike; with the date in them, they change every second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that a client may take.

    Attributes:
        idle: Before the first byte, and between requests.
        proxy_idle: The same for trusted proxies, which keep connections for their next client.
        headers: From the first byte of a request to the end of its headers.
        body: From there to the end of its body.
        close: For the other end to take what was still to be said.
    """

    idle: float = 5
    proxy_idle: float = 75
    headers: float = 10
    body: float = 20
    close: float = 5

    @property
    def tick(self) -> float:
        """How often the clock looks: late by a tenth of the shortest deadline at most."""
        return min(0.5, min(self.idle, self.headers, self.body) / 10)


@dataclass(slots=True)
class Watch:
    """Knows all open connections and cuts those that are late.

    Args:
        cors: Returns what lets a browser of this origin read an answer.
        intake: Takes batches in.
        batch_paths: Where batches are sent to.
    """

    deadlines: Deadlines
    trusted: Networks
    cors: Callable[[bytes], list[Header]]
    intake: Intake
    batch_paths: Collection[bytes] = (b"/i",)
    connections: set[TimedProtocol] = field(default_factory=set)
    _per_address: Counter[str] = field(default_factory=Counter)
    _is_ticking: bool = False

    def admits(self, connection: TimedProtocol) -> bool:
        """Note a new connection; return False where its address has too many."""
        self.connections.add(connection)
        address = connection.counted_as
        self._per_address[address] += 1
        if not self._is_ticking:
            self._is_ticking = True
            self._plan()
        is_one_too_many = bool(address) and self._per_address[address] > CONNECTIONS_PER_ADDRESS_MAX
        return not is_one_too_many and len(self.connections) <= CONNECTIONS_MAX

    def forget(self, connection: TimedProtocol) -> None:
        """Note that a connection is gone."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._per_address[connection.counted_as] -= 1
            if not self._per_address[connection.counted_as]:
                del self._per_address[connection.counted_as]

    def _plan(self) -> None:
        asyncio.get_running_loop().call_later(self.deadlines.tick, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in [each for each in self.connections if each.due_at < now]:
            connection.cut()
        self._is_ticking = bool(self.connections)
        if self._is_ticking:
            self._plan()


class _Batch:
    """A batch in transit: what uvicorn asks of any request, without the machinery of an application.

    A browser sends little else, and a task, an event and two messages for each would cost as much
    as to decode it.
    """

    __slots__ = ("body", "disconnected", "keep_alive", "more_body", "response_complete", "response_started")

    message_event = asyncio.Event()
    """Set when the client goes away; nobody waits for it."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.more_body = True
        self.keep_alive = True
        self.disconnected = False
        self.response_started = False
        self.response_complete = False


class TimedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines; :func:`timed_protocol` binds it to a watch."""

    watch: Watch
    due_at = math.inf
    counted_as = ""
    _phase = "idle"
    _header_bytes = 0
    _chunk_bytes = 0
    _status = HTTPStatus.BAD_REQUEST

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        """Begin to wait for the first byte."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        is_proxy = self.watch.trusted.holds(address)
        # Limits count the client and never the proxy before it.
        self.counted_as = "" if is_proxy else limited_address(address)
        deadlines = self.watch.deadlines
        self._idle_s = deadlines.proxy_idle if is_proxy else deadlines.idle
        self.due_at = self.loop.time() + self._idle_s
        if not self.watch.admits(self):
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting this connection."""
        self.watch.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and refuse headers that do not end."""
        if self.transport.is_closing():
            return
        self._chunk_bytes = len(data)
        super().data_received(data)
        if self._phase == "headers":
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES_MAX:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin to wait for the end of the headers."""
        super().on_message_begin()
        self._phase = "headers"
        self._header_bytes = 0
        self.due_at = self.loop.time() + self.watch.deadlines.headers

    def on_headers_complete(self) -> None:
        """Begin to wait for the end of the body, unless the headers alone are too much."""
        if self._header_bytes + self._chunk_bytes > HEADER_BYTES_MAX and self._are_headers_too_large():
            self._status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise ValueError("headers too large")
        self._phase = "body"
        self.due_at = self.loop.time() + self.watch.deadlines.body
        if self._is_batch():
            self.cycle = cast(RequestResponseCycle, _Batch())
        else:
            super().on_headers_complete()

    def _is_batch(self) -> bool:
        """Return True for what a tracker sends; whatever is unusual about a request goes to the application."""
        if self.url not in self.watch.batch_paths or self.parser.get_method() != b"POST":
            return False
        is_waited_for = self.cycle is not None and not self.cycle.response_complete
        if is_waited_for or self.expect_100_continue or not self.parser.should_keep_alive():
            return False
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return len(lengths) == 1 and int(lengths[0]) <= BODY_BYTES_MAX

    def on_body(self, body: bytes) -> None:
        """Collect what belongs to a batch."""
        if isinstance(self.cycle, _Batch):
            self.cycle.body += body
        else:
            super().on_body(body)

    def _are_headers_too_large(self) -> bool:
        """Count exactly, now that what came in one piece may be mostly body."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEADER_BYTES_MAX

    def on_message_complete(self) -> None:
        """Stop the clock: what takes time now is ours."""
        self._phase = "answer"
        self.due_at = math.inf
        super().on_message_complete()
        cycle: object = self.cycle
        if isinstance(cycle, _Batch) and not cycle.response_complete:
            peer = self.client[0] if self.client else ""
            self.watch.intake.take(
                bytes(cycle.body), self.headers, peer=peer, answered=partial(self._answer, cycle, self.headers)
            )

    def _answer(self, batch: _Batch, headers: Sequence[Header], answer: Answer) -> None:
        """Say what became of a batch."""
        if batch.disconnected or self.transport.is_closing():
            return
        batch.response_started = batch.response_complete = True
        about = (
            *self.server_state.default_headers,
            *self.watch.cors(_origin(headers)),
            *header_fields(answer),
            *(() if batch.keep_alive else (CLOSE,)),
        )
        self.transport.write(_head(answer.status, about) + answer.body)
        if not batch.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        if self.pipeline:
            super().on_response_complete()
        elif not self.transport.is_closing():
            # What uvicorn does, but for its timer: the clock that looks after all connections costs less.
            self.flow.resume_reading()
        if self._phase == "answer":
            self._phase = "idle"
            self.due_at = self.loop.time() + self._idle_s

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed, readable for the browser that sent it."""
        del msg
        self.refuse(self._status)

    def cut(self) -> None:
        """End a connection that is late."""
        if self.transport.is_closing():
            self.transport.abort()
        elif self._phase == "idle":
            self._close()
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer with ``status`` and close, whatever was going on."""
        cycle = self.cycle
        is_answering = cycle is not None and cycle.response_started and not cycle.response_complete
        if not is_answering:
            self.transport.write(_refusal(status, self.watch.cors(_origin(self.headers or ()))))
        if cycle is not None and not cycle.response_complete:
            # What the application still says about this request goes nowhere.
            cycle.disconnected = True
            cycle.message_event.set()
        self._close()

    def _close(self) -> None:
        self.due_at = self.loop.time() + self.watch.deadlines.close
        self.transport.close()


def timed_protocol(watch: Watch) -> type[TimedProtocol]:
    """Return the protocol class whose connections ``watch`` looks after."""

    class Watched(TimedProtocol):
        pass

    Watched.watch = watch
    return Watched


def _origin(headers: Any) -> bytes:
    return next((bytes(value) for name, value in headers if name == b"origin"), b"")


def _refusal(status: HTTPStatus, cors: list[Header]) -> bytes:
    retry = ((b"retry-after", b"%d" % RETRY_AFTER_S),) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    return _head(status, (*ALWAYS, *cors, (b"content-length", b"0"), CLOSE, *retry))


@lru_cache(maxsize=HEADS_REMEMBERED)
def _head(status: int, headers: tuple[Header, ...]) -> bytes:
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    return b"%b%b\r\n" % (STATUS_LINE[status], lines)
