"""Swapping segments: other files with other rows take their place in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home, sync_dir
from usertrack_cli.store.roster import add_segments, forget_segments, retire_segments
from usertrack_cli.store.segment import Segment


def swap(
    con: sqlite3.Connection,
    home: Home,
    *,
    old: Sequence[str],
    new: Sequence[Segment],
    now_ms: int,
    at_once: bool,
) -> None:
    """Put ``new`` on the roster in place of ``old``; the caller holds the maintenance lock.

    Args:
        old: Paths; live or retired.
        at_once: True unlinks the old files now (erasure); False keeps them ten minutes for
            readers that are at work.
    """
    if not old and not new:
        return
    is_committing = False
    try:
        with transaction(con):
            add_segments(con, new)
            if at_once:
                forget_segments(con, old)
            else:
                retire_segments(con, old, now_ms=now_ms)
            is_committing = True
    except BaseException:
        if not is_committing:  # what a failed commit leaves is an orphan until the next one succeeds
            unlink(home, [segment.path for segment in new])
        raise
    if at_once:
        unlink(home, old)


def unlink(home: Home, paths: Sequence[str]) -> None:
    """Remove segment files and make their absence durable."""
    folders: set[Path] = set()
    for path in paths:
        file = home.segments / path
        file.unlink(missing_ok=True)
        folders.add(file.parent)
    for folder in sorted(folders):
        if folder.is_dir():
            sync_dir(folder)
