"""Rage and dead clicks of one recording.

``queries.friction`` judges a whole store by the same rules in SQL; a test holds both to one answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from usertrack_cli.render.layout import BoxKind
from usertrack_cli.render.recording import AFTER_SELECTION, KEYBOARD, UNTRUSTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.recording import Event, Recording

RAGE_CLICKS, RAGE_MS, RAGE_PX = 3, 1_000, 30
"""Three clicks within a second, first to last, inside a circle of this radius: PostHog's thresholds."""
DEAD_MS = 2_500
"""A click that changed nothing for longer is dead; the tracker watches for 5 seconds."""

Field = tuple[str, str]
"""``(page, selector)``: on another page the same selector may be a button."""

_NOT_BY_HAND = UNTRUSTED | KEYBOARD | AFTER_SELECTION
"""A triple click selects a paragraph: its later clicks come after a selection."""
_INPUT = re.compile(r"(^|>)(input|select|textarea)(:[^>]*)?$")


def rage_bursts(recording: Recording) -> dict[int, int]:
    """Return for each rage click, by its place among the events, the place of the first click of its burst.

    Bursts that follow one another within ``RAGE_MS``, without another click between them, are one.
    """
    by_pageview: defaultdict[int, list[int]] = defaultdict(list)
    for index, event in enumerate(recording.events):
        if (
            event.kind == "click"
            and event.x is not None
            and event.y is not None
            and not event.has(_NOT_BY_HAND)
        ):
            by_pageview[event.pageview].append(index)
    found: dict[int, int] = {}
    for clicks in by_pageview.values():
        events = [recording.events[index] for index in clicks]
        raging: set[int] = set()
        for start in range(len(clicks) - RAGE_CLICKS + 1):
            if _is_burst(events[start : start + RAGE_CLICKS]):
                raging.update(range(start, start + RAGE_CLICKS))
        for place in sorted(raging):
            goes_on = place - 1 in raging and events[place].at_ms - events[place - 1].at_ms <= RAGE_MS
            found[clicks[place]] = found[clicks[place - 1]] if goes_on else clicks[place]
    return found


def _is_burst(clicks: Sequence[Event]) -> bool:
    if clicks[-1].at_ms - clicks[0].at_ms > RAGE_MS:
        return False
    points = [(click.x or 0, click.y or 0) for click in clicks]
    # The centre is the middle of the bounding box.
    x, y = ((min(places) + max(places)) / 2 for places in zip(*points, strict=True))
    return all((px - x) ** 2 + (py - y) ** 2 <= RAGE_PX**2 for px, py in points)


def fields_of(recording: Recording) -> frozenset[Field]:
    """Return the elements that take input: a click there changes nothing, and should not."""
    # Pages may share a layout, which is then known by one of them.
    shown = {(event.page, event.layout) for event in recording.events if event.layout}
    shown |= {(layout.page, layout.hash) for layout in recording.layouts.values()}
    drawn = {
        (page, box.selector)
        for page, layout in shown
        if layout in recording.layouts
        for box in recording.layouts[layout].boxes
        if box.kind is BoxKind.FIELD and box.selector
    }
    typed = {(event.page, event.selector or "") for event in recording.events if event.kind == "input"}
    return frozenset(drawn | typed)


def is_dead_click(event: Event, fields: frozenset[Field]) -> bool:
    """Return whether nothing answered a click; never of a field, a script's, or where nobody could tell."""
    reaction_ms, selector = event.reaction_ms, event.selector or ""
    is_slow = reaction_ms is not None and (reaction_ms == -1 or reaction_ms > DEAD_MS)
    is_field = (event.page, selector) in fields or _INPUT.search(selector) is not None
    return is_slow and not event.has(UNTRUSTED) and not is_field
