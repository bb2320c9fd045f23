"""How serve comes up, goes down, and what survives that."""

from __future__ import annotations

import errno
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.ingest.bodies import SESSION, body
from tests.ingest.serving import AGENT, served, session, start, stored
from usertrack_cli.errors import StoreError
from usertrack_cli.ingest import server
from usertrack_cli.ingest.enrichment import Agents
from usertrack_cli.settings import resolve
from usertrack_cli.store.home import create_home


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_the_writer_finish_and_takes_less_than_five_seconds(tmp_path: Path, number: int) -> None:
    done = tmp_path / "done"
    writer = f"import sys, time; sys.stdin.read(); time.sleep(0.5); open({str(done)!r}, 'w').close()"
    with (
        served(tmp_path / "data", writer=writer) as running,
        socket.create_connection(("127.0.0.1", running.port)),
    ):
        began = time.monotonic()

        code = running.stop(number)

    assert code == 0
    assert done.exists()
    assert time.monotonic() - began < 5


def test_a_writer_that_does_not_end_is_not_waited_for_longer(tmp_path: Path) -> None:
    with served(tmp_path / "data", writer="import time; time.sleep(60)") as running:
        began = time.monotonic()

        assert running.stop() == 0

    assert time.monotonic() - began < 5


def test_what_is_in_flight_at_a_stop_is_answered(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        content = body(s=session(70))
        head = b"POST /i HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(content)
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
            connection.sendall(head + content[:10])
            time.sleep(0.1)
            running.process.send_signal(signal.SIGTERM)
            time.sleep(0.15)
            connection.sendall(content[10:])

            assert connection.recv(1_000).startswith(b"HTTP/1.1 204 ")
        assert running.stop() == 0


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        kept = [seq for seq in range(50) if running.post(s=SESSION, q=seq).status == 204]
        running.stop(signal.SIGKILL)

    assert [row[1] for row in stored(tmp_path / "data")] == kept == list(range(50))


def test_a_writer_that_dies_is_started_again_and_health_says_so(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    writer = (
        f"import sys; f = open({str(marks)!r}, 'a+'); f.write('x'); f.flush(); f.seek(0);"
        " len(f.read()) > 1 and sys.stdin.read()"
    )
    with served(tmp_path / "data", writer=writer) as running:
        seen = set()
        for _ in range(100):
            answer = running.ask("GET", "/healthz")
            seen.add((answer.status, answer.said["writer"]))
            if {(200, True), (503, False)} <= seen and marks.read_text() == "xx":
                break
            time.sleep(0.05)

    assert {(200, True), (503, False)} <= seen
    assert marks.read_text() == "xx"


def test_a_second_server_on_the_same_data_exits_6(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        second = start(tmp_path / "data", port=running.port)
        _, said = second.communicate(timeout=20)

        assert second.returncode == 6
        assert "serves" in said
        assert running.post().status == 204
    with served(tmp_path / "data") as third:
        assert third.post(q=1).status == 204


def test_a_port_in_use_is_said_with_a_hint(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        second = start(tmp_path / "other", port=running.port)
        _, said = second.communicate(timeout=20)

    assert second.returncode == 2
    assert "--port" in said


def test_the_process_says_nothing_about_visitors(tmp_path: Path) -> None:
    with served(tmp_path / "data", table={"consent": "off"}) as running:
        running.post(s=session(80), headers={"X-Forwarded-For": "198.51.100.77"})
        running.post(b"{", headers={"X-Forwarded-For": "198.51.100.77"})
        running.post(pg=[1, "/secret-page", 1, 1, 1, 1, 0, 0], e=[["Z", 1], ["i", 1, "#q", 6, "typed-words"]])
        running.raw(b"GET /secret-page\x00 HTTP/1.1\r\n\r\n")
        running.stop()
        assert running.process.stdout is not None
        assert running.process.stderr is not None
        said = running.process.stdout.read() + running.process.stderr.read()

    assert "not recorded: " in said
    for canary in ("198.51.100.77", "127.0.0.1", AGENT, "Firefox", "secret-page", "typed-words", session(80)):
        assert canary not in said


def test_nobody_is_let_in_before_everything_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    answers: list[int] = []

    def loading() -> Agents:
        with socket.socket() as client:
            answers.append(client.connect_ex(("127.0.0.1", port)))
        raise StoreError("far enough")

    monkeypatch.setattr(server, "Agents", loading)
    sites = {"default": resolve({}, flags={"port": port}, environ={}).settings}

    with pytest.raises(StoreError, match="far enough"):
        server.serve(sites, create_home(tmp_path / "data"), writer=["true"], on_listening=lambda *_: None)

    assert answers == [errno.ECONNREFUSED]
