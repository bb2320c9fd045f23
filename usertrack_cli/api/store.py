"""The store that notebooks open."""

from __future__ import annotations

from pathlib import Path

from usertrack_cli.settings import data_dir
from usertrack_cli.store.home import Home, open_home


def open_store(data: Path | None = None) -> Home:
    """Return the store in ``data``, or where the commands would look.

    Raises:
        StoreError: There is none.
    """
    return open_home(data_dir(data))
