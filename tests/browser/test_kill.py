"""The server is killed while a browser sends: everything arrives, and everything once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.scene import flush, until
from tests.ports import free_port
from usertrack_cli.api.snippet import script_tag
from usertrack_cli.demo.shop import shop
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

TICKS = 60
# To end is a matter of a moment, on a busy machine of several.
WAIT_S = 60


@contextmanager
def serving(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    said = data.with_name("serve.log")
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "usertrack_cli", "serve", "--data", str(data), "--port", str(port)],
            stderr=log,
        )
    try:

        def is_up() -> bool:
            assert process.poll() is None, said.read_text()
            return is_healthy(port)

        until(is_up, "a server that answers")
        yield process
    finally:
        process.terminate()
        process.wait(WAIT_S)


def is_healthy(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    except OSError:
        return False


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
            until(lambda: len(ticks(Home(data))) >= TICKS // 4, "a quarter of the events")
            os.kill(process.pid, signal.SIGKILL)
            process.wait(WAIT_S)
        with serving(data, port):
            page.evaluate("window.dispatchEvent(new Event('online'))")

            def is_complete() -> bool:
                flush(page)
                return len(ticks(Home(data))) >= TICKS

            until(is_complete, "every event")
            page.context.close()

    assert ticks(Home(data)) == list(range(TICKS))


def ticks(home: Home) -> list[int]:
    sql = "SELECT props FROM events WHERE kind = 'custom' AND name = 'tick'"
    found = ask(home, Filter(), lambda con: con.execute(sql).fetchall())
    return sorted(json.loads(row[0])["n"] for row in found)
