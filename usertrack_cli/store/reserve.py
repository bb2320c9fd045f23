"""The reserve: space kept back, so that pruning and deleting work on a disk that others filled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

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


def is_short(home: Home) -> bool:
    """Return True where the disk is low or a quota is used up, of which the file system may say nothing."""
    return is_low(home) or not can_grow(home)


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
    """Give the reserve's space back, if there is no other and it is still kept; return whether it was."""
    if not home.reserve.exists() or not is_short(home):
        return False
    home.reserve.unlink(missing_ok=True)
    return True


@contextmanager
def spent_reserve(home: Home) -> Iterator[bool]:
    """Release the reserve while the body runs, if there is no other space; gives whether that is so."""
    is_needed = is_short(home)
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
    try:
        # It has no name, so that whatever happens now leaves nothing behind.
        with TemporaryFile(dir=home.root, buffering=0) as probe:
            is_whole = probe.write(bytes(_PROBE_BYTES)) == _PROBE_BYTES
            os.fsync(probe.fileno())
    except OSError as error:
        if error.errno in FULL:
            return False
        raise
    return is_whole


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
