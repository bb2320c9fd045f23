"""What a screenshot's browser can reach, through real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from usertrack_cli.api.gate import _REFUSED, Gate, allowed_url, is_public, opened
from usertrack_cli.errors import UsageError

PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
)


@pytest.fixture
def secret() -> Iterator[int]:
    """A server on this machine that must not be reached; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"inner secret"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the class above
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def ask(proxy: str, request: bytes) -> bytes:
    host, _, port = proxy.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as con:
        con.sendall(request)
        answer = b""
        while step := con.recv(4096):
            answer += step
    return answer


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "//shop.example/",
        "http://",
        "http://user:secret@93.184.215.14/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://93.184.215.14:22/",
        "http://93.184.215.14:99999/",
    ],
)
def test_an_address_that_may_not_be_opened_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        allowed_url(url, allows_loopback=False)


def test_loopback_needs_to_be_allowed_and_nothing_else_private_can_be() -> None:
    assert allowed_url("http://127.0.0.1:8000/shop", allows_loopback=True) == {("127.0.0.1", 8000)}
    with pytest.raises(UsageError):
        allowed_url("http://10.0.0.1/", allows_loopback=True)


def test_the_proxy_refuses_what_is_private(secret: int) -> None:
    gate = Gate()

    with opened(gate) as proxy:
        plain = ask(proxy, f"GET http://127.0.0.1:{secret}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        tunnel = ask(proxy, f"CONNECT localhost:{secret} HTTP/1.1\r\n\r\n".encode())

    assert plain.startswith(b"HTTP/1.1 403")
    assert tunnel.startswith(b"HTTP/1.1 403")
    assert gate.refused == [f"127.0.0.1:{secret}", f"localhost:{secret}"]


def test_the_proxy_passes_on_what_was_allowed_and_no_other_port(secret: int) -> None:
    gate = Gate(loopback=frozenset({("127.0.0.1", secret)}))

    with opened(gate) as proxy:
        plain = ask(proxy, f"GET http://127.0.0.1:{secret}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        other = ask(proxy, f"GET http://127.0.0.1:{secret - 1}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert plain.endswith(b"inner secret")
    assert other.startswith(b"HTTP/1.1 403")


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # One public and one private address: whoever connects to either gets in every other time.
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 80)) for a in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: both)

    with pytest.raises(PermissionError):
        Gate().address_of("rebind.example", 80)


def test_the_connection_goes_to_the_address_that_was_checked(
    secret: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name that is public when it is looked up and private a moment later.
    answers = iter(["93.184.215.14", "127.0.0.1"])
    dialled: list[Any] = []

    def looked_up(*_args: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), secret))]

    def dial(address: Any, **_more: Any) -> socket.socket:
        dialled.append(address)
        raise ConnectionRefusedError

    with opened(Gate()) as proxy:
        host, _, port = proxy.removeprefix("http://").partition(":")
        con = socket.create_connection((host, int(port)), timeout=5)
        monkeypatch.setattr(socket, "getaddrinfo", looked_up)
        monkeypatch.setattr(socket, "create_connection", dial)
        with con:
            con.sendall(f"GET http://rebind.example:{secret}/ HTTP/1.1\r\n\r\n".encode())
            answer = con.recv(4096)

    assert answer.startswith(b"HTTP/1.1 502")
    assert dialled == [("93.184.215.14", secret)]


@pytest.mark.parametrize(
    "request_line",
    ["GET / HTTP/1.1", "GET https://x/ HTTP/1.1", "GET ftp://x/ HTTP/1.1", "nonsense", "CONNECT :1 x"],
)
def test_what_is_no_request_of_a_browser_gets_nowhere(request_line: str) -> None:
    with opened(Gate()) as proxy:
        answer = ask(proxy, f"{request_line}\r\n\r\n".encode())

    assert answer in (b"", _REFUSED)
