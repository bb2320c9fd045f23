"""What is true at an instant of a recording: page, layout, scrolling, size, what is typed into fields."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from usertrack_cli.render.geometry import Scrolling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usertrack_cli.render.layout import Layout
    from usertrack_cli.render.recording import Event, Recording

VIEWPORT = (1280, 800)
"""Assumed until an event or a layout says better."""
VIEWPORT_PX_MAX = 20_000
"""Nothing that shows a page is larger; more is a lie that would only cost memory."""

CONTAINERS_MAX = 16
"""Inner scrollers of a page whose places are kept; the latest, should a page have more."""

CONTINUED = "spa"
"""How a pageview came about that loaded nothing."""


@dataclass(frozen=True, slots=True)
class Pageview:
    """One page of the session.

    Attributes:
        first: Index of its first event; ``end`` is one after its last.
        layouts: When each layout of the page took over, and its hash.
        is_continued: The page changed its address without being loaded anew.
    """

    number: int
    page: str
    title: str
    from_ms: int
    first: int
    end: int
    layouts: tuple[tuple[int, str], ...]
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where the pointer was, in viewport pixels of that moment, and on which page."""

    at_ms: int
    x: int
    y: int
    pageview: int
    event: Event


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a frame draws, at one instant.

    Attributes:
        is_own_layout: False where another session measured the layout.
        fields: Length and, where kept in plain, value of what is typed into each field, by selector.
    """

    at_ms: int
    pageview: Pageview
    layout: Layout | None
    is_own_layout: bool
    scrolling: Scrolling
    viewport: tuple[int, int]
    document_h: int
    is_visible: bool
    is_focused: bool
    fields: Mapping[str, tuple[int, str]]


@dataclass(slots=True)
class State:
    """What the events up to one of them have left behind."""

    scroll: tuple[int, int] = (0, 0)
    viewport: tuple[int, int] = VIEWPORT
    document_h: int = 0
    is_visible: bool = True
    is_focused: bool = True
    containers: tuple[tuple[str, int, int], ...] = ()

    def after(self, event: Event, *, is_new_page: bool) -> State:
        """Return what holds once an event has happened."""
        width, height = self.viewport
        scroll_x, scroll_y = (0, 0) if is_new_page else self.scroll
        containers = () if is_new_page else self.containers
        if event.kind == "container_scroll" and event.container:
            rest = tuple(entry for entry in containers if entry[0] != event.container)
            containers = (
                *rest[1 - CONTAINERS_MAX :],
                (event.container, event.container_x or 0, event.container_y or 0),
            )
        switches = {"visibility": self.is_visible, "focus": self.is_focused}
        if event.kind in switches:
            switches[event.kind] = event.value not in {"0", None}
        return State(
            scroll=(_or(event.scroll_x, scroll_x), _or(event.scroll_y, scroll_y)),
            viewport=(_size(event.viewport_w, width), _size(event.viewport_h, height)),
            document_h=event.document_h or (0 if is_new_page else self.document_h),
            is_visible=switches["visibility"],
            is_focused=switches["focus"],
            containers=containers,
        )


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _size(value: int | None, otherwise: int) -> int:
    return min(value, VIEWPORT_PX_MAX) if value and value > 0 else otherwise


def pageviews_of(recording: Recording) -> tuple[Pageview, ...]:
    """Return the pages in order; a page whose opening was lost starts with its first event."""
    events = recording.events
    starts = [
        index
        for index, event in enumerate(events)
        if index == 0 or (event.page, event.pageview) != (events[index - 1].page, events[index - 1].pageview)
    ]
    pageviews = []
    for number, (start, end) in enumerate(pairwise([*starts, len(events)]), start=1):
        members = events[start:end]
        titles = [event.title for event in members if event.title]
        layouts = tuple(
            (event.at_ms, event.layout) for event in members if event.kind == "layout" and event.layout
        )
        from_ms = members[0].at_ms if number > 1 else 0
        title = titles[0] if titles else ""
        is_continued = any(event.kind == "pageview" and event.name == CONTINUED for event in members[:1])
        pageviews.append(
            Pageview(number, members[0].page, title, from_ms, start, end, layouts, is_continued=is_continued)
        )
    return tuple(pageviews) or (Pageview(1, "", "", 0, 0, 0, ()),)


def states_of(pageviews: Sequence[Pageview], events: Sequence[Event]) -> list[State]:
    """Return what holds after each event."""
    states: list[State] = []
    first_sized = next((event for event in events if event.viewport_w and event.viewport_h), None)
    state = State()
    if first_sized:
        state.viewport = (
            _size(first_sized.viewport_w, VIEWPORT[0]),
            _size(first_sized.viewport_h, VIEWPORT[1]),
        )
    for pageview in pageviews:
        for index in range(pageview.first, pageview.end):
            state = state.after(events[index], is_new_page=index == pageview.first)
            states.append(state)
    return states
