"""Files that hold sessions: noted in the store, so that an erasure can name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from usertrack_cli import clock
from usertrack_cli.store.home import Home


def note_outputs(home: Home, files: Iterable[Path], places: Sequence[tuple[str, str]]) -> None:
    """Remember that each of these files holds these sessions.

    Args:
        places: ``(site, session)`` of each.
    """
    from usertrack_cli.store import catalog, labels

    with closing(catalog.connect(home)) as con, catalog.transaction(con):
        for file in files:
            labels.note_outputs(con, file, places, now_ms=clock.now_ms())
