"""The demo shop keeps quiet about visitors who leave in the middle of a page."""

from __future__ import annotations

import socket
import struct
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from usertrack_cli.demo.shop import shop


def test_a_visitor_who_leaves_early_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    with shop("<script></script>") as url:
        port = urlsplit(url).port
        assert port is not None
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as visitor:
                # Closing with a reset makes the server's next write or read fail.
                visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                visitor.sendall(b"GET /shop HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        time.sleep(0.3)
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/product/reviews")
        assert connection.getresponse().status == 200
        connection.close()

    assert capfd.readouterr().err == ""
