"""Trouble with disk or catalog: which failures are expected, and what is said about them."""

from __future__ import annotations

import errno
import sqlite3

from usertrack_cli.errors import StoreError, UsertrackError

EXPECTED = (OSError, sqlite3.OperationalError, UsertrackError)
"""What a long-running process survives: it says so, and tries again later."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_DAMAGED_TEXT = ("Could not decode to UTF-8", "no such column", "no such table")
"""There is no code for a text that is none, and for a name of the schema that is another than it was."""
RESTORE = "look closer with: usertrack doctor; restore from a backup with: usertrack restore"


def as_store_error(error: Exception) -> StoreError | None:
    """Return what to say about a failure of disk or catalog, or ``None`` where it is something else."""
    name = str(getattr(error, "sqlite_errorname", None) or "")
    number = error.errno if isinstance(error, OSError) else None
    is_changed = isinstance(error, sqlite3.OperationalError) and str(error).startswith(_DAMAGED_TEXT)
    if name.startswith(_DAMAGED) or is_changed:
        return StoreError(f"the catalog is damaged: {error}", hint=RESTORE)
    if name == "SQLITE_FULL" or number in FULL:
        return StoreError("the disk is full", hint="make room, for example with: usertrack prune")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            "another process kept the catalog for too long", hint="try again; see who with: fuser"
        )
    if name.startswith("SQLITE_IOERR") or number == errno.EIO:
        return StoreError(f"the disk failed: {error}", hint=RESTORE)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")) or number == errno.EROFS:
        return StoreError(f"the store cannot be written to: {error}")
    return None
