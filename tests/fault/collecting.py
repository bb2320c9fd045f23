"""The real ``usertrack serve`` with its real writer, and browsers that send until they are answered."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from usertrack_cli import clock

ROOT = Path(__file__).parents[2]
START_S = 30.0


@dataclass
class Collecting:
    """One running ``serve`` and its writer."""

    data: Path
    process: subprocess.Popen[bytes]
    port: int

    is_traced: bool = False

    @property
    def serve_pid(self) -> int:
        """The serve process itself, also where a tracer runs it."""
        return (_child_of(self.process.pid) or self.process.pid) if self.is_traced else self.process.pid

    def writer_pid(self) -> int | None:
        """The writer's process, found by its parent."""
        return _child_of(self.serve_pid)

    def kill(self, who: str = "both") -> None:
        """``kill -9`` of the parent, the writer or both."""
        writer = self.writer_pid()
        if who in {"writer", "both"} and writer is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(writer, signal.SIGKILL)
        if who in {"parent", "both"}:
            if self.is_traced:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.serve_pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            os.kill(self.serve_pid, signal.SIGTERM)
        return self.process.wait(timeout=20)


def _child_of(pid: int) -> int | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None


def command(data: Path, *flags: str) -> list[str]:
    return [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "usertrack_cli",
        "serve",
        "--port",
        "0",
        "--data",
        str(data),
        *flags,
    ]


def start(
    data: Path, *flags: str, prefix: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
) -> Collecting:
    """Start ``serve`` and wait until it listens."""
    log = data.with_name(f"{data.name}.log")
    with log.open("a") as told:
        said_before = told.tell()
        process = subprocess.Popen(
            [*prefix, *command(data, *flags)], cwd=ROOT, env=dict(os.environ) | dict(environ or {}), stderr=told
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text()[said_before:]
        if "listening on http://" in said:
            port = int(said.split("http://127.0.0.1:")[1].split(",")[0])
            return Collecting(data, process, port, is_traced=bool(prefix))
        time.sleep(0.05)
    raise AssertionError("serve did not start: " + log.read_text()[said_before:])


def unsafely(code: str, folder: Path) -> dict[str, str]:
    """Return the environment in which every process runs ``code`` first, which switches a safeguard off."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": str(folder)}


@contextlib.contextmanager
def collecting(data: Path, *flags: str, **options: Any) -> Iterator[Collecting]:
    running = start(data, *flags, **options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def batch(session: str, seq: int, *, site: str = "default", filler: int = 0) -> bytes:
    """A batch of two events that nobody else has."""
    now_ms = clock.now_ms()
    name = f"{session}-{seq}"
    content = {
        "v": 1,
        "k": site,
        "s": session,
        "q": seq,
        "t": now_ms - 60_000,
        "n": now_ms,
        "c": 0,
        "pg": [1, "/shop", 1280, 800, 1280, 2400, 0, 0],
        "u": [],
        "e": [
            ["c", 900, 36, 41, 0, 0, 0, 85, 86, "#buy", "Buy", 16, 120, 34],
            ["x", 1000, name, {"f": "y" * filler}],
        ],
    }
    return json.dumps(content).encode()


@dataclass
class Browser:
    """Sends numbered batches of one session; a batch without an answer is sent again, unchanged.

    Attributes:
        address: Where it seems to come from, by way of a proxy on this machine.
    """

    session: str
    acked: dict[int, bytes] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    waiting: tuple[int, bytes] | None = None
    filler: int = 0
    address: str = ""
    _connection: http.client.HTTPConnection | None = None

    def send(self, port: int) -> int | None:
        """Send the next batch, or the one before again; return the status, ``None`` where none came."""
        seq, content = self.waiting or (len(self.acked), b"")
        content = content or batch(self.session, seq, filler=self.filler)
        self.waiting = (seq, content)
        status = self.post(port, content)
        if status is not None:
            self.statuses.append(status)
            if status in {200, 204}:
                self.acked[seq], self.waiting = content, None
        return status

    def post(self, port: int, content: bytes) -> int | None:
        """Send these bytes; return the status, ``None`` where none came."""
        try:
            if self._connection is None or self._connection.port != port:
                self.close()
                self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            headers = {"Content-Type": "text/plain", "User-Agent": "Firefox/140"}
            headers |= {"X-Forwarded-For": self.address} if self.address else {}
            self._connection.request("POST", "/i", content, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        return answer.status

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Crowd:
    """Browsers that send as fast as they are answered, in threads, to wherever the server is now."""

    def __init__(self, count: int, *, filler: int = 0, prefix: str = "b") -> None:
        self.browsers = [Browser(f"{prefix}{number:021d}", filler=filler) for number in range(count)]
        self.port = 0
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in self.browsers]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        for browser in self.browsers:
            browser.close()

    def _run(self, browser: Browser) -> None:
        while not self._is_over.is_set():
            if not self.port or browser.send(self.port) not in {200, 204}:
                time.sleep(0.02)

    @property
    def acked(self) -> set[tuple[str, int]]:
        return {(browser.session, seq) for browser in self.browsers for seq in list(browser.acked)}

    @property
    def statuses(self) -> set[int]:
        return {status for browser in self.browsers for status in browser.statuses}


def stored(data: Path) -> list[tuple[str, int, int, str | None]]:
    """``(session, seq, idx, name)`` of every row, as an answer sees them."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.filters import Filter
    from usertrack_cli.store.home import Home

    sql = "SELECT session, seq, idx, name FROM events ORDER BY session, seq, idx"
    found: list[tuple[str, int, int, str | None]] = ask(
        Home(data), Filter(), lambda con: con.execute(sql).fetchall()
    )
    return found


def lost_and_double(data: Path, crowd: Crowd) -> tuple[set[tuple[str, int]], int]:
    """Return acknowledged batches that are not stored whole, and how many rows are there twice."""
    rows = stored(data)
    whole = {(session, seq) for session, seq, idx, name in rows if idx == 1 and name == f"{session}-{seq}"}
    return crowd.acked - whole, len(rows) - len({row[:3] for row in rows})
