"""Files that leave the store and hold single sessions: written whole, readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from usertrack_cli.errors import UsageError
from usertrack_cli.store.home import FILE_MODE, random_name, sync_dir


def write_private(path: Path, data: bytes) -> None:
    """Write a file beside its place, synced, then rename it into it; an existing one is replaced.

    Raises:
        UsageError: It cannot be written there; what was there is as it was.
    """
    draft = path.with_name(f".{path.name[:100]}.{random_name()}")
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, FILE_MODE)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_dir(path.parent)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}", hint="name another file") from error
    finally:
        draft.unlink(missing_ok=True)
