"""The only reader of wall-clock time; everything else is handed an instant."""

from __future__ import annotations

import time

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def now_ms() -> int:
    """Return the current UTC instant in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def monotonic_s() -> float:
    """Return seconds that never go back, for waiting; their zero means nothing."""
    return time.monotonic()


def pause_s(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
