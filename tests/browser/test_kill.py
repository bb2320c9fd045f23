"""The server is killed while a browser sends: everything arrives, and everything once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from usertrack_cli.commands.snippet import script_tag
from usertrack_cli.demo.shop import shop
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

TICKS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "usertrack_cli", "serve", "--data", str(data), "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(port)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
                connection.request("GET", "/healthz")
                connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("serve did not come up")


def test_after_kill_9_no_event_is_missing_and_none_is_double(first_browser: Browser, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    url = f"http://127.0.0.1:{port}"
    with shop(script_tag(url, "default")) as site:
        with serving(data, port) as process:
            page = first_browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(site + "/shop")
            page.wait_for_function("() => window.usertrack && window.usertrack.status")
            page.evaluate(
                """ticks => {
                    let n = 0;
                    const timer = setInterval(() => {
                        if (n === ticks) return clearInterval(timer);
                        window.usertrack.track('tick', {n: n++});
                        if (n % 3 === 0) window.usertrack.flush();
                    }, 100);
                }""",
                TICKS,
            )
            deadline = time.monotonic() + 60
            while len(ticks(Home(data))) < TICKS // 4 and time.monotonic() < deadline:
                time.sleep(0.1)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
        with serving(data, port):
            page.evaluate("window.dispatchEvent(new Event('online'))")
            deadline = time.monotonic() + 90
            while len(ticks(Home(data))) < TICKS and time.monotonic() < deadline:
                page.evaluate("window.usertrack.flush()")
                time.sleep(0.2)
            page.context.close()

    assert ticks(Home(data)) == list(range(TICKS))


def ticks(home: Home) -> list[int]:
    sql = "SELECT props FROM events WHERE kind = 'custom' AND name = 'tick'"
    found = ask(home, Filter(), lambda con: con.execute(sql).fetchall())
    return sorted(json.loads(row[0])["n"] for row in found)
