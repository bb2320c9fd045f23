"""Whether a site's traffic is as usual: events for each pageview, and the pageviews of its pages.

A snippet that breaks records nothing, and what was not recorded cannot be had later; so the last 24
hours are held against the site's own past. Days without any pageview count as breakdowns, not as usual.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from usertrack_cli.clock import DAY_MS
from usertrack_cli.naming import PageGroup
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.traffic import Traffic

Status = Literal["ok", "warning", "unknown"]

DAYS_MIN, WEEKS_MIN = 7, 3
"""Days that make a baseline; from so many weeks on a weekday is compared with itself alone."""
PAGEVIEWS_MIN = 50
"""Pageviews a day below which chance says more than anything else."""
PAGES_MAX = 50
FALL, RISE = 0.5, 2.0
"""How far below its quieter and above its busier days a count may lie, besides chance."""
SIGMAS = 3.0
"""Chance: so many standard deviations of a Poisson count."""
RATIO_FALL, RATIO_RISE = 0.6, 1.7
"""The same for events of a pageview, which differ much less from day to day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficFinding:
    """One figure of the last 24 hours against its own baseline.

    Attributes:
        check: ``events per pageview`` or ``pageviews``.
        page: ``None`` for all of the site.
        low: Least that is still usual; ``None``, like ``high``, where there is no baseline yet.
    """

    site: str
    check: str
    page: str | None
    status: Status
    now: float
    low: float | None
    high: float | None


def examine_traffic(
    home: Home, sites: Sequence[tuple[str, tuple[PageGroup, ...]]], *, now_ms: int
) -> list[TrafficFinding]:
    """Return what was looked at, site by site, the site as a whole first.

    Args:
        sites: Each with its groups of pages.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.traffic import WINDOWS, traffic

    findings = []
    for site, groups in sites:
        chosen = Filter(site=site, from_ms=now_ms - WINDOWS * DAY_MS, groups=groups)
        found = ask(home, chosen, lambda con, chosen=chosen: traffic(con, chosen, now_ms=now_ms))  # type: ignore[misc]
        findings += judged(site, found)
    return findings


def judged(site: str, found: Traffic) -> list[TrafficFinding]:
    """Return the findings of one site; nothing where nothing was ever recorded."""
    if not any(found.pageviews):
        return []
    findings = [_ratio(site, found), _count(site, None, found.pageviews)]
    usual = {page: _middle(counts[1:]) for page, counts in found.pages.items()}
    busiest = sorted(found.pages, key=lambda page: (-usual[page], page))[:PAGES_MAX]
    return findings + [
        _count(site, page, found.pages[page]) for page in busiest if usual[page] >= PAGEVIEWS_MIN
    ]


def _ratio(site: str, found: Traffic) -> TrafficFinding:
    ratios = [
        events / pageviews if pageviews >= PAGEVIEWS_MIN else 0.0
        for events, pageviews in zip(found.events, found.pageviews, strict=True)
    ]
    now = found.events[0] / found.pageviews[0] if found.pageviews[0] else 0.0
    days = _baseline(ratios)
    if not days or found.pageviews[0] < PAGEVIEWS_MIN:
        # With too few pageviews the count of pageviews says what there is to say.
        return _finding(site, "events per pageview", None, now, None, None)
    low, high = RATIO_FALL * _quantile(days, 0.1), RATIO_RISE * _quantile(days, 0.9)
    return _finding(site, "events per pageview", None, now, low, high)


def _count(site: str, page: str | None, counts: Sequence[int]) -> TrafficFinding:
    days = _baseline(counts)
    if not days or _quantile(days, 0.5) < PAGEVIEWS_MIN:
        return _finding(site, "pageviews", page, counts[0], None, None)
    quiet, busy = _quantile(days, 0.1), _quantile(days, 0.9)
    low = FALL * quiet - SIGMAS * math.sqrt(quiet)
    high = RISE * busy + SIGMAS * math.sqrt(busy)
    return _finding(site, "pageviews", page, counts[0], max(low, 1.0), high)


def _finding(
    site: str, check: str, page: str | None, now: float, low: float | None, high: float | None
) -> TrafficFinding:
    status: Status = "unknown"
    if low is not None and high is not None:
        status = "ok" if low <= now <= high else "warning"
    rounded = [None if bound is None else round(bound, 1) for bound in (low, high)]
    return TrafficFinding(
        site=site, check=check, page=page, status=status, now=round(now, 1), low=rounded[0], high=rounded[1]
    )


def _baseline(values: Sequence[float]) -> list[float]:
    """Return the days to compare with: the same weekdays, or all where there are too few; empty for neither."""
    weekly = [value for value in values[7::7] if value]
    if len(weekly) >= WEEKS_MIN:
        return sorted(weekly)
    daily = [value for value in values[1:] if value]
    return sorted(daily) if len(daily) >= DAYS_MIN else []


def _middle(values: Sequence[int]) -> float:
    seen = sorted(value for value in values if value)
    return _quantile(seen, 0.5) if seen else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the ordered values lie, straight between two of them."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
