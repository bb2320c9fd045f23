"""What the counting tier adds to the overview: pages seen by visitors of whom nothing is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from usertrack_cli import clock
from usertrack_cli.naming import group_of
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

_COLUMNS = {
    "page": "page",
    "country": "country",
    "referrer": "referrer",
    "hour": "hour_at",
    "weekday": "hour_at",
    "day": "hour_at",
}
"""What both tiers know, and how the counting tier calls it."""
_UNKNOWN = ("page", "device", "browser", "session", "tag", "referrer", "utm", "clicked")
"""What a filter can ask for that the counting tier does not know, or knows of a page and not of a session."""
_OTHER_SOURCES = ("log", "rrweb")
_FORMATS = {"hour": "%H:00", "weekday": "%u %a", "day": "%Y-%m-%d"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Totals of a range.

    Attributes:
        pageviews: Beside the recorded ones: counted, less those of visitors who then accepted.
        by_key: The same for each key of the groups, where both tiers know it.
    """

    pageviews: int
    banner_shown: int
    banner_accepted: int
    banner_declined: int
    by_key: dict[str, int]


def counted(home: Home, chosen: Filter, *, by: str | None, zone: ZoneInfo) -> Counted | None:
    """Return the totals that belong to the filter, or ``None`` where it asks for what was never counted."""
    if any(getattr(chosen, name) for name in _UNKNOWN) or chosen.source in _OTHER_SOURCES:
        return None
    from usertrack_cli.store import catalog
    from usertrack_cli.store.counts import counted_by

    column = _COLUMNS.get(by or "", "width_class")
    with closing(catalog.connect(home)) as con:
        rows = counted_by(
            con,
            site=chosen.site or "default",
            from_ms=chosen.from_ms or 0,
            until_ms=clock.now_ms() if chosen.to_ms is None else chosen.to_ms,
            column=column,
            country=chosen.country,
            width_class=chosen.width_class,
        )
    totals: Counter[str] = Counter()
    by_key: Counter[str] = Counter()
    key_of = _key_of(by, chosen, zone)
    for name, value, total in rows:
        totals[name] += total
        sign = {"pageview": 1, "banner_accepted": -1}.get(name, 0)
        if sign and by in _COLUMNS:
            by_key[key_of(value)] += sign * total
    return Counted(
        pageviews=max(0, totals["pageview"] - totals["banner_accepted"]),
        banner_shown=totals["banner_shown"],
        banner_accepted=totals["banner_accepted"],
        banner_declined=totals["banner_declined"],
        by_key={key: max(0, total) for key, total in by_key.items()},
    )


def _key_of(by: str | None, chosen: Filter, zone: ZoneInfo) -> Callable[[str | int], str]:
    """Return what turns a value of the counting tier into the key of a group."""
    if by in _FORMATS:
        shape = _FORMATS[by]
        return lambda value: datetime.fromtimestamp(int(value) / 1000, tz=zone).strftime(shape)
    if by == "page":
        return lambda value: group_of(str(value), chosen.groups) or "(none)"
    if by == "referrer":
        # One tier knows the host, the other the origin; almost every site has one scheme.
        return lambda value: f"https://{value}" if value else "(direct)"
    return lambda value: str(value) or "(none)"
