"""A process's own folder below ``tmp``, held by a lock, so that only dead ones are cleaned."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from usertrack_cli.store.home import DIR_MODE, Home, random_name
from usertrack_cli.store.lock import FileLock

_LOCK = "lock"


@contextmanager
def workspace(home: Home) -> Iterator[Path]:
    """Give a folder of this process's own; it is removed at the end, and by others if this one dies."""
    folder, lock = _claim(home)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def clean_workspaces(home: Home) -> int:
    """Remove the folders whose process died; return how many."""
    removed = 0
    for folder in sorted(home.tmp.iterdir()) if home.tmp.is_dir() else []:
        lock = FileLock(folder / _LOCK)
        try:
            is_dead = folder.is_dir() and lock.acquire()
        except FileNotFoundError:  # its owner has just removed it
            continue
        if is_dead:
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()
            removed += 1
    return removed


def _claim(home: Home) -> tuple[Path, FileLock]:
    """Make a folder and lock it; where a cleaner came between the two, make another."""
    while True:
        folder = home.tmp / random_name()
        folder.mkdir(mode=DIR_MODE, parents=True)
        lock = FileLock(folder / _LOCK)
        try:
            if lock.acquire() and (folder / _LOCK).exists():
                return folder, lock
        except FileNotFoundError:
            continue
        lock.release()
