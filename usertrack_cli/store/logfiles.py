"""Files that are read bit by bit over days: how far each was taken in, known by its content alone.

A log that has grown, was renamed or was packed still begins with what was read before.
"""

from __future__ import annotations

import gzip
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from usertrack_cli.errors import UsageError

if TYPE_CHECKING:
    from hashlib import _Hash

STEP_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_READ = "SELECT bytes, digest FROM imports WHERE site = ? ORDER BY bytes"
_FORGET = "DELETE FROM imports WHERE site = ? AND bytes = ? AND digest = ?"
_EXPIRE = "DELETE FROM imports WHERE site = ? AND imported_at < ?"
_KEEP = """
INSERT INTO imports (site, bytes, digest, imported_at) VALUES (?, ?, ?, ?)
ON CONFLICT (site, bytes, digest) DO UPDATE SET imported_at = excluded.imported_at
"""
UNREADABLE = (OSError, EOFError, zlib.error)
"""What a file that is missing, cut off or no gzip can raise."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file was read: so many bytes, unpacked, and their digest."""

    bytes: int
    digest: str


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a log; one that is packed by gzip is unpacked on the way, whatever its name.

    Raises:
        UsageError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == _GZIP
            file.seek(0)
            with gzip.open(file) if is_packed else file as content:
                yield cast("IO[bytes]", content)
    except UNREADABLE as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"cannot read {path}: {reason}") from error


def resumed(con: sqlite3.Connection, path: Path, *, site: str) -> tuple[Mark | None, _Hash]:
    """Return how far this file was read before, and the digest of that part, to be gone on with."""
    marks: dict[int, set[str]] = {}
    for size, digest in con.execute(_READ, (site,)):
        marks.setdefault(size, set()).add(digest)
    best, kept, running, done = None, sha256(), sha256(), 0
    with opened(path) as file:
        for size in sorted(marks):
            while done < size and (step := file.read(min(STEP_BYTES, size - done))):
                running.update(step)
                done += len(step)
            if done < size:
                break
            if running.hexdigest() in marks[size]:
                best, kept = Mark(size, running.hexdigest()), running.copy()
    return best, kept


def keep_mark(con: sqlite3.Connection, mark: Mark, *, site: str, before: Mark | None, now_ms: int) -> None:
    """Write down how far a file was read; inside a transaction."""
    if before is not None:
        con.execute(_FORGET, (site, before.bytes, before.digest))
    con.execute(_KEEP, (site, mark.bytes, mark.digest, now_ms))


def expire_marks(con: sqlite3.Connection, *, site: str, before_ms: int) -> None:
    """Forget files that were last read before this instant; inside a transaction."""
    con.execute(_EXPIRE, (site, before_ms))
