"""What one who watches puts on a session: that it was watched, tags, a star, notes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from usertrack_cli import clock
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from usertrack_cli.store.labels import Labels


class SessionLabels:
    """The labels of one session; every change is stored at once."""

    def __init__(self, home: Home, *, site: str, session: str) -> None:
        self._home = home
        self._where = {"site": site, "session": session}

    def read(self) -> Labels:
        """Return what is on the session now."""
        from usertrack_cli.store.labels import labels_of

        found: Labels = self._done(lambda con: labels_of(con, **self._where))
        return found

    def mark_watched(self) -> None:
        """Remember that somebody watched the session."""
        from usertrack_cli.store.labels import mark_watched

        self._done(lambda con: mark_watched(con, **self._where, now_ms=clock.now_ms()))

    def add_tag(self, tag: str) -> None:
        """Put a tag on it.

        Raises:
            UsageError: The tag is empty or too long.
        """
        from usertrack_cli.store.labels import add_tag

        self._done(lambda con: add_tag(con, **self._where, tag=tag, now_ms=clock.now_ms()))

    def add_note(self, note: str, *, at_ms: int | None = None) -> None:
        """Put a remark on it, or on one instant of it.

        Raises:
            UsageError: The note is empty or too long.
        """
        from usertrack_cli.store.labels import add_note

        self._done(lambda con: add_note(con, **self._where, note=note, at_ms=at_ms, now_ms=clock.now_ms()))

    def remove_note(self, note: str, *, at_ms: int) -> None:
        """Take a remark on one instant back; one on the whole session stands at its start."""
        from usertrack_cli.store.labels import remove_note

        self._done(lambda con: remove_note(con, **self._where, note=note, at_ms=at_ms))

    def toggle_star(self) -> bool:
        """Give it a star or take it away; return whether it has one now."""
        from usertrack_cli.store.labels import set_star

        is_starred = not self.read().is_starred
        self._done(lambda con: set_star(con, **self._where, is_starred=is_starred, now_ms=clock.now_ms()))
        return is_starred

    def _done(self, change: Callable[[Any], Any]) -> Any:
        from usertrack_cli.store import catalog

        with closing(catalog.connect(self._home)) as con, catalog.transaction(con):
            return change(con)
