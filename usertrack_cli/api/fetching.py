"""Requests of our own, as a browser somewhere else would make them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from usertrack_cli.errors import UsertrackError

TIMEOUT_S = 15.0
BYTES_MAX = 8 * 1024 * 1024
REDIRECTS_MAX = 5
AGENT = "usertrack-verify (bot)"
OTHER_LOOPBACK = "127.0.0.2"
"""On one machine proxy and visitor would share 127.0.0.1, and nobody could tell whose address arrived."""


class UnreachableError(UsertrackError):
    """Nobody answered, or not over HTTP."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        url: Where it came from, after redirects.
        headers: Names in lower case; a header that came twice has both values.
        own_address: Address that the connection left this machine from.
    """

    url: str
    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    own_address: str


def fetch(
    url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Fetched:
    """Return the answer to one request, following redirects of a GET.

    Raises:
        UnreachableError: There was none; the message says why.
    """
    for _ in range(REDIRECTS_MAX + 1):
        try:
            answer = _ask(url, method, body, headers or {})
        except ssl.SSLError as error:
            raise UnreachableError(f"TLS failed: {error.reason or error}") from error
        except (OSError, HTTPException, UnicodeError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise UnreachableError(str(said)) from error
        where = answer.headers.get("location")
        if method != "GET" or answer.status not in {301, 302, 303, 307, 308} or not where:
            return answer
        url = urljoin(url, where[0])
    raise UnreachableError(f"more than {REDIRECTS_MAX} redirects")


def _ask(url: str, method: str, body: bytes | None, headers: Mapping[str, str]) -> Fetched:
    parts = urlsplit(url)
    host = parts.hostname or ""
    source = (OTHER_LOOPBACK, 0) if _is_loopback(host) else None
    try:
        connection = _connected(parts.scheme, host, parts.port, source)
    except OSError:
        if source is None:
            raise
        connection = _connected(parts.scheme, host, parts.port, None)
    try:
        own = str(connection.sock.getsockname()[0])
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, {"User-Agent": AGENT, "Accept": "*/*"} | dict(headers))
        response = connection.getresponse()
        found: dict[str, tuple[str, ...]] = {}
        for name, value in response.getheaders():
            found[name.lower()] = (*found.get(name.lower(), ()), value)
        return Fetched(url, response.status, found, response.read(BYTES_MAX), own)
    finally:
        connection.close()


def _connected(scheme: str, host: str, port: int | None, source: tuple[str, int] | None) -> HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=context, source_address=source
        )
    elif scheme == "http":
        connection = HTTPConnection(host, port, timeout=TIMEOUT_S, source_address=source)
    else:
        raise ValueError(f"{scheme or 'that'} is not http or https")
    connection.connect()
    return connection


def _is_loopback(host: str) -> bool:
    try:
        found = {str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ip_address(each).is_loopback for each in found)
