"""Reception: what the tallies say about how visitors are received, in words for the doctor."""

from __future__ import annotations

import sqlite3

from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.plural import count
from usertrack_cli.store.tallies import BEGUN, REFUSED, tallied

NEAR_RATIO = 0.9
"""Visitors of a public site come from public addresses, but for its own people and its monitoring."""
ADDRESSES_MS = 7 * DAY_MS
REFUSALS_MS = DAY_MS
SHOWN_MAX = 6
OURS = frozenset({"store failed", "disk full", "writer is behind", "overloaded", "cannot be stored"})
"""Reasons that lie with this server and not with who sent."""


def near_sessions(con: sqlite3.Connection, *, now_ms: int) -> tuple[int, int]:
    """Return how many sessions of the last week came from loopback or private addresses, and of how many."""
    begun = tallied(con, BEGUN, since_ms=now_ms - ADDRESSES_MS)
    return begun.get("loopback", 0) + begun.get("private", 0), sum(begun.values())


def address_problems(con: sqlite3.Connection, *, now_ms: int, is_public: bool) -> list[str]:
    """Say that a proxy hides the visitors' addresses, where it looks like it.

    Args:
        is_public: Browsers elsewhere are meant to reach the server; a trial on one machine is not.
    """
    near, total = near_sessions(con, now_ms=now_ms)
    if not is_public or near <= NEAR_RATIO * total:
        return []
    said = (
        f"{near} of {total} sessions of the last week came from loopback or private addresses: the proxy does"
        " not pass the visitors' on, or is not one of trusted_proxies; compare with: usertrack print nginx"
    )
    return [said]


def address_text(con: sqlite3.Connection, *, now_ms: int) -> str:
    """Return where sessions came from, in figures."""
    near, total = near_sessions(con, now_ms=now_ms)
    return f"{total - near} of {total} sessions of a week from public addresses"


def refusal_problems(con: sqlite3.Connection, *, now_ms: int) -> list[str]:
    """Say what was refused lately for reasons that lie here."""
    lately = tallied(con, REFUSED, since_ms=now_ms - HOUR_MS)
    return [
        f"{count(number, 'batch', 'batches')} since an hour ago: {why}"
        for why, number in lately.items()
        if why in OURS
    ]


def refusal_text(con: sqlite3.Connection, *, now_ms: int) -> str:
    """Return what was not recorded within a day, by reason, the most frequent first."""
    counts = list(tallied(con, REFUSED, since_ms=now_ms - REFUSALS_MS).items())
    if not counts:
        return "none within a day"
    said = [f"{number} {reason}" for reason, number in counts[:SHOWN_MAX]]
    rest = sum(number for _, number in counts[SHOWN_MAX:])
    return f"within a day: {', '.join([*said, *([f'{rest} others'] if rest else [])])}"
