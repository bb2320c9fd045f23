"""Processes that a benchmark starts and watches, and the ports that they listen on."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, seconds: float = 30) -> None:
    """Return when somebody listens, or give up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit(f"nobody listens on port {port}")


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found, rest = [], [pid]
    while rest:
        each = rest.pop()
        found.append(each)
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                rest += [int(child) for child in children.read_text().split()]
    return found


def cpu_s(pids: list[int]) -> float:
    """Return the seconds of CPU that these processes have used."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def rss_mib(pid: int) -> float:
    """Return the memory of a process."""
    with contextlib.suppress(OSError):
        said = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(said[1]) / 1024 if said else 0.0
    return 0.0


@contextlib.contextmanager
def running(command: list[str], *, environ: dict[str, str] | None = None, log: Path) -> Iterator[int]:
    """Run a process for a while, its output in a file."""
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, env=dict(os.environ) | (environ or {}), stdout=told, stderr=told, cwd=ROOT
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
