"""What no hand does: a batch that shows a program at work, whatever its user agent says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usertrack_cli.ingest.envelope import Client
from usertrack_cli.ingest.event import Click, Event, Pageview

BURST_MS = 1_000
CLICKS_MAX = 25
"""Clicks within a second; the fastest clickers on record reach about fifteen."""
PAGEVIEWS_MAX = 15
"""Pages shown within a second; a router that redirects shows two or three."""
SCREEN_MIN_PX = 2
"""No screen is smaller; a browser without a window may say it is 0 or 1 px wide."""


def is_impossible(events: Sequence[Event], kinds: Mapping[type[Event], int], client: Client | None) -> bool:
    """Return True where no person can have done this, or nobody can have seen it.

    Args:
        kinds: How many of each record there are among ``events`` at most.
    """
    if client is not None and client.scr is not None and min(client.scr) < SCREEN_MIN_PX:
        return True
    return any(
        kinds.get(kind, 0) > most and _is_burst([e.t for e in events if type(e) is kind], most)
        for kind, most in ((Click, CLICKS_MAX), (Pageview, PAGEVIEWS_MAX))
    )


def _is_burst(moments: list[int], most: int) -> bool:
    """Return True where more than ``most`` of these lie within a second."""
    ordered = sorted(moments)
    return any(later - first < BURST_MS for first, later in zip(ordered, ordered[most:], strict=False))
