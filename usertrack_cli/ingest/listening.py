"""The socket that requests come in on: bound early, so that a mistake shows, and opened when all is ready."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from usertrack_cli.errors import UsageError

BACKLOG = 2_048


@contextmanager
def bound(host: str, port: int, *, handed: socket.socket | None) -> Iterator[socket.socket]:
    """Hold the socket that requests will come in on: the one that was handed over, or one of our own.

    Raises:
        UsageError: There is no such address, or somebody else listens there.
    """
    if handed is not None:
        with handed:
            handed.setblocking(False)  # noqa: FBT003 the standard library has no other name for it
            yield handed
        return
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family)
    except OSError as error:
        raise UsageError(f"{host} is not an address of this machine", hint="choose another --host") from error
    with listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except OSError as error:
            raise _taken(host, port, error) from error
        listener.setblocking(False)  # noqa: FBT003 the standard library has no other name for it
        yield listener


def listen(listener: socket.socket) -> None:
    """Let connections come in; a socket that was handed over lets them in already.

    Raises:
        UsageError: Somebody else has begun to listen there.
    """
    try:
        listener.listen(BACKLOG)
    except OSError as error:  # two may bind to one port, and the first to listen has it
        host, port = listener.getsockname()[:2]
        raise _taken(host, port, error) from error


def _taken(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(
        f"{host} port {port} cannot be listened on: {error.strerror}",
        hint="choose another --port; 0 takes a free one",
    )
