"""The demo shop, served on an origin of its own with the tracker's tag in its pages."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from usertrack_cli.assets import asset

_PLACE = b"<!-- usertrack:snippet -->"
_PAGES = {"/": "index.html", "/shop": "shop.html", "/cart": "cart.html", "/thanks": "checkout.html"}
_FILES = {
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/shop.js": ("shop.js", "text/javascript; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}


@contextmanager
def shop(tag: str, *, port: int = 0, policy: str | None = None) -> Iterator[str]:
    """Serve the shop on a free port of the loopback interface while the body runs.

    Args:
        tag: The script tag that ``usertrack snippet`` prints.
        policy: Content-Security-Policy to send with each page.

    Yields:
        The shop's origin, for example ``http://localhost:40123``.
    """
    server = _Server(("127.0.0.1", port), partial(_Handler, tag.encode(), policy))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """A server that visitors may leave in the middle of an answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that the other side closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET with the shop's files."""

    protocol_version = "HTTP/1.1"

    def __init__(self, tag: bytes, policy: str | None, *rest: Any) -> None:
        self._tag = tag
        self._policy = policy
        super().__init__(*rest)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in _FILES:
            name, content_type = _FILES[path]
            self._answer(HTTPStatus.OK, (asset("site") / name).read_bytes(), content_type)
        elif page := _page(path):
            body = (asset("site") / page).read_bytes().replace(_PLACE, self._tag)
            self._answer(HTTPStatus.OK, body, "text/html; charset=utf-8")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"not found\n", "text/plain; charset=utf-8")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the class above
        """Say nothing: requests of a demo are nobody's log."""

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self._policy:
            self.send_header("Content-Security-Policy", self._policy)
        self.end_headers()
        self.wfile.write(body)


def _page(path: str) -> str | None:
    if path == "/product" or path.startswith("/product/"):
        return "product.html"
    return "checkout.html" if path == "/checkout" else _PAGES.get(path)
