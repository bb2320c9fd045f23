"""Key epochs: which of them still name something that is stored, and which keys are lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from usertrack_cli.clock import DAY_MS
from usertrack_cli.errors import StoreError
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.quarantine import quarantined
from usertrack_cli.store.roster import roster_rows
from usertrack_cli.store.segment import day_end_ms
from usertrack_cli.store.traces import batch_fields, part_of
from usertrack_cli.store.visitor import epoch_at

SESSION_DAYS_MAX = 5
"""A session belongs to the day it began by its browser's clock; its key, to the day its first batch came.
Batches older than 48 h are refused, and the days before and after are there for good measure."""
_KINDS: tuple[Literal["daily", "monthly"], ...] = ("daily", "monthly")
_OPEN = "SELECT site, epoch FROM sessions_open UNION SELECT site, epoch FROM batches ORDER BY 1, 2"
_NOTE_LOST = """
INSERT INTO keys (site, epoch, key, ipv6_prefix, created_at, destroyed_at) VALUES (?, ?, NULL, 64, ?, ?)
ON CONFLICT (site, epoch) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class UsedEpochs:
    """The epochs that something stored belongs to.

    Attributes:
        exact: ``(site, epoch)`` of rows, batches and open sessions.
        maybe: Further ones that a damaged file may belong to.
    """

    exact: frozenset[tuple[str, int]]
    maybe: frozenset[tuple[str, int]]

    def hold(self, site: str, epoch: int) -> bool:
        """Return whether the key of this epoch may still be needed."""
        return (site, epoch) in self.exact or (site, epoch) in self.maybe


def used_epochs(con: sqlite3.Connection, home: Home, *, is_quick: bool = False) -> UsedEpochs:
    """Return the epochs of every row, batch, quarantined file and open session.

    Args:
        is_quick: Open no segment: of one with several epochs only the first and the last are known.
    """
    exact = set[tuple[str, int]](con.execute(_OPEN).fetchall())
    maybe = set[tuple[str, int]]()
    for segment, _ in roster_rows(con):
        exact |= {(segment.site, segment.epoch_min), (segment.site, segment.epoch_max)}
        if segment.epoch_min != segment.epoch_max and not is_quick:
            try:
                exact |= {(segment.site, epoch) for epoch in _epochs_in(home, segment.path)}
            except StoreError:
                maybe |= _around(segment.site, segment.day)
    for each in quarantined(con):
        maybe |= _around(each.site, each.day)
    for file in home.quarantine.glob("site=*/day=*/batch-*.*"):
        epoch = batch_fields(file).get("epoch", "")
        if epoch.isdecimal():
            exact.add((part_of(file, "site"), int(epoch)))
    return UsedEpochs(frozenset(exact), frozenset(maybe))


def lost_epochs(con: sqlite3.Connection, keys: sqlite3.Connection, home: Home) -> list[tuple[str, int]]:
    """Return the epochs with data of which no key was ever heard: ``keys.sqlite`` is another one, or older."""
    known = set(keys.execute("SELECT site, epoch FROM keys ORDER BY site, epoch").fetchall())
    return sorted(used_epochs(con, home, is_quick=True).exact - known)


def refuse_lost_keys(con: sqlite3.Connection, keys: sqlite3.Connection, home: Home) -> None:
    """Refuse to go on where keys are gone although data is there.

    Raises:
        StoreError: New keys would make the visitors of that data unfindable for good.
    """
    lost = lost_epochs(con, keys, home)
    if lost:
        site, epoch = lost[0]
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise StoreError(
            f"{home.keys} lacks the key of site {site}, epoch {epoch}{more}, although its sessions are stored",
            hint="bring it back from: usertrack keys backup, or a backup made --with-keys",
        )


def note_lost(keys: sqlite3.Connection, epochs: Iterable[tuple[str, int]], *, now_ms: int) -> None:
    """Note that these keys are gone for good: the operator chose to go on without them."""
    with transaction(keys):
        keys.executemany(_NOTE_LOST, [(site, epoch, now_ms, now_ms) for site, epoch in sorted(epochs)])


def epoch_end_ms(epoch: int) -> int | None:
    """Return the instant at which an epoch ended or will end, ms; ``None`` where it never does."""
    if epoch == 0:
        return None
    if epoch > 999_999:
        return (
            int(datetime(epoch // 10_000, epoch // 100 % 100, epoch % 100, tzinfo=UTC).timestamp() * 1000)
            + DAY_MS
        )
    year, month = divmod(epoch, 100)
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int(following.timestamp() * 1000)


def _epochs_in(home: Home, path: str) -> list[int]:
    # The process that collects asks quickly, and never loads Arrow.
    import pyarrow.compute as pc

    from usertrack_cli.store.parquet import read_segment

    epochs: list[int] = pc.unique(read_segment(home, path, columns=["epoch"])["epoch"]).to_pylist()
    return epochs


def _around(site: str, day: str) -> set[tuple[str, int]]:
    """Return the epochs that the sessions of one day can have."""
    end_ms = day_end_ms(day)
    moments = [end_ms + days * DAY_MS for days in range(-SESSION_DAYS_MAX, SESSION_DAYS_MAX)]
    return {(site, 0)} | {(site, epoch_at(moment, kind)) for moment in moments for kind in _KINDS}
