"""A visitor who never ends a body is cut off, and nobody waits for that."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.ingest.bodies import body
from tests.ingest.serving import session
from tests.proxy.standing import PREFIX, PROXIES, Standing, proxied


def stall(running: Standing) -> tuple[int, bytes]:
    """Begin a body and never end it; return what another visitor gets meanwhile, and what ends the wait."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection(("127.0.0.1", running.port), timeout=60)
    with context.wrap_socket(raw, server_hostname="localhost") as slow:
        head = f"POST {PREFIX}/i HTTP/1.1\r\nHost: localhost:{running.port}\r\nContent-Length: 5000\r\n\r\n"
        slow.sendall(head.encode() + b"{")
        other = running.ask("POST", f"{PREFIX}/i", body(s=session(1)))
        return other.status, b"".join(iter(lambda: slow.recv(4096), b""))


@pytest.mark.parametrize(
    ("name", "sooner"),
    [
        ("nginx", {"client_body_timeout 10s;": "client_body_timeout 1s;"}),
        # Serve is the sooner of the two, and its refusal has to arrive: Caddy's own would be a 200.
        ("caddy", {}),
    ],
)
def test_a_body_that_stalls_is_cut_off_by_the_proxy_while_others_are_served(
    name: str, sooner: dict[str, str], tmp_path: Path
) -> None:
    with proxied(name, tmp_path / name, spoil=sooner) as running:
        other, said = stall(running)

    assert other == 204
    assert said.split(b" ")[1:2] in ([b"408"], [])


@pytest.mark.soak
@pytest.mark.parametrize("name", PROXIES)
def test_a_body_that_stalls_is_cut_off_as_soon_as_it_is_printed(name: str, tmp_path: Path) -> None:
    with proxied(name, tmp_path / name) as running:
        began = time.monotonic()
        other, said = stall(running)

    assert other == 204
    assert time.monotonic() - began < 60
    assert said.split(b" ")[1:2] in ([b"408"], [])
