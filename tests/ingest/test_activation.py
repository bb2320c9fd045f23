"""Restarts behind a socket that somebody else holds: nobody is turned away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.ingest.bodies import body
from tests.ingest.serving import session, stored
from usertrack_cli.errors import UsageError
from usertrack_cli.ingest.activation import inherited_socket

PATIENCE_S = 60.0


def start(data: Path, listener: socket.socket) -> subprocess.Popen[str]:
    """Start serve as systemd does: the socket is file 3, and a variable names the process."""
    script = 'exec 3<&"$0"; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
    fd = listener.fileno()
    return subprocess.Popen(
        ["bash", "-c", script, str(fd), sys.executable, "-m", "usertrack_cli", "serve", "--data", str(data)],
        pass_fds=[fd],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"USERTRACK_PORT": "1"},  # which nobody could listen on twice
    )


def until_listening(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert "listening on" in process.stderr.readline()


def ended_with(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=PATIENCE_S)
    return process.returncode


def test_requests_during_restarts_are_all_answered(tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    statuses: list[int | str] = []
    is_over = threading.Event()

    def send() -> None:
        seq = 0
        while not is_over.is_set():
            connection = HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=PATIENCE_S)
            try:
                connection.request("POST", "/i", body(s=session(1), q=seq))
                statuses.append(connection.getresponse().status)
            except OSError as error:
                statuses.append(type(error).__name__)
            connection.close()
            seq += 1

    first = start(tmp_path / "data", listener)
    until_listening(first)
    sender = threading.Thread(target=send)
    sender.start()
    running = first
    for _ in range(2):
        before, deadline = len(statuses), time.monotonic() + PATIENCE_S
        while len(statuses) < before + 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        following = start(tmp_path / "data", listener)
        until_listening(following)
        assert ended_with(running) == 0
        running = following
    is_over.set()
    sender.join(PATIENCE_S)
    running.send_signal(signal.SIGTERM)
    assert ended_with(running) == 0
    listener.close()

    assert set(statuses) == {204}
    assert len(statuses) > 40
    assert len(stored(tmp_path / "data")) == len(statuses)


def test_variables_for_another_process_are_left_alone_and_not_passed_on() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "PATH": "/bin"}

    assert inherited_socket(environ) is None
    assert environ == {"PATH": "/bin"}


def test_more_than_one_socket_is_refused() -> None:
    with pytest.raises(UsageError, match="2 sockets"):
        inherited_socket({"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())})
