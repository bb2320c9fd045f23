"""How fast new sessions may begin, per address and per site."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from usertrack_cli.clock import MINUTE_MS

SESSIONS_PER_ADDRESS_PER_MINUTE = 30
"""A browser opens a few; an office behind one address some ten."""
SESSIONS_PER_SITE_PER_MINUTE = 600
"""36,000 an hour: more than the default cap of sessions takes in for long."""
BUCKETS_MAX = 16_384
"""Addresses counted at once; the one that was quiet for longest is forgotten first."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at_ms: int


class Rate:
    """A bucket of tokens for each name, refilled evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def admits(self, name: str, *, now_ms: int) -> bool:
        """Take one token of ``name``; return False where none is left."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(float(self._per_minute), now_ms)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        # A clock that was set back refills nothing, and must not empty anything either.
        passed_ms = max(0, now_ms - bucket.at_ms)
        bucket.left = min(float(self._per_minute), bucket.left + passed_ms * self._per_minute / MINUTE_MS)
        bucket.at_ms = now_ms
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
