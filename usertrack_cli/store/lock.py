"""Locks between processes; the kernel frees them when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usertrack_cli.errors import StoreError
from usertrack_cli.store.home import FILE_MODE, Home

_POLL_S = 0.02

SERVE = "serve.lock"
"""Held by the one ``serve`` of a data directory."""
WRITER = "writer.lock"
"""Held while batches become segments."""
MAINTENANCE = "maintenance.lock"
"""Held while live segments are replaced: compaction, prune, delete, backup."""


class FileLock:
    """An exclusive ``flock`` on one file, which stays behind empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, *, timeout_s: float = 0.0) -> bool:
        """Take the lock, waiting at most ``timeout_s``; return whether it is ours."""
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    return False
                time.sleep(_POLL_S)
            except BaseException:
                os.close(handle)
                raise
            else:
                self._handle = handle
                return True

    def release(self) -> None:
        """Give the lock back; harmless where it is not ours."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@contextmanager
def held(home: Home, name: str, *, timeout_s: float, doing: str) -> Iterator[None]:
    """Hold one of the data directory's locks while the body runs.

    Raises:
        StoreError: Another process still holds it after ``timeout_s``.
    """
    lock = FileLock(home.root / name)
    if not lock.acquire(timeout_s=timeout_s):
        raise StoreError(
            f"{doing} is not possible while another usertrack process holds {name}",
            hint=f"try again when it is done; see who with: fuser {home.root / name}",
        )
    try:
        yield
    finally:
        lock.release()
