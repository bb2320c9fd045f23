"""What stands in a report but pages, funnels and replays: the figures, who came when, and friction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli import __version__, clock
from usertrack_cli.api.layouts import fields_of
from usertrack_cli.api.lists import sessions
from usertrack_cli.api.overviews import Overview, overview
from usertrack_cli.api.pictures import OnStep, dates
from usertrack_cli.naming import Conversion
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.queries.overview import Figures
    from usertrack_cli.queries.sessions import SessionRow
    from usertrack_cli.render.report.content import (
        Bar,
        Breakdown,
        Report,
        ScriptError,
        SessionShown,
        Snag,
        Tile,
    )

ROWS, SNAGS, SESSIONS = 10, 15, 10
"""Rows of a breakdown, elements that people got stuck on, sessions to watch: what is read at one sitting."""

_BREAKDOWNS = (
    ("entry", "Entry pages", "page"),
    ("exit", "Exit pages", "page"),
    ("referrer", "Referrers", "site"),
    ("utm_source", "Campaigns", "utm_source"),
    ("country", "Countries", "country"),
    ("device", "Devices", "device"),
    ("browser", "Browsers", "browser"),
    ("os", "Operating systems", "system"),
    ("tag", "Tags", "tag"),
)
_UNKNOWN = "(none)"
_TILES = (
    ("sessions", "sessions", "Sessions", "count", None),
    ("visitors", "visitors", "Visitors", "count", None),
    ("pageviews", "pageviews", "Pageviews", "count", None),
    ("bounce", "bounce_ratio", "Bounce rate", "share", False),
    ("active", "active_ms", "Active time", "duration", True),
    ("depth", "depth_ratio", "Scroll depth", "share", True),
    ("rage", "rage_per_1000", "Rage per 1,000 clicks", "rate", False),
    ("dead", "dead_per_1000", "Dead per 1,000 clicks", "rate", False),
)


def content_of(
    home: Home,
    chosen: Filter,
    *,
    zone: ZoneInfo | None,
    funnels: Sequence[Conversion],
    facts: Sequence[str],
    on_step: OnStep,
) -> tuple[Report, list[SessionRow]]:
    """Return all but pages, funnels and replays, and the sessions with most friction."""
    from usertrack_cli.render.report.content import Report

    name = str(zone or "UTC")
    on_step(0.05, "counting sessions")
    conversion = funnels[0] if funnels else None
    is_bounded = chosen.from_ms is not None
    found = overview(home, chosen, zone=zone, with_previous=is_bounded, conversion=conversion)
    on_step(0.15, "telling sessions apart")
    groups = _groups(home, chosen, zone=name)
    told = [_breakdown(title, heading, groups[by]) for by, title, heading in _BREAKDOWNS]
    on_step(0.4, "looking for friction")
    snags, errors = _troubles(home, chosen)
    rows = [row for row in sessions(home, chosen, order="friction", limit=100) if row.friction]
    now_ms = clock.now_ms()
    return Report(
        site=chosen.site or "default",
        dates=dates(chosen, zone),
        zone=name,
        written_at=datetime.fromtimestamp(now_ms / 1000, tz=ZoneInfo(name)).strftime("%Y-%m-%d %H:%M"),
        version=__version__,
        facts=tuple(facts),
        tiles=_tiles(found, conversion),
        days=_days(chosen, groups["day"], zone=name, now_ms=now_ms),
        hours=_hours(groups["hour"]),
        breakdowns=tuple(each for each in told if each is not None),
        pages=(),
        snags=snags,
        errors=errors,
        sessions=tuple(_session_shown(row, zone=name) for row in rows[:SESSIONS]),
        funnels=(),
        replays=(),
        footnotes=_footnotes(found),
    ), rows


def _groups(home: Home, chosen: Filter, *, zone: str) -> dict[str, list[Figures]]:
    """Return the sessions told apart by every property that a report shows, from one snapshot."""
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.overview import ROWS_MAX, Asked, By, groups

    limits = {by: ROWS for by, _, _ in _BREAKDOWNS} | {"day": ROWS_MAX, "hour": 24}
    asked = Asked(zone=zone, fields=fields_of(home, chosen))
    return ask(
        home,
        chosen,
        lambda con: {by: groups(con, chosen, By(by), asked, limit=most) for by, most in limits.items()},
        needs_tags=True,
        needs_bots=True,
    )


def _tiles(found: Overview, conversion: Conversion | None) -> tuple[Tile, ...]:
    from usertrack_cli.queries.overview import DEFINITIONS
    from usertrack_cli.render.report.content import Tile

    before = found.before if found.before is not None and found.before.sessions else None
    tiles = [
        Tile(
            title=title,
            value=getattr(found.total, field),
            before=None if before is None else getattr(before, field),
            shows=shows,
            is_better_higher=is_better_higher,
            meaning=DEFINITIONS[name],
        )
        for name, field, title, shows, is_better_higher in _TILES
    ]
    if conversion is not None:
        tiles.append(
            Tile(
                title=f"Conversion: {conversion.name}",
                value=_conversion_ratio(found.total),
                before=None if before is None else _conversion_ratio(before),
                shows="share",
                is_better_higher=True,
                meaning=f"share of sessions that went through {' → '.join(conversion.steps)}, in order",
            )
        )
    return tuple(tiles)


def _conversion_ratio(figures: Figures) -> float | None:
    return (figures.conversions or 0) / figures.sessions if figures.sessions else None


def _days(chosen: Filter, groups: Sequence[Figures], *, zone: str, now_ms: int) -> tuple[Bar, ...]:
    """Return a bar for every day of the range, from the first one that had anything at the latest."""
    from usertrack_cli.render.report.content import Bar

    counted = {each.key or "": each.sessions for each in groups}
    if not counted:
        return ()
    first = min(counted) if chosen.from_ms is None else _day(chosen.from_ms, zone)
    last = _day(now_ms if chosen.to_ms is None else min(chosen.to_ms - 1, now_ms), zone)
    start, count = date.fromisoformat(first), (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    days = [start + timedelta(days=turn) for turn in range(max(count, 1))]
    return tuple(
        Bar(label=str(day), short=f"{day.day} {day:%b}", value=counted.get(str(day), 0)) for day in days
    )


def _day(moment_ms: int, zone: str) -> str:
    return str(datetime.fromtimestamp(moment_ms / 1000, tz=ZoneInfo(zone)).date())


def _hours(groups: Sequence[Figures]) -> tuple[Bar, ...]:
    from usertrack_cli.render.report.content import Bar

    counted = {each.key: each.sessions for each in groups}
    names = [f"{hour:02}:00" for hour in range(24)]
    return tuple(Bar(label=name, short=name, value=counted.get(name, 0)) for name in names)


def _breakdown(title: str, heading: str, groups: Sequence[Figures]) -> Breakdown | None:
    """Return the groups; ``None`` where nothing is known that could tell sessions apart."""
    from usertrack_cli.render.report.content import Breakdown, Group

    if not any(each.key != _UNKNOWN for each in groups):
        return None
    rows = tuple(
        Group(
            label=each.key or _UNKNOWN,
            sessions=each.sessions,
            bounce_ratio=each.bounce_ratio,
            active_ms=each.active_ms,
        )
        for each in groups
    )
    return Breakdown(title=title, heading=heading, groups=rows)


def _troubles(home: Home, chosen: Filter) -> tuple[tuple[Snag, ...], tuple[ScriptError, ...]]:
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.snags import script_errors, snags
    from usertrack_cli.render.report.content import ScriptError, Snag

    fields = fields_of(home, chosen)
    stuck, broken = ask(
        home,
        chosen,
        lambda con: (snags(con, chosen, limit=SNAGS, fields=fields), script_errors(con, chosen, limit=SNAGS)),
        needs_bots=True,
    )
    return tuple(Snag(**asdict(each)) for each in stuck), tuple(ScriptError(**asdict(each)) for each in broken)


def _session_shown(row: SessionRow, *, zone: str) -> SessionShown:
    from usertrack_cli.render.report.content import SessionShown

    started = datetime.fromtimestamp(row.started_at / 1000, tz=ZoneInfo(zone))
    return SessionShown(
        session=row.session,
        started=started.strftime("%Y-%m-%d %H:%M"),
        duration_ms=row.duration_ms,
        pageviews=row.pageviews,
        clicks=row.clicks,
        rage=row.rage,
        dead=row.dead,
        errors=row.errors,
        entry_page=row.entry_page,
        device=row.device or "",
    )


def _footnotes(found: Overview) -> tuple[str, ...]:
    bots, counted = found.bots, found.counted
    notes = []
    if bots:
        notes.append(f"{bots:,} session{' of a bot is' if bots == 1 else 's of bots are'} not counted.")
    if counted is not None and counted.pageviews:
        notes.append(f"{counted.pageviews:,} further pageviews were counted before consent, of nobody.")
    return (
        *notes,
        "Visitors who declined to be recorded are in none of these figures.",
        "Each picture is drawn for the width of screen that most sessions had, and says so.",
    )
