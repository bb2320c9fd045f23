"""Room: whether the store may take more, asked before every group of batches and answered from memory."""

from __future__ import annotations

import sqlite3
from typing import Literal

from usertrack_cli import clock
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import full_sites
from usertrack_cli.store.reserve import is_low

INBOX_BYTES_MAX = 1024**3
"""About 170,000 batches, ten minutes of the heaviest load; a writer that is behind by more is broken."""
LOOK_EVERY_S = 1.0
SITE_LOOK_EVERY_S = 5.0

_WAITING_BYTES = "SELECT coalesce(sum(length(body) + length(meta)), 0) FROM batches WHERE body IS NOT NULL"


class Room:
    """What one process knows about the room that is left."""

    def __init__(self, con: sqlite3.Connection, home: Home) -> None:
        self._con = con
        self._home = home
        self._looked_at = -LOOK_EVERY_S
        self._is_low = False
        self._bytes_max = INBOX_BYTES_MAX
        self._waiting_bytes: int | None = None
        self._sites_at = -SITE_LOOK_EVERY_S
        self._full_sites: frozenset[str] = frozenset()

    def lack(self, coming_bytes: int) -> Literal["disk", "inbox"] | None:
        """Return what there is too little of to take in so many bytes more, if anything."""
        now_s = clock.monotonic_s()
        if now_s - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now_s
            self._is_low = is_low(self._home)
            if self._waiting_bytes is None or self._waiting_bytes > self._bytes_max // 2:
                self._waiting_bytes = int(self._con.execute(_WAITING_BYTES).fetchone()[0])
        if self._is_low:
            return "disk"
        waiting = (self._waiting_bytes or 0) + coming_bytes
        if waiting > self._bytes_max:
            return "inbox"
        # Counts up only: what the writer took away is seen at the next look that matters.
        self._waiting_bytes = waiting
        return None

    def is_full(self, site: str) -> bool:
        """Return True where retention found the site at its cap with young sessions only."""
        now_s = clock.monotonic_s()
        if now_s - self._sites_at >= SITE_LOOK_EVERY_S:
            self._sites_at = now_s
            self._full_sites = frozenset(full_sites(self._con))
        return site in self._full_sites
