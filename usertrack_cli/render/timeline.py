"""A recording in time: what is true at any instant, and where nothing happens.

Everything is worked out once, in arrays sorted by time; an instant is found by bisection. So seeking
costs the same as playing on, and what is shown at an instant never depends on what was shown before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from usertrack_cli.render.geometry import Scrolling
from usertrack_cli.render.recording import KEYBOARD
from usertrack_cli.render.scene import Pageview, Pointing, Scene, State, pageviews_of, states_of
from usertrack_cli.render.transcript import MomentKind, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.layout import Layout
    from usertrack_cli.render.recording import Event, Recording

IDLE_MS = 1_000
"""A pause longer than this is idle: it plays for this long and the rest of it is skipped."""

_PASSIVE = frozenset(["active", "layout", "tag"])
"""Kinds that happen without the visitor: they interrupt no pause."""


class Timeline:
    """A recording made ready to be asked for any instant.

    Attributes:
        moments: What is worth telling, in order.
        pointings: Where the pointer was, in order; keyboard clicks left out.
        page_times: When each page was opened.
        idle: From when to when nothing worth watching happens, in order.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.moments = moments(recording)
        self.pageviews = pageviews_of(recording)
        events = recording.events
        last_ms = events[-1].at_ms if events else 0
        self.duration_ms = max(recording.duration_ms, last_ms, 1)
        self._times = [event.at_ms for event in events]
        self._states = states_of(self.pageviews, events)
        self.pointings = self._pointings(events)
        self._inputs = [
            [index for index in range(each.first, each.end) if events[index].kind == "input"]
            for each in self.pageviews
        ]
        # What was typed until the last instant asked for: frames in a row ask for the same.
        self._typed_key = (0, 0)
        self._typed: dict[str, tuple[int, str]] = {}
        self.pointing_times = [pointing.at_ms for pointing in self.pointings]
        self.moment_times = [moment.at_ms for moment in self.moments]
        self.page_times = [pageview.from_ms for pageview in self.pageviews]
        self.idle = _idle_spans(events, self.duration_ms)
        self._idle_ends = [end for _, end in self.idle]
        self._skipped = [0]
        for start, end in self.idle:
            self._skipped.append(self._skipped[-1] + end - start)

    def scene(self, at_ms: int) -> Scene:
        """Return what is true at an instant."""
        place = bisect_right(self._times, at_ms) - 1
        pageview = self.pageviews[self.page_index(at_ms)]
        state = self._states[max(place, pageview.first)] if self._states else State()
        layout, is_own = self._layout(pageview, state, at_ms)
        document_h = state.document_h or (layout.document_h if layout else 0)
        return Scene(
            at_ms=at_ms,
            pageview=pageview,
            layout=layout,
            is_own_layout=is_own,
            scrolling=Scrolling(*state.scroll, containers=state.containers),
            viewport=state.viewport,
            document_h=max(document_h, state.viewport[1]),
            is_visible=state.is_visible,
            is_focused=state.is_focused,
            fields=self._fields(pageview, place),
        )

    def page_index(self, at_ms: int) -> int:
        """Return which of the pageviews is shown."""
        return max(bisect_right(self.page_times, at_ms) - 1, 0)

    def moment_index(self, at_ms: int) -> int:
        """Return the last moment that has happened, or -1."""
        return bisect_right(self.moment_times, at_ms) - 1

    def neighbour_ms(self, times: Sequence[int], at_ms: int, *, is_forward: bool) -> int:
        """Return the next or the previous of sorted times, or the end of the recording on that side."""
        if is_forward:
            place = bisect_right(times, at_ms)
            return times[place] if place < len(times) else self.duration_ms
        place = bisect_left(times, at_ms) - 1
        return times[place] if place >= 0 else 0

    @property
    def highlight_ms(self) -> int:
        """The instant that a single picture shows: the first rage click, dead click, click, or the start."""
        clicks = [moment for moment in self.moments if moment.kind in {MomentKind.RAGE, MomentKind.CLICK}]
        ranked = sorted(
            clicks, key=lambda moment: (moment.kind is not MomentKind.RAGE, not moment.nothing, moment.at_ms)
        )
        return ranked[0].at_ms if ranked else 0

    def advanced(self, at_ms: int, by_ms: int, *, skips_idle: bool) -> int:
        """Return the instant after ``by_ms`` of watching, idle time left out where asked."""
        if not skips_idle:
            return min(at_ms + by_ms, self.duration_ms)
        return self.instant_ms(self.watched_ms(at_ms) + by_ms)

    def watched_ms(self, at_ms: int) -> int:
        """Return how long one has watched at an instant when idle time is skipped."""
        place = bisect_right(self._idle_ends, at_ms)
        skipped = self._skipped[place]
        if place < len(self.idle) and self.idle[place][0] < at_ms:
            skipped += at_ms - self.idle[place][0]
        return at_ms - skipped

    def instant_ms(self, watched_ms: int) -> int:
        """Return the instant that one sees after watching that long; the end of a pause, not its start."""
        low, high = 0, len(self.idle)
        while low < high:
            middle = (low + high) // 2
            if self.idle[middle][0] - self._skipped[middle] <= watched_ms:
                low = middle + 1
            else:
                high = middle
        return min(watched_ms + self._skipped[low], self.duration_ms)

    def _layout(self, pageview: Pageview, state: State, at_ms: int) -> tuple[Layout | None, bool]:
        """Return the layout to draw, and whether it was measured here and not in another session."""
        layouts = self.recording.layouts
        while True:
            shown: Layout | None = None
            for from_ms, name in pageview.layouts:
                # The first layout is measured a second after loading; it stands for that second too.
                if name in layouts and (shown is None or from_ms <= at_ms):
                    shown = layouts[name]
            if shown is not None or not pageview.is_continued or pageview.number == 1:
                break
            pageview = self.pageviews[pageview.number - 2]
        own = {name for each in self.pageviews for _, name in each.layouts}
        if shown is None:
            alike = [layout for layout in layouts.values() if layout.page == pageview.page]
            shown = min(alike, key=lambda layout: abs(layout.viewport_w - state.viewport[0]), default=None)
        return shown, shown is None or shown.hash in own

    def _fields(self, pageview: Pageview, place: int) -> dict[str, tuple[int, str]]:
        inputs = self._inputs[pageview.number - 1]
        key = (pageview.number, bisect_right(inputs, place))
        if key != self._typed_key:
            typed = {}
            for index in inputs[: key[1]]:
                event = self.recording.events[index]
                typed[event.selector or ""] = (max(event.value_length or 0, 0), event.value or "")
            self._typed_key, self._typed = key, typed
        return self._typed

    def _pointings(self, events: Sequence[Event]) -> list[Pointing]:
        pointings = []
        for pageview in self.pageviews:
            for index in range(pageview.first, pageview.end):
                event = events[index]
                is_pointed = event.kind in {"move", "click"} and not event.has(KEYBOARD)
                if is_pointed and event.x is not None and event.y is not None:
                    scroll_x, scroll_y = self._states[index].scroll
                    x, y = event.x - scroll_x, event.y - scroll_y
                    pointings.append(Pointing(event.at_ms, x, y, pageview.number, event))
        return pointings


def _idle_spans(events: Sequence[Event], duration_ms: int) -> list[tuple[int, int]]:
    """Return what to skip of each pause: half of what may stay is shown before it, half after."""
    active = [0, *(event.at_ms for event in events if event.kind not in _PASSIVE), duration_ms]
    spans = []
    for before, after in pairwise(active):
        if after - before > IDLE_MS:
            spans.append((before + IDLE_MS // 2, after - IDLE_MS // 2))
    return spans
