"""The reserve: space kept back, so that pruning and deleting work on a disk that others filled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from usertrack_cli.store.home import FILE_MODE, Home
from usertrack_cli.store.trouble import FULL

RESERVE_BYTES = 16 * 1024 * 1024
"""Rewriting one segment of half a million rows takes about three megabytes, the catalog's log a few."""
FREE_BYTES_MIN = 32 * 1024 * 1024
"""Below this nothing new is taken in; twice the reserve, so that a reserve that was released is not
eaten up by what browsers send meanwhile."""
_PROBE_BYTES = 64 * 1024


def free_bytes(home: Home) -> int:
    """Return how much this process may still write to the store's file system."""
    about = os.statvfs(home.root)
    return about.f_bavail * about.f_frsize


def is_low(home: Home) -> bool:
    """Return True where nothing new should be taken in."""
    return free_bytes(home) < FREE_BYTES_MIN


def keep_reserve(home: Home) -> bool:
    """Make the reserve where it is missing and there is room; return whether it is there."""
    try:
        if home.reserve.stat().st_size >= RESERVE_BYTES:
            return True
    except FileNotFoundError:
        pass
    if free_bytes(home) < FREE_BYTES_MIN + RESERVE_BYTES:
        return False
    try:
        _allocate(home)
    except OSError:
        home.reserve.unlink(missing_ok=True)
        return False
    return True


def release_reserve(home: Home) -> bool:
    """Give the reserve's space back, if the disk is low and it is still kept; return whether it was."""
    if not is_low(home) or not home.reserve.exists():
        return False
    home.reserve.unlink(missing_ok=True)
    return True


@contextmanager
def spent_reserve(home: Home) -> Iterator[bool]:
    """Release the reserve while the body runs, if the disk is low; gives whether it is."""
    is_needed = is_low(home)
    if is_needed:
        home.reserve.unlink(missing_ok=True)
    try:
        yield is_needed
    finally:
        if is_needed:
            keep_reserve(home)


def can_grow(home: Home) -> bool:
    """Return False where a quota or limit keeps this process from writing even a little.

    Raises:
        OSError: The disk fails in another way than being full.
    """
    probe = home.root / f".probe-{os.getpid()}"
    try:
        handle = os.open(probe, os.O_CREAT | os.O_WRONLY, FILE_MODE)
        try:
            os.write(handle, bytes(_PROBE_BYTES))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno in FULL:
            return False
        raise
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return True


def _allocate(home: Home) -> None:
    handle = os.open(home.reserve, os.O_CREAT | os.O_WRONLY, FILE_MODE)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, 0, RESERVE_BYTES)
        else:
            os.write(handle, bytes(RESERVE_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
