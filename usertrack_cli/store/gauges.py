"""Gauges: the state of the store in figures, as monitoring asks for it every few seconds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from usertrack_cli.clock import DAY_MS, MINUTE_MS
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import DRAIN
from usertrack_cli.store.reserve import free_bytes
from usertrack_cli.store.tallies import EVICTED, tallied

ACTIVE_WITHIN_MS = 30 * MINUTE_MS
"""A session ends after 30 minutes of silence."""

_WAITING = "SELECT count(*), min(received_at) FROM batches WHERE body IS NOT NULL"
_LEVELS = """
SELECT level, count(*), sum(rows), sum(bytes) FROM segments
WHERE retired_at IS NULL
GROUP BY level ORDER BY level
"""
_ACTIVE = "SELECT count(*) FROM sessions_open WHERE last_received_at >= ?"
_JOBS = "SELECT name, started_at, finished_at FROM jobs WHERE finished_at IS NOT NULL ORDER BY name"
_ERASED = "SELECT max(done_at) FROM tombstones"


@dataclass(frozen=True, slots=True)
class Level:
    """The live segments of one level of compaction."""

    level: int
    segments: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What is where, and when something was last done.

    Attributes:
        oldest_at: When the oldest waiting batch arrived, ms.
        drain_lag_ms: How old the oldest batch was that the last drain turned into a segment.
        done_at: When each job was last finished, ms; ``prune:<site>`` for each site.
        evicted: Sessions that gave way to the cap within a day.
    """

    waiting: int
    oldest_at: int | None
    drain_lag_ms: int | None
    levels: tuple[Level, ...]
    active_sessions: int
    done_at: Mapping[str, int]
    evicted: int
    free_bytes: int


def gauges(con: sqlite3.Connection, home: Home, *, now_ms: int) -> Gauges:
    """Return the state of the store; every question is answered by an index or a small table."""
    waiting, oldest_at = con.execute(_WAITING).fetchone()
    jobs = con.execute(_JOBS).fetchall()
    erased_at = con.execute(_ERASED).fetchone()[0]
    done_at = {name: at for name, _, at in jobs if name == "backup" or name.startswith("prune:")}
    return Gauges(
        waiting=waiting,
        oldest_at=oldest_at,
        drain_lag_ms=next((max(0, done - began) for name, began, done in jobs if name == DRAIN), None),
        levels=tuple(Level(*row) for row in con.execute(_LEVELS)),
        active_sessions=con.execute(_ACTIVE, (now_ms - ACTIVE_WITHIN_MS,)).fetchone()[0],
        done_at=done_at | ({"erasure": erased_at} if erased_at is not None else {}),
        evicted=sum(tallied(con, EVICTED, since_ms=now_ms - DAY_MS).values()),
        free_bytes=free_bytes(home),
    )
