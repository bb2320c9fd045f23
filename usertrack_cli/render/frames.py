"""A recording at an instant, drawn: the page with all that moves on it, and the rows around it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from usertrack_cli.render.chrome import Bar, draw_events, draw_header, draw_scroll_bar, draw_status
from usertrack_cli.render.geometry import Scale
from usertrack_cli.render.grid import Grid, Role, Style
from usertrack_cli.render.layout import FIXED, BoxKind, Layout
from usertrack_cli.render.recording import TOUCH
from usertrack_cli.render.text import cell_width, safe_text
from usertrack_cli.render.timeline import Timeline
from usertrack_cli.render.trail import (
    FLASH_MS,
    GONE_MS,
    POINTS_MAX,
    RAGE_MARK_MS,
    draw_click,
    draw_pointer,
    draw_rage,
    draw_trail,
    trail_point,
)
from usertrack_cli.render.transcript import MomentKind
from usertrack_cli.render.wireframe import Wireframe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.geometry import Scrolling
    from usertrack_cli.render.grid import Capabilities
    from usertrack_cli.render.recording import Recording
    from usertrack_cli.render.scene import Pointing, Scene

WIDTH_MIN, HEIGHT_MIN = 40, 12
"""A smaller screen shows no page, only what happened."""
CELL_RATIO = 2
"""A cell is about twice as high as it is wide."""
STRETCH_MAX = 1.35
"""How far a page may be drawn out of shape to fill the screen."""
NARROW_STRETCH_MAX = 1.8
"""The same for pages that are narrow in any case: there letters matter more than shape."""
EVENTS_WIDTH = 36
EVENTS_WIDTH_MIN = 24
WIREFRAMES_MAX, VIEWS_MAX = 8, 32
"""Drawn pages and scrolled views that are kept; a window that is being resized makes many."""

TYPED = "•"
_FAINT = Style(Role.FAINT, dim=True)


def frame(recording: Recording, at_ms: int, *, width: int, height: int, capabilities: Capabilities) -> Grid:
    """Return one frame; to draw many of one recording keep a ``Screenplay``, which works it out once."""
    return Screenplay(recording).frame(at_ms, width=width, height=height, capabilities=capabilities)


class Screenplay:
    """A recording ready to be drawn at any instant, in any order, at any size.

    What it keeps between frames only saves time: a frame depends on its arguments alone.
    """

    def __init__(self, recording: Recording) -> None:
        self.timeline = Timeline(recording)
        self._wireframes: dict[tuple[str, str, Scale], Wireframe] = {}
        self._views: dict[tuple[int, Scrolling], Grid] = {}
        self._bar = Bar(self.timeline)

    def frame(
        self,
        at_ms: int,
        *,
        width: int,
        height: int,
        capabilities: Capabilities,
        shows_events: bool = False,
        events_width: int = EVENTS_WIDTH,
    ) -> Grid:
        """Return the screen at an instant.

        Args:
            at_ms: Since the session started; held within the recording.
            shows_events: Puts what happened beside the page, where the screen is wide enough. It stands
                there in any case beside a page that is narrow.
            events_width: Columns of that list; all of them leave no page.
        """
        at_ms = min(max(at_ms, 0), self.timeline.duration_ms)
        grid = Grid(width, height)
        scene = self.timeline.scene(at_ms)
        draw_header(grid, self.timeline, scene)
        if width < WIDTH_MIN or height < HEIGHT_MIN or (shows_events and events_width >= width):
            draw_events(grid, self.timeline, at_ms, left=1, top=1, bottom=height - 1)
        else:
            scale = _scale(scene.viewport, width - 1 - events_width * shows_events, height - 3)
            _place(grid, self._page(scene, scale), top=1)
            draw_scroll_bar(grid, scene, scale)
            if width - scale.columns - 2 >= EVENTS_WIDTH_MIN:
                draw_events(grid, self.timeline, at_ms, left=scale.columns + 2, top=1, bottom=height - 2)
            draw_status(grid, self.timeline, at_ms, y=height - 2)
        self._bar.draw(grid, at_ms, y=height - 1)
        return grid if capabilities.is_unicode else grid.in_ascii()

    def _page(self, scene: Scene, scale: Scale) -> Grid:
        wireframe = self._wireframe(scene, scale)
        key = (id(wireframe), scene.scrolling)
        if key not in self._views:
            _make_room(self._views, VIEWS_MAX)
            self._views[key] = wireframe.view(scene.scrolling)
        view = self._views[key].copy()
        if scene.layout is None:
            _draw_notice(view, f"no layout of {safe_text(scene.pageview.page, cells=40)} was kept")
        _draw_typing(view, wireframe, scene)
        if scene.is_visible:
            self._draw_pointing(view, wireframe, scene)
            if not scene.is_focused:
                text = " another window has the focus "
                view.write(max(view.width - cell_width(text), 0), view.height - 1, text, Style(reverse=True))
        else:
            view.styles = [[_FAINT] * view.width for _ in range(view.height)]
            _draw_notice(view, "the tab is in the background")
        return view

    def _wireframe(self, scene: Scene, scale: Scale) -> Wireframe:
        layout = scene.layout or Layout(scene.pageview.page, "", *scene.viewport, *scene.viewport, ())
        key = (layout.page, layout.hash, scale)
        if key not in self._wireframes:
            if len(self._wireframes) >= WIREFRAMES_MAX:
                self._views.clear()
            _make_room(self._wireframes, WIREFRAMES_MAX)
            self._wireframes[key] = Wireframe(layout, scale)
        return self._wireframes[key]

    def _draw_pointing(self, view: Grid, wireframe: Wireframe, scene: Scene) -> None:
        timeline, at_ms = self.timeline, scene.at_ms
        start = bisect_left(timeline.pointing_times, at_ms - GONE_MS)
        end = bisect_right(timeline.pointing_times, at_ms)
        start = max(start, end - POINTS_MAX)
        recent = [point for point in timeline.pointings[start:end] if point.pageview == scene.pageview.number]
        moved = [point for point in recent if not point.event.has(TOUCH)]
        scale, scrolling = wireframe.scale, scene.scrolling
        draw_trail(
            view,
            [trail_point(at_ms - p.at_ms, p.x, p.y, scale=scale, scrolling=scrolling) for p in moved],
        )
        pointer = timeline.pointings[end - 1] if end else None
        if pointer is not None and not pointer.event.has(TOUCH) and _is_inside(pointer.x, pointer.y, scene):
            draw_pointer(view, *_cell(wireframe, pointer, (pointer.x, pointer.y), scene))
        self._draw_clicks(view, wireframe, scene, recent)

    def _draw_clicks(self, view: Grid, wireframe: Wireframe, scene: Scene, recent: Sequence[Pointing]) -> None:
        timeline = self.timeline
        first = bisect_left(timeline.moment_times, scene.at_ms - RAGE_MARK_MS)
        last = timeline.moment_index(scene.at_ms)
        rages = {m.at_ms: m for m in timeline.moments[first : last + 1] if m.kind is MomentKind.RAGE}
        for point in recent:
            event = point.event
            if event.kind != "click":
                continue
            age_ms = scene.at_ms - point.at_ms
            spot = wireframe.spots.get(event.selector or "")
            if spot is not None and age_ms <= FLASH_MS:
                rect = wireframe.on_screen(spot, scene.scrolling)
                if rect.top < rect.bottom:
                    view.restyle(rect.left, rect.top, rect.width, Style(Role.CLICK, reverse=True))
            x, y = point.x, point.y
            if not event.has(FIXED) and event.x is not None and event.y is not None:
                x, y = event.x - scene.scrolling.x, event.y - scene.scrolling.y
            if not _is_inside(x, y, scene):
                continue
            column, row = _cell(wireframe, point, (x, y), scene)
            if point.at_ms in rages:
                draw_rage(view, column, row, count=rages[point.at_ms].count)
            else:
                draw_click(view, column, row, age_ms=age_ms)


def _cell(wireframe: Wireframe, point: Pointing, at: tuple[int, int], scene: Scene) -> tuple[int, int]:
    """Return where a point is drawn; a click on the element that it hit, wherever the layout has that."""
    event = point.event
    spot = wireframe.spots.get(event.selector or "") if event.kind == "click" else None
    if spot is not None and event.element_x is not None and event.element_y is not None:
        place = wireframe.anchored(spot, (event.element_x, event.element_y), scene.scrolling)
        if place is not None:
            return place
    return wireframe.cell(*at, scene.scrolling)


def _scale(viewport: tuple[int, int], columns: int, rows: int) -> Scale:
    """Return the largest cells for a viewport that keep its shape as far as a reader needs it."""
    width, height = viewport
    fitting_rows = max(columns * height // (width * CELL_RATIO), 1)
    fitting_columns = max(rows * width * CELL_RATIO // height, 1)
    stretch = NARROW_STRETCH_MAX if width < height else STRETCH_MAX
    return Scale(
        columns=max(min(columns, int(fitting_columns * stretch)), 1),
        rows=max(min(rows, int(fitting_rows * STRETCH_MAX)), 1),
        viewport_w=width,
        viewport_h=height,
    )


def _place(grid: Grid, page: Grid, *, top: int) -> None:
    for y in range(min(page.height, grid.height - top)):
        grid.characters[top + y][: page.width] = page.characters[y]
        grid.styles[top + y][: page.width] = page.styles[y]


def _draw_notice(view: Grid, text: str) -> None:
    text = f" {text} "
    x = max((view.width - cell_width(text)) // 2, 0)
    view.write(x, view.height // 2, text, Style(bold=True, reverse=True))


def _draw_typing(view: Grid, wireframe: Wireframe, scene: Scene) -> None:
    """Draw what is in the fields: a dot for each character, or the text where it was kept."""
    for selector, (length, value) in scene.fields.items():
        spot = wireframe.spots.get(selector)
        if spot is None or spot.kind is not BoxKind.FIELD:
            continue
        rect = wireframe.on_screen(spot, scene.scrolling)
        room = rect.right - rect.left - 2
        if rect.top < rect.bottom and room > 0 and (value or length):
            shown = safe_text(value, cells=room) if value else TYPED * min(length, room)
            view.write(rect.left + 1, rect.top, shown, Style(Role.FIELD, bold=True))


def _is_inside(x: int, y: int, scene: Scene) -> bool:
    return 0 <= x < scene.viewport[0] and 0 <= y < scene.viewport[1]


def _make_room(kept: dict[Any, Any], most: int) -> None:
    """Forget the oldest entry of a cache that is full."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
