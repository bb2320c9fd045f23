"""The bell: how a reading command asks the running writer to drain now and not at its next turn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from usertrack_cli.store.home import FILE_MODE, Home


@contextmanager
def hung(home: Home) -> Iterator[int]:
    """Give a handle that can be read as soon as somebody rings; the caller holds the writer lock."""
    path = home.root / "bell"
    path.unlink(missing_ok=True)  # of a writer that was killed
    os.mkfifo(path, FILE_MODE)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    # Without an end of its own to write to, the bell would ring for ever once the first who rang has gone.
    held = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        path.unlink(missing_ok=True)
        os.close(held)
        os.close(handle)


def silence(handle: int) -> None:
    """Take notice of everybody who rang."""
    with suppress(BlockingIOError):
        while os.read(handle, 4096):
            pass


def ring(home: Home) -> None:
    """Ask the writer to drain; harmless where none runs."""
    with suppress(OSError):  # no writer, or its bell is full of rings already
        handle = os.open(home.root / "bell", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(handle, b"\n")
        finally:
            os.close(handle)
