"""The present on a screen, and in one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.render.grid import Grid, Role, Style
from usertrack_cli.render.numbers import count_text
from usertrack_cli.render.text import ascii_text, safe_text
from usertrack_cli.render.transcript import selector_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.grid import Capabilities

_TICKS, _ASCII_TICKS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
_BOLD, _QUIET, _HEAD = Style(bold=True), Style(Role.MUTED), Style(Role.LINK, bold=True)
_WIDE_MIN = 72
"""Columns from which pages and clicks stand beside each other."""
_LINE_PAGES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of the present, in plain values.

    Attributes:
        pages: Page and sessions on it, the fullest first.
        events: Of each of the last seconds, the oldest first.
        clicks: When, page, selector and label, the newest first.
        bots: Sessions of bots that are left out.
    """

    site: str
    zone: ZoneInfo
    at_ms: int
    sessions: int
    mobile: int
    per_second: float
    pageviews: int
    pages: Sequence[tuple[str, int]]
    events: Sequence[int]
    clicks: Sequence[tuple[int, str, str, str]]
    bots: int = 0


def screen(shown: Shown, *, width: int, height: int, capabilities: Capabilities) -> Grid:
    """Return the whole screen; what does not fit is left out from below."""
    grid = Grid(width, height)
    moment = f"{_clock(shown.at_ms, shown.zone)} {shown.zone}"
    grid.write(1, 0, f"usertrack live  {shown.site}", _BOLD)
    grid.write(max(width - len(moment) - 1, 1), 0, moment, _QUIET)
    x = 1
    for figure, meaning in (
        (f"{shown.sessions:,}", "session now" if shown.sessions == 1 else "sessions now"),
        (f"{shown.mobile:,}", "mobile"),
        (f"{shown.per_second:.1f}", "events/s"),
        (f"{shown.pageviews:,}", "pageviews in a minute"),
    ):
        x += grid.write(x, 2, figure, _BOLD)
        x += grid.write(x + 1, 2, meaning, _QUIET) + 4
    ticks = _TICKS if capabilities.is_unicode else _ASCII_TICKS
    room = max(min(width - 2, len(shown.events)), 0)
    grid.write(1, 3, sparkline(shown.events[len(shown.events) - room :], ticks), Style(Role.BUTTON))
    _lists(grid, shown)
    grid.clear(0, height - 1, width)
    bots = f"  {_left_out(shown)}; --include-bots counts them" if shown.bots else ""
    grid.write(1, height - 1, f"q quits{bots}", _QUIET)
    return grid if capabilities.is_unicode else grid.in_ascii()


def _lists(grid: Grid, shown: Shown) -> None:
    top, rows = 5, grid.height - 7
    is_wide = grid.width >= _WIDE_MIN
    split = grid.width // 2 if is_wide else grid.width
    grid.write(1, top, "Pages now", _HEAD, cells=split - 2)
    pages = list(shown.pages)[: rows if is_wide else max(rows // 2 - 1, 1)]
    for y, (page, sessions) in enumerate(pages, start=top + 1):
        grid.write(1, y, f"{sessions:>5,}", _BOLD)
        grid.write(8, y, page, cells=split - 10)
    if not pages:
        grid.write(1, top + 1, "nobody is here", _QUIET)
    left, top = (split + 1, top) if is_wide else (1, top + max(len(pages), 1) + 2)
    grid.write(left, top, "Last clicks", _HEAD)
    for y, (at_ms, page, selector, text) in enumerate(shown.clicks, start=top + 1):
        if y >= grid.height - 1:
            break
        x = left + grid.write(left, y, _clock(at_ms, shown.zone), _QUIET) + 1
        x += grid.write(x, y, target(selector, text), cells=max((grid.width - x) * 2 // 3, 1))
        grid.write(x, y, f"  {page}", _QUIET, cells=max(grid.width - x - 1, 0))


def line(shown: Shown, *, is_unicode: bool = True) -> str:
    """Return the present in one line of plain text."""
    pages = ", ".join(f"{page} {sessions:,}" for page, sessions in shown.pages[:_LINE_PAGES])
    more = len(shown.pages) - _LINE_PAGES
    parts = [
        _clock(shown.at_ms, shown.zone),
        count_text(shown.sessions, "session"),
        f"{shown.per_second:.1f} events/s",
        count_text(shown.pageviews, "pageview") + " in a minute",
    ]
    parts += [pages + (f" and {more:,} more" if more > 0 else "")] if pages else []
    if shown.clicks:
        at_ms, page, selector, text = shown.clicks[0]
        parts.append(f"clicked {target(selector, text)} on {page} at {_clock(at_ms, shown.zone)}")
    parts += [_left_out(shown)] if shown.bots else []
    said = safe_text(" · ".join(parts))
    return said if is_unicode else ascii_text(said)


def _left_out(shown: Shown) -> str:
    return f"{count_text(shown.bots, 'session')} of bots left out"


def target(selector: str, text: str) -> str:
    """Return what was clicked in a few words: its label, else the end of its selector."""
    return f"“{safe_text(text)}”" if text else selector_text(selector) or "the page"


def sparkline(values: Sequence[int], ticks: str = _TICKS) -> str:
    """Return one character a value; nothing is a blank."""
    peak = max(values, default=0)
    top = len(ticks) - 1
    return "".join(ticks[round(value / peak * top)] if value else " " for value in values)


def _clock(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=zone).strftime("%H:%M:%S")
