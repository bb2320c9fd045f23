"""Files that leave the store and hold single sessions: written whole, readable by their owner only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from usertrack_cli.errors import UsageError
from usertrack_cli.store.home import FILE_MODE, random_name, sync_dir

if TYPE_CHECKING:
    import sqlite3

WRITTEN_WITHIN_MS = 2_000
"""A file is noted right after it was written; one changed later may be somebody's own by now."""


def write_private(path: Path, data: bytes) -> None:
    """Write a file beside its place, synced, then rename it into it; an existing one is replaced.

    Raises:
        UsageError: It cannot be written there; what was there is as it was.
    """
    with private_file(path) as file:
        file.write(data)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes its place, synced, when it is complete; an existing one is replaced.

    Raises:
        UsageError: It cannot be written there; what was there is as it was.
    """
    draft = path.with_name(f".{path.name[:100]}.{random_name()}")
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, FILE_MODE)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_dir(path.parent)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}", hint="name another file") from error
    finally:
        draft.unlink(missing_ok=True)


def outputs_of(con: sqlite3.Connection, sessions: Iterable[tuple[str, str]]) -> list[Path]:
    """Return the files, still as they were written, that hold one of these ``(site, session)``."""
    wanted = set(sessions)
    rows = con.execute("SELECT path, site, session, written_at FROM outputs ORDER BY path").fetchall()
    found = {Path(path): at for path, site, session, at in rows if (site, session) in wanted}
    return [path for path, written_at in found.items() if _is_as_written(path, written_at)]


def remove_outputs(paths: Iterable[Path]) -> int:
    """Remove such files; return how many went."""
    removed = 0
    for path in paths:
        try:
            path.unlink()
            sync_dir(path.parent)
            removed += 1
        except FileNotFoundError:
            continue
        except OSError as error:
            raise UsageError(f"cannot remove {path}: {error.strerror}", hint="remove it by hand") from error
    return removed


def _is_as_written(path: Path, written_at: int) -> bool:
    return path.is_file() and path.stat().st_mtime_ns // 1_000_000 <= written_at + WRITTEN_WITHIN_MS


def write_parquet(reader: Any, file: BinaryIO) -> int:
    """Write the batches of an Arrow reader as Parquet; return how many rows they have."""
    import pyarrow.parquet as pq

    rows = 0
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows
