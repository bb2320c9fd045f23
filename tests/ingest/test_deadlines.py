"""Slow clients are cut on time, and nobody else notices."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from tests.ingest.serving import ORIGIN, Served, served, session
from usertrack_cli.ingest.protocol import CONNECTIONS_PER_ADDRESS_MAX, Deadlines

GIVE_UP_S = 8.0


def dripped(port: int, first: bytes, drip: bytes) -> tuple[float, bytes]:
    """Send ``first``, then bytes of ``drip`` for as long as the server listens."""
    began = time.monotonic()
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=0.05) as connection:
        connection.sendall(first)
        while time.monotonic() - began < GIVE_UP_S:
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


SLOW = [
    pytest.param(b"", b"", b"", id="silence"),
    pytest.param(b"POST /i HTTP/1.1\r\nX: ", b"a", b"HTTP/1.1 408 ", id="one header"),
    pytest.param(b"POST /i HTTP/1.1\r\n", b"X: a\r\n", b"HTTP/1.1 408 ", id="headers"),
    pytest.param(b"POST /i HTTP/1.1\r\nContent-Length: 5000\r\n\r\n", b" ", b"HTTP/1.1 408 ", id="body"),
    pytest.param(
        b"POST /i HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n \r\n",
        b"HTTP/1.1 408 ",
        id="chunks",
    ),
    pytest.param(
        b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"", b"HTTP/1.1 404 ", id="silence after an answer"
    ),
]


def answered_meanwhile(served: Served, slow: Future[tuple[float, bytes]]) -> list[float]:
    """Send batches until the slow client is cut off; return how long each took, in seconds."""
    seqs = count()
    took_s: list[float] = []
    while not slow.done() or len(took_s) < 20:
        began = time.monotonic()
        assert served.post(s=session(50), q=next(seqs)).status in {200, 204}
        took_s.append(time.monotonic() - began)
    return took_s


@pytest.mark.parametrize(("first", "drip", "answer"), SLOW)
def test_a_slow_client_is_cut_on_time_while_others_are_served(
    hasty: Served, first: bytes, drip: bytes, answer: bytes
) -> None:
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(dripped, hasty.port, first, drip)

        others_s = answered_meanwhile(hasty, slow)

        took_s, said = slow.result()
    assert took_s < GIVE_UP_S / 2
    assert said.startswith(answer)
    assert median(others_s) < 0.2


@pytest.mark.parametrize(("first", "drip", "answer"), SLOW)
def test_without_deadlines_a_slow_client_would_stay(
    server: Served, first: bytes, drip: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: that server's deadlines are those of every day."""
    del answer
    monkeypatch.setattr(f"{__name__}.GIVE_UP_S", 2.0)

    took_s, said = dripped(server.port, first, drip)

    assert took_s >= 2
    assert b"408" not in said


SHORT_FOR_ALL_BUT_PROXIES = {"idle": 0.4, "proxy_idle": 60.0}


def test_silence_of_anybody_but_a_proxy_is_cut_off(tmp_path: Path) -> None:
    nobody: list[str] = []
    table = {"trusted_proxies": nobody}
    with served(tmp_path / "data", table=table, deadlines=SHORT_FOR_ALL_BUT_PROXIES) as running:
        took_s, said = dripped(running.port, b"", b"")

    assert took_s < GIVE_UP_S / 2
    assert said == b""


def test_silence_of_a_proxy_is_borne(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(f"{__name__}.GIVE_UP_S", 2.0)
    with served(tmp_path / "data", deadlines=SHORT_FOR_ALL_BUT_PROXIES) as running:
        assert dripped(running.port, b"", b"")[0] >= 2


def test_the_deadlines_of_every_day() -> None:
    every_day = Deadlines()

    assert (every_day.headers, every_day.body, every_day.idle) == (10, 20, 5)


def idle_connections(served: Served, number: int, pool: ExitStack) -> list[socket.socket]:
    address = ("127.0.0.1", served.port)
    return [pool.enter_context(socket.create_connection(address, timeout=10)) for _ in range(number)]


def test_an_address_may_have_so_many_connections_and_no_more(tmp_path: Path) -> None:
    patient = {"idle": 120.0}
    with (
        served(tmp_path / "data", table={"trusted_proxies": []}, deadlines=patient) as running,
        ExitStack() as pool,
    ):
        held = idle_connections(running, CONNECTIONS_PER_ADDRESS_MAX, pool)

        said = running.raw(b"")

        held[0].close()
        give_up_at = time.monotonic() + 20
        while running.ask("GET", "/nothing").status != 404:
            assert time.monotonic() < give_up_at

    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: " in said


def test_a_proxy_may_have_more_connections_than_one_address(tmp_path: Path) -> None:
    """The control of the test above: who is not counted is not refused."""
    with served(tmp_path / "data", deadlines={"proxy_idle": 120.0}) as running, ExitStack() as pool:
        idle_connections(running, CONNECTIONS_PER_ADDRESS_MAX, pool)

        assert running.ask("GET", "/nothing").status == 404


def test_a_late_body_is_answered_readably(hasty: Served) -> None:
    head = b"POST /i HTTP/1.1\r\nOrigin: " + ORIGIN.encode() + b"\r\nContent-Length: 50\r\n\r\n"

    _, said = dripped(hasty.port, head, b"")

    assert b"access-control-allow-origin: " + ORIGIN.encode() in said
