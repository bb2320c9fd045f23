"""The sessions of the last list, so that a row of it can be named as ``@3``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence

from usertrack_cli.store.home import FILE_MODE, Home, random_name

FILE = "last-list.json"
ROWS_MAX = 10_000
"""More rows than that nobody counts by hand."""


def remember_list(home: Home, sessions: Sequence[tuple[str, str]]) -> None:
    """Keep ``(site, session)`` of a list that was just printed, in its order."""
    draft = home.root / f".{FILE}.{random_name()}"
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(list(sessions[:ROWS_MAX]), file)
    draft.replace(home.root / FILE)


def remembered_list(home: Home) -> list[tuple[str, str]]:
    """Return the sessions of the last list; empty where there was none."""
    try:
        rows = json.loads((home.root / FILE).read_text(encoding="ascii"))
        return [(str(site), str(session)) for site, session in rows]
    except (OSError, ValueError, TypeError):
        return []


def forget_sessions(home: Home, sessions: Iterable[tuple[str, str]]) -> None:
    """Take sessions out of the remembered list; the rows of the others keep their numbers."""
    gone = set(sessions)
    rows = remembered_list(home)
    if not gone.isdisjoint(rows):
        remember_list(home, [("", "") if row in gone else row for row in rows])
