"""The tracker in a real Chromium, through the printed proxy, on a page with the printed policy."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.scene import flush, until
from tests.proxy.standing import PROXIES, proxied, usertrack
from usertrack_cli.store import catalog

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


class _Page(BaseHTTPRequestHandler):
    def __init__(self, *arguments: object, html: str, policy: str) -> None:
        self._html, self._policy = html, policy
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        content = self._html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self._policy)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page_with(html: str, policy: str) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Page, html=html, policy=policy))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", PROXIES)
def test_the_tracker_records_through_the_proxy_under_the_printed_policy(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    with proxied(name, tmp_path / name) as standing:
        printed = usertrack(standing.home, "snippet", "--csp")
        assert printed.returncode == 0, printed.stderr
        tag, policy = printed.stdout.splitlines()
        html = (
            f"<!doctype html><html><head><title>Behind</title>{tag}</head><body><h1>Behind</h1></body></html>"
        )
        said: list[str] = []
        with page_with(html, f"default-src 'none'; {policy.partition(': ')[2]}") as url:
            context = browser.new_context(ignore_https_errors=True)
            page = context.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.goto(url)
            page.wait_for_function("window.usertrack && window.usertrack.status")
            status = page.evaluate("window.usertrack.status()")
            page.get_by_role("heading").click()
            with closing(catalog.connect(standing.home)) as con:

                def received() -> list[tuple[str]]:
                    flush(page)  # what follows a click stays open until the page has reacted
                    return con.execute("SELECT session FROM batches ORDER BY id").fetchall()

                found = until(received, "a batch in the catalog")
            context.close()

    assert status["recording"] is True
    assert {row[0] for row in found} == {status["session"]}
    assert [each for each in said if "Security" in each] == []
