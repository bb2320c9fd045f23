"""The gate between a browser and the network: a proxy that lets through only what the operator meant.

The name of every host, of redirects and of everything inside a page too, is resolved here and the
connection made to that very address. A browser that resolved for itself could be sent elsewhere between
the check and the connection (DNS rebinding).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from usertrack_cli.errors import UsageError

HEAD_BYTES_MAX = 65_536
CONNECT_S = 10.0
IDLE_S = 30.0
STEP_BYTES = 65_536
PORTS = frozenset({80, 443, *range(1024, 65_536)})
"""Below 1024 only those of the web: a page has no business with a mail server."""

_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_UNREACHABLE = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CONNECTED = b"HTTP/1.1 200 Connection Established\r\n\r\n"


@dataclass(slots=True)
class Gate:
    """What may be reached.

    Attributes:
        loopback: ``host, port`` on this machine that the operator typed and allowed; nothing else there.
        refused: What was asked for and not let through, as ``host:port``.
    """

    loopback: frozenset[tuple[str, int]] = frozenset()
    refused: list[str] = field(default_factory=list)

    def address_of(self, host: str, port: int) -> str:
        """Return the address to connect to.

        Every address that the name has must be public: one among several would be enough to get in.

        Raises:
            PermissionError: It is private, on this machine, or not an address of the Internet at all.
            OSError: The name cannot be resolved.
        """
        found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        addresses = [ip_address(str(address).partition("%")[0]) for address in found]
        is_own = (host.lower(), port) in self.loopback and all(each.is_loopback for each in addresses)
        if not addresses or not (is_own or (port in PORTS and all(map(is_public, addresses)))):
            self.refused.append(f"{host}:{port}")
            raise PermissionError(f"{host}:{port} is not a public address")
        return str(addresses[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the Internet, that hidden in an IPv6 one included."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
        # 64:ff9b::/96 reaches any IPv4 address through a translator (RFC 6052).
        if int(address) >> 32 == 0x64FF9B << 64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def allowed_url(url: str, *, allows_loopback: bool) -> frozenset[tuple[str, int]]:
    """Check the address that a screenshot is taken of; return the door on this machine that it opens.

    Raises:
        UsageError: It is not http or https, carries a password, or points into a private network.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UsageError(f"{url!r} has no valid port") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is not an http or https address")
    if parts.username or parts.password:
        raise UsageError("an address with a password in it is not opened", hint="leave user and password out")
    door = frozenset({(parts.hostname.lower(), port)}) if allows_loopback else frozenset()
    try:
        Gate(loopback=door).address_of(parts.hostname, port)
    except PermissionError as error:
        raise UsageError(
            f"{parts.hostname} is not a public address",
            hint="for a site on this machine add --allow-loopback; other private networks are never opened",
        ) from error
    except OSError as error:
        raise UsageError(f"{parts.hostname} cannot be resolved: {error.strerror or error}") from error
    return door


@contextmanager
def opened(gate: Gate) -> Iterator[str]:
    """Run the proxy while the body runs; yield its address for ``--proxy-server``."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        server.settimeout(0.2)
        is_over = threading.Event()
        thread = threading.Thread(target=_accept, args=(server, gate, is_over), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()


def _accept(server: socket.socket, gate: Gate, is_over: threading.Event) -> None:
    while not is_over.is_set():
        try:
            client, _ = server.accept()
        except TimeoutError:
            continue
        threading.Thread(target=_serve, args=(client, gate), daemon=True).start()


def _serve(client: socket.socket, gate: Gate) -> None:
    """Pass one connection on; a browser opens another for whatever is refused."""
    with client, suppress(OSError, ValueError):
        client.settimeout(IDLE_S)
        head, rest = _head(client)
        method, target, version = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        is_tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        if not parts.hostname or (not is_tunnel and parts.scheme != "http"):
            client.sendall(_REFUSED)
            return
        port = parts.port or (443 if is_tunnel else 80)
        upstream = _upstream(client, gate, parts.hostname, port)
        if upstream is None:
            return
        with upstream:
            if is_tunnel:
                client.sendall(_CONNECTED)
            else:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                upstream.sendall(_passed_on(head, f"{method} {path} {version}"))
            upstream.sendall(rest)
            back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
            back.start()
            _pump(client, upstream)
            back.join()


def _upstream(client: socket.socket, gate: Gate, host: str, port: int) -> socket.socket | None:
    try:
        return socket.create_connection((gate.address_of(host, port), port), timeout=CONNECT_S)
    except PermissionError:
        client.sendall(_REFUSED)
    except OSError:
        client.sendall(_UNREACHABLE)
    return None


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    read = b""
    while b"\r\n\r\n" not in read:
        step = client.recv(STEP_BYTES)
        if not step or len(read) > HEAD_BYTES_MAX:
            raise ValueError("no request")
        read += step
    head, _, rest = read.partition(b"\r\n\r\n")
    return head, rest


def _passed_on(head: bytes, request_line: str) -> bytes:
    """Return the request as the server wants it: one a connection, so that each is checked here."""
    dropped = (b"proxy-connection:", b"connection:")
    lines = [line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(dropped)]
    return b"\r\n".join([request_line.encode("ascii"), *lines, b"Connection: close", b"", b""])


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while step := source.recv(STEP_BYTES):
            sink.sendall(step)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
