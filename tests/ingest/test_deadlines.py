"""Slow clients are cut on time, and nobody else notices."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ingest.serving import ORIGIN, Served, session


def dripped(port: int, first: bytes, drip: bytes) -> tuple[float, bytes]:
    """Send ``first``, then bytes of ``drip`` for as long as the server listens."""
    began = time.monotonic()
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.05) as connection:
        connection.sendall(first)
        while time.monotonic() - began < 8:
            try:
                if drip:
                    connection.sendall(drip)
                part = connection.recv(65_536)
                said += part
                if not part:
                    break
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
    return time.monotonic() - began, said


@pytest.mark.parametrize(
    ("first", "drip", "answer"),
    [
        (b"", b"", b""),
        (b"POST /i HTTP/1.1\r\nX: ", b"a", b"HTTP/1.1 408 "),
        (b"POST /i HTTP/1.1\r\n", b"X: a\r\n", b"HTTP/1.1 408 "),
        (b"POST /i HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", b" ", b"HTTP/1.1 408 "),
        (b"POST /i HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"HTTP/1.1 408 "),
        (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"", b"HTTP/1.1 404 "),
    ],
    ids=["silence", "one header", "headers", "body", "chunks", "silence after an answer"],
)
def test_a_slow_client_is_cut_on_time_while_others_are_served(
    hasty: Served, first: bytes, drip: bytes, answer: bytes
) -> None:
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(dripped, hasty.port, first, drip)
        statuses = {hasty.post(s=session(50), q=seq).status for seq in range(20)}

        took_s, said = slow.result()

    assert took_s < 4
    assert said.startswith(answer)
    assert statuses == {204}


def test_a_late_body_is_answered_readably(hasty: Served) -> None:
    head = b"POST /i HTTP/1.1\r\nOrigin: " + ORIGIN.encode() + b"\r\nContent-Length: 50\r\n\r\n"

    _, said = dripped(hasty.port, head, b"")

    assert b"access-control-allow-origin: " + ORIGIN.encode() in said
