"""What stands around the page: header, scroll bar, list of events, status, and the bar of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.render.grid import Grid, Role, Style
from usertrack_cli.render.text import cell_width, safe_text
from usertrack_cli.render.transcript import MomentKind, clock_text

if TYPE_CHECKING:
    from usertrack_cli.render.geometry import Scale
    from usertrack_cli.render.scene import Scene
    from usertrack_cli.render.timeline import Timeline

RECENT_MS = 2_500
SESSION_CHARACTERS = 8
"""Enough of an id to name the session in another command."""
TITLE_CELLS_MIN = 8
WIDTHS_MAX = 8
"""Bars that are kept; a window that is being resized makes many."""
GAP_SHOWN_MS = 30_000

SCROLL_THUMB, SCROLL_TRACK, PLAYED, UNPLAYED, POSITION, GAP, NOW = "┃│━─▮≈▸"
_MUTED = Style(Role.MUTED)
_FAINT = Style(Role.FAINT, dim=True)
_MARKS: dict[MomentKind, tuple[str, Style]] = {
    MomentKind.AWAY: ("◌", Style(Role.MUTED)),
    MomentKind.INPUT: ("▪", Style(Role.FIELD, bold=True)),
    MomentKind.CLICK: ("●", Style(Role.CLICK)),
    MomentKind.PAGE: ("┃", Style(Role.LINK, bold=True)),
    MomentKind.TAG: ("★", Style(Role.CUSTOM)),
    MomentKind.CUSTOM: ("★", Style(Role.CUSTOM, bold=True)),
    MomentKind.ERROR: ("!", Style(Role.RAGE, bold=True)),
    MomentKind.RAGE: ("✖", Style(Role.RAGE, bold=True)),
    MomentKind.NOTE: ("“", Style(Role.CUSTOM, bold=True)),
}
"""What stands for a moment on the bar; of two in one cell the later of this list."""
_WEIGHTS = {kind: weight for weight, kind in enumerate(_MARKS)}


def draw_header(grid: Grid, timeline: Timeline, scene: Scene) -> None:
    """Draw what is watched: session, page, title, and as many facts as fit."""
    recording, pageview = timeline.recording, scene.pageview
    place = f"{pageview.number}/{len(timeline.pageviews)}"
    x = 1 + grid.write(1, 0, recording.session[:SESSION_CHARACTERS], _MUTED)
    x += 2 + grid.write(x + 2, 0, f"page {place}", _MUTED)
    x += 2 + grid.write(x + 2, 0, pageview.page, Style(bold=True), cells=max(grid.width // 2, 12))
    title = f"“{safe_text(pageview.title)}”" if pageview.title else ""
    facts: list[str | None] = [] if scene.is_own_layout else ["borrowed layout"]
    facts += [recording.country, recording.browser, "{}×{}".format(*scene.viewport)]
    facts += [recording.device, recording.os]
    shown = [safe_text(fact, cells=24) for fact in facts if fact]
    # The title gets its room first, up to a third of the row; then as many facts as fit.
    room = grid.width - x - 5 - min(cell_width(title), grid.width // 3)
    while shown and cell_width(" · ".join(shown)) > room:
        shown.pop()
    right = grid.width - 1 - cell_width(" · ".join(shown))
    grid.write(right, 0, " · ".join(shown), _MUTED)
    if title and right - x - 4 >= TITLE_CELLS_MIN:
        grid.write(x + 2, 0, title, cells=right - x - 4)


def draw_status(grid: Grid, timeline: Timeline, at_ms: int, *, y: int) -> None:
    """Draw the last thing that happened."""
    index = timeline.moment_index(at_ms)
    if index < 0:
        return
    moment = timeline.moments[index]
    _, style = _MARKS.get(moment.kind, ("", Style()))
    x = 1 + grid.write(1, y, NOW, style)
    x += 1 + grid.write(x + 1, y, clock_text(moment.at_ms, tenths=True), _MUTED)
    grid.write(x + 2, y, moment.text, Style(style.role, bold=at_ms - moment.at_ms <= RECENT_MS))


def draw_events(grid: Grid, timeline: Timeline, at_ms: int, *, left: int, top: int, bottom: int) -> None:
    """Draw what happens around an instant, one line each."""
    moments, rows = timeline.moments, max(bottom - top, 0)
    now = timeline.moment_index(at_ms)
    first = min(max(now - rows * 2 // 3, 0), max(len(moments) - rows, 0))
    for y, index in enumerate(range(first, min(first + rows, len(moments))), start=top):
        moment = moments[index]
        mark, style = _MARKS.get(moment.kind, (" ", _MUTED))
        is_ahead, is_now = index > now, index == now
        grid.write(left, y, NOW if is_now else " ", Style(Role.POINTER, bold=True))
        grid.write(left + 1, y, clock_text(moment.at_ms), _FAINT if is_ahead else _MUTED)
        x = left + 3 + len(clock_text(moment.at_ms))
        grid.write(x - 1, y, mark, _FAINT if is_ahead else style)
        grid.write(x + 1, y, moment.text, _FAINT if is_ahead else Style(bold=is_now))


def draw_scroll_bar(grid: Grid, scene: Scene, scale: Scale) -> None:
    """Draw how much of the page shows and where; the thumb is at least one cell high."""
    top = max(scene.scrolling.y, 0) * scale.rows // scene.document_h
    bottom = (max(scene.scrolling.y, 0) + scene.viewport[1]) * scale.rows // scene.document_h
    top = min(top, scale.rows - 1)
    for y in range(scale.rows):
        is_thumb = top <= y < max(bottom, top + 1) and scene.document_h > scene.viewport[1]
        character, style = (SCROLL_THUMB, _MUTED) if is_thumb else (SCROLL_TRACK, _FAINT)
        grid.put(scale.columns, 1 + y, character, style)


class Bar:
    """The bar of a session, with its marks; idle time takes no room on it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._rows: dict[int, tuple[list[str], list[Style]]] = {}

    def draw(self, grid: Grid, at_ms: int, *, y: int) -> None:
        """Draw the bar into a row: marks, what was played, where it stands."""
        timeline = self._timeline
        start = f" {clock_text(at_ms, tenths=True)} "
        end = f" {clock_text(timeline.duration_ms)} "
        cells = grid.width - len(start) - len(end)
        if cells < 4 or y < 1:
            return
        marks, styles = self._rows.get(cells) or self._marked(cells)
        position = self._cell(at_ms, cells)
        x = len(start)
        grid.write(0, y, start, Style(bold=True))
        grid.write(x + cells, y, end, _MUTED)
        grid.characters[y][x : x + cells] = [
            mark or (PLAYED if place < position else UNPLAYED) for place, mark in enumerate(marks)
        ]
        grid.styles[y][x : x + cells] = styles
        grid.put(x + position, y, POSITION, Style(Role.POINTER, bold=True))

    def _cell(self, at_ms: int, cells: int) -> int:
        watched_ms = self._timeline.watched_ms(self._timeline.duration_ms)
        return min(self._timeline.watched_ms(at_ms) * cells // max(watched_ms, 1), cells - 1)

    def _marked(self, cells: int) -> tuple[list[str], list[Style]]:
        """Return the marks of a bar on which idle time takes no room, blank where there is none."""
        marks, styles = [""] * cells, [_MUTED] * cells
        weights = [-2] * cells
        for start_ms, end_ms in self._timeline.idle:
            if end_ms - start_ms >= GAP_SHOWN_MS:
                place = self._cell(start_ms, cells)
                marks[place], weights[place] = GAP, -1
        for moment in self._timeline.moments:
            place, weight = self._cell(moment.at_ms, cells), _WEIGHTS.get(moment.kind, -3)
            if weight > weights[place]:
                marks[place], styles[place] = _MARKS[moment.kind]
                weights[place] = weight
        if len(self._rows) >= WIDTHS_MAX:
            self._rows.clear()
        self._rows[cells] = marks, styles
        return marks, styles
