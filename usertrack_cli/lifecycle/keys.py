"""Visitor keys: what each still names, and the destruction of those that name nothing any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.clock import DAY_MS
from usertrack_cli.lifecycle.request import Epoch
from usertrack_cli.settings import read_file, resolve, site_slugs
from usertrack_cli.store import catalog, timekeeping
from usertrack_cli.store.epochs import epoch_end_ms, used_epochs
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import finished, last_finished
from usertrack_cli.store.keysafe import JOB
from usertrack_cli.store.lock import MAINTENANCE, SERVE, FileLock, held
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.visitor import Keyring

if TYPE_CHECKING:
    import sqlite3

LOCK_WAIT_S = 60.0
GRACE_MS = 4 * DAY_MS
"""A session lasts 24 h and its last batch may come 48 h late; serve remembers it for 24 h more."""

_ALL = """
SELECT site, epoch, key IS NOT NULL, ipv6_prefix, created_at, destroyed_at FROM keys ORDER BY site, epoch
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """One key; instants in ms.

    Attributes:
        is_live: False where it was destroyed.
        is_used: Whether something stored belongs to its epoch.
        rows: Rows of segments whose epochs reach from or to this one.
    """

    site: str
    epoch: int
    is_live: bool
    is_used: bool
    rows: int
    ipv6_prefix: int
    created_at: int
    destroyed_at: int | None


def key_states(home: Home, site: str | None = None) -> list[KeyState]:
    """Return every key there ever was, of one site or of all."""
    with closing(catalog.connect(home)) as con, closing(catalog.connect_keys(home, may_create=False)) as keys:
        used = used_epochs(con, home)
        rows: Counter[tuple[str, int]] = Counter()
        for segment in live_segments(con):
            for epoch in {segment.epoch_min, segment.epoch_max}:
                rows[segment.site, epoch] += segment.rows
        return [
            KeyState(
                site=each[0],
                epoch=each[1],
                is_live=bool(each[2]),
                is_used=used.hold(each[0], each[1]),
                rows=rows[each[0], each[1]],
                ipv6_prefix=each[3],
                created_at=each[4],
                destroyed_at=each[5],
            )
            for each in keys.execute(_ALL).fetchall()
            if site in (None, each[0])
        ]


def destroyed_epochs(home: Home, site: str | None) -> tuple[Epoch, ...]:
    """Return the epochs whose key is gone, and since when: what they named belongs to nobody any more."""
    return tuple(
        Epoch(each.site, each.epoch, each.destroyed_at or each.created_at)
        for each in key_states(home, site)
        if not each.is_live
    )


def backed_up_at(home: Home) -> int | None:
    """Return when the keys were last backed up, ms."""
    with closing(catalog.connect(home)) as con:
        return last_finished(con, JOB)


def note_backed_up(home: Home, *, now_ms: int) -> None:
    """Note that the keys were backed up."""
    with closing(catalog.connect(home)) as con:
        finished(con, JOB, started_at=now_ms, now_ms=now_ms)


def destroy_idle_keys(home: Home, *, now_ms: int, is_writer: bool = False) -> list[tuple[str, int]]:
    """Destroy each key whose epoch is over and names nothing any more; return ``(site, epoch)``.

    That is where no row, batch, quarantined file or open session has the epoch. While the clock cannot
    be trusted nothing is destroyed.

    Args:
        is_writer: The caller belongs to the running ``serve`` and so knows its settings.
    """
    with (
        held(home, MAINTENANCE, timeout_s=LOCK_WAIT_S, doing="destroying keys"),
        closing(catalog.connect(home)) as con,
        closing(catalog.connect_keys(home, may_create=False)) as keys,
    ):
        if not timekeeping.would_be_steady(con, now_ms=now_ms):
            return []
        keyring = Keyring(keys)
        over = [
            (site, key.epoch)
            for site, key in keyring.live()
            if _is_over(home, site, key.epoch, now_ms=now_ms, is_writer=is_writer)
        ]
        used = used_epochs(con, home) if over else None
        idle = [place for place in over if used is not None and not used.hold(*place)]
        for site, epoch in idle:
            keyring.destroy(site, epoch, now_ms=now_ms)
        if idle:
            _overwrite_log(keys)
    return idle


def _is_over(home: Home, site: str, epoch: int, *, now_ms: int, is_writer: bool) -> bool:
    end_ms = epoch_end_ms(epoch)
    if end_ms is not None:
        return end_ms + GRACE_MS < now_ms
    # An epoch that never ends is over when the setting says so, and no serve runs with another.
    return (is_writer or not _is_served(home)) and _key_epochs(home).get(site) != "never"


def _key_epochs(home: Home) -> Mapping[str, str]:
    table = read_file(home.root)
    return {site: resolve(table, site=site).settings.key_epoch for site in site_slugs(table)}


def _is_served(home: Home) -> bool:
    lock = FileLock(home.root / SERVE)
    is_free = lock.acquire()
    lock.release()
    return not is_free


def _overwrite_log(keys: sqlite3.Connection) -> None:
    """Let the key leave the write-ahead log too; who reads just now lets the next run do it."""
    keys.execute("PRAGMA wal_checkpoint(TRUNCATE)")
