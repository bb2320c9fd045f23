"""Small pages of our own, a real serve process, and a switchboard between the two.

The switchboard passes every request on, takes down what a browser's driver does not see (requests made
while a page closes), and can be told to answer something else.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from usertrack_cli.api.snippet import script_tag
from usertrack_cli.demo.collector import collector
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

# Half a minute is no patience on a machine that does other things besides.
PATIENCE_S = 60.0
_PASSED_ON = (
    "Content-Type",
    "User-Agent",
    "Origin",
    "Accept-Encoding",
    "If-None-Match",
    "Access-Control-Request-Method",
)
_NOT_PASSED_BACK = {"content-length", "transfer-encoding", "connection", "date", "server"}


@dataclass(frozen=True)
class Sent:
    """One request of the tracker and what it was answered."""

    path: str
    body: dict[str, Any]
    status: int


@dataclass
class Switchboard:
    """What is between the browser and the server.

    Attributes:
        says: Status, headers and body to answer instead of passing on; 0 closes the connection.
        only: Paths that this holds for.
    """

    target: str
    sent: list[Sent] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    says: tuple[int, dict[str, str], bytes] | None = None
    only: tuple[str, ...] = ("/i",)

    def batches(self, *, kept: bool = False) -> list[dict[str, Any]]:
        return [each.body for each in self.sent if each.path == "/i" and (not kept or each.status < 300)]

    def to(self, path: str) -> list[Sent]:
        return [each for each in self.sent if each.path == path]

    def of_page(self, page: str) -> list[Sent]:
        """What was said of one page; another test's tab may still send its last batch."""
        return [each for each in self.sent if page in (each.body.get("pg", [0, ""])[1], each.body.get("p"))]

    def of_site(self, site: str) -> list[Sent]:
        """What was said of one site."""
        return [each for each in self.sent if each.body.get("k") == site]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, board: Switchboard, *rest: Any) -> None:
        self._board = board
        super().__init__(*rest)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a page that goes away resets what it had open
            super().handle()

    def _serve(self) -> None:
        board = self._board
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        board.asked.append(f"{self.command} {path}")
        if board.says is not None and self.command == "POST" and path in board.only:
            status, headers, content = board.says
            headers = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Retry-After",
            } | headers
        else:
            status, headers, content = self._passed_on(body)
        if self.command == "POST":
            board.sent.append(Sent(path, json.loads(body), status))
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        with contextlib.suppress(ConnectionError):  # the page may be gone
            self.end_headers()
            self.wfile.write(content)

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(self._board.target)
        connection = HTTPConnection(url.hostname or "", url.port, timeout=PATIENCE_S)
        try:
            headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
            connection.request(self.command, self.path, body=body, headers=headers)
            answer = connection.getresponse()
            back = {name: value for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED_BACK}
            return answer.status, back, answer.read()
        finally:
            connection.close()

    do_GET = do_POST = do_OPTIONS = _serve  # noqa: N815 the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 as in the class above
        pass


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(
        self, pages: Mapping[str, str], tags: Callable[[str], str], policy: Callable[[], str], *rest: Any
    ) -> None:
        self._pages, self._tags, self._policy = pages, tags, policy
        super().__init__(*rest)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        html = self._pages.get(path)
        body = (html or "").replace("<!--tag-->", self._tags(path)).encode()
        self.send_response(200 if html is not None else 404)
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if "strict" in path:
            self.send_header("Content-Security-Policy", self._policy())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 as in the class above
        pass


@dataclass(frozen=True)
class Scene:
    """Where a test plays."""

    home: Home
    board: Switchboard
    origin: str

    def rows(self, where: str, *, site: str | None = None, select: str = "kind") -> list[tuple[Any, ...]]:
        """Rows of the store in their order."""
        sql = f"SELECT {select} FROM events WHERE {where} ORDER BY session, seq, idx"  # noqa: S608
        return ask(self.home, Filter(site=site), lambda con: con.execute(sql).fetchall())

    def wait_for(
        self, where: str, *, select: str = "kind", count: int = 1, page: Page | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows, once there are as many; ``page`` is made to send what it has."""
        found: list[tuple[Any, ...]] = []

        def are_there() -> bool:
            nonlocal found
            if page is not None:
                flush(page)
            found = self.rows(where, select=select)
            return len(found) >= count

        until(are_there, f"{count} rows where {where}")
        return found


def until(is_so: Callable[[], Any], what: str, *, timeout_s: float = PATIENCE_S) -> Any:
    """Ask until it is so; returns the answer."""
    deadline = time.monotonic() + timeout_s
    while not (answer := is_so()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.05)
    return answer


@contextmanager
def _served(handler: Any, port: int = 0) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def scene(
    data: Path, pages: Mapping[str, str], *, settings: str = "", site_of: str = "default"
) -> Iterator[Scene]:
    """Serve pages whose tracker sends through a switchboard to a real server.

    Args:
        settings: Text of ``usertrack.toml``.
        site_of: Site of every page, or ``path`` where the page's first folder names it.
    """
    data.mkdir(mode=0o700)
    public = ""

    def tag(path: str) -> str:
        return script_tag(public, path.split("/")[1] if site_of == "path" else site_of)

    def policy() -> str:
        return f"default-src 'self'; script-src 'self' {public}; connect-src {public}; style-src 'self'"

    with _served(partial(_Pages, pages, tag, policy)) as pages_port:
        origin = f"http://localhost:{pages_port}"
        # A site of its own takes pages of named origins only.
        table = f'flush_interval = "1s"\norigins = ["{origin}"]\n{settings}'
        (data / "usertrack.toml").write_text(table)
        (data / "usertrack.toml").chmod(0o600)
        with collector(data) as url, _served(partial(_Handler, board := Switchboard(url))) as port:
            public = f"http://127.0.0.1:{port}"
            yield Scene(Home(data), board, origin)


_left: list[BrowserContext] = []
"""Of pages that were left: what they said last may still be on its way, and closing would call it back."""


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Page]:
    """A tab with a storage of its own; whatever the page throws fails the test.

    One that was sent to ``about:blank`` is closed when the next tab opens.
    """
    while _left:
        old = _left.pop()
        if old.browser is not None and old.browser.is_connected():
            old.close()
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    if not page.is_closed() and page.url == "about:blank":
        _left.append(context)
    else:
        context.close()
    assert not [each for each in errors if "on purpose" not in each]


def storage(page: Page) -> tuple[list[str], list[str]]:
    """Keys in localStorage and sessionStorage."""
    local, session = page.evaluate("[Object.keys(localStorage).sort(), Object.keys(sessionStorage).sort()]")
    return local, session


def status(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = page.evaluate(
        "(({recording, reason, session}) => ({recording, reason, session}))(usertrack.status())"
    )
    return told


def flush(page: Page) -> None:
    page.evaluate("usertrack.flush()")


def moment(page: Page, ms: float = 20) -> None:
    """Let at least this long pass on the page's own clock, by which it tells two acts apart."""
    page.wait_for_function("([since, ms]) => performance.now() - since > ms", arg=[now(page), ms])


def now(page: Page) -> float:
    return float(page.evaluate("performance.now()"))


def stand_still(page: Page) -> None:
    """Wait until a scroll that was begun is over and the tracker has recorded it.

    It waits for 0.1 s after the event. A timer that the page sets later for longer is due later, however busy
    the machine is.
    """
    page.evaluate(
        """async () => {
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          for (let at = NaN; at !== scrollY; await frame()) { at = scrollY; await frame(); }
          await new Promise((done) => setTimeout(done, 150));
        }"""
    )


class Requests:
    """What a page has asked the collector for and not been answered."""

    def __init__(self, page: Page) -> None:
        self._open: set[Request] = set()
        page.on("request", lambda request: self._open.add(request))
        page.on("requestfinished", lambda request: self._open.discard(request))
        page.on("requestfailed", lambda request: self._open.discard(request))
        self._page = page

    def settle(self) -> None:
        """Wait until the page has heard of every answer and asks for nothing more."""
        quiet = 0

        def is_quiet() -> bool:
            nonlocal quiet
            self._page.evaluate("new Promise((done) => queueMicrotask(done))")
            quiet = 0 if self._open else quiet + 1
            return quiet > 2

        until(is_quiet, "an answer to every request")
