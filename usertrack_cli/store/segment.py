"""Segments: what the catalog knows of one immutable Parquet file, and how it is named."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from usertrack_cli.clock import DAY_MS

_DIGEST_STEP_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One row of the catalog's ``segments``: a live Parquet file.

    Attributes:
        path: Relative to the data directory's ``segments`` folder.
        level: How often its rows were rewritten.
        first_at: Smallest ``occurred_at``, ms; ``last_at`` the largest.
        sessions: Those it holds; only of a segment just written: the roster answers for the others.
    """

    path: str
    site: str
    day: str
    level: int
    rows: int
    bytes: int
    sha256: str
    first_at: int
    last_at: int
    epoch_min: int
    epoch_max: int
    aged: str = ""
    sessions: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


def new_segment_path(site: str, day: str, *, node: str, now_ms: int) -> str:
    """Return a path that no other segment has: time-ordered, random, and marked with its node."""
    return f"site={site}/day={day}/{now_ms:013x}{secrets.token_hex(8)}-{node}.parquet"


def day_end_ms(day: str) -> int:
    """Return the instant at which a partition's day ends, ms."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) + DAY_MS


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while step := file.read(_DIGEST_STEP_BYTES):
            digest.update(step)
    return digest.hexdigest()
