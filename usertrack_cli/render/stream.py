"""A recording as JSON: its events with what follows from them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from usertrack_cli.render.friction import Field, fields_of, is_dead_click, rage_bursts
from usertrack_cli.render.recording import Event
from usertrack_cli.render.timeline import Timeline

if TYPE_CHECKING:
    from usertrack_cli.render.recording import Recording
    from usertrack_cli.render.transcript import Moment

_NAMES = tuple(field.name for field in dataclasses.fields(Event))
_PLACED = frozenset(["move", "click"])


def stream(recording: Recording) -> dict[str, Any]:
    """Return the session as one JSON object; fields are added, never renamed.

    Each event has its own columns (those without a value are left out) and what follows from them:
    ``watched_ms`` on the clock of a player that skips pauses, ``viewport_x`` and ``viewport_y`` of moves and
    clicks, ``is_rage`` and ``is_dead`` of clicks, and what a transcript says as ``moment``, where it ends so.
    """
    timeline = Timeline(recording)
    told = {id(moment.event): moment for moment in timeline.moments}
    bursts, fields = rage_bursts(recording), fields_of(recording)
    return {
        "session": recording.session,
        "site": recording.site,
        "started_at": recording.started_at_ms,
        "duration_ms": recording.duration_ms,
        "watched_ms": timeline.watched_ms(timeline.duration_ms),
        "country": recording.country,
        "browser": recording.browser,
        "os": recording.os,
        "device": recording.device,
        "tags": list(recording.tags),
        "notes": [{"at_ms": each.at_ms, "note": each.text} for each in recording.notes],
        "pages": [
            {"number": each.number, "page": each.page, "title": each.title, "from_ms": each.from_ms}
            for each in timeline.pageviews
        ],
        "events": [
            _event(event, timeline, told.get(id(event)), fields, is_rage=index in bursts)
            for index, event in enumerate(recording.events)
        ],
    }


def _event(
    event: Event, timeline: Timeline, moment: Moment | None, fields: frozenset[Field], *, is_rage: bool
) -> dict[str, Any]:
    found = {name: getattr(event, name) for name in _NAMES}
    shown: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    shown["watched_ms"] = timeline.watched_ms(event.at_ms)
    if event.kind in _PLACED and event.x is not None and event.y is not None:
        shown["viewport_x"] = event.x - (event.scroll_x or 0)
        shown["viewport_y"] = event.y - (event.scroll_y or 0)
    if event.kind == "click":
        shown["is_rage"] = is_rage
        shown["is_dead"] = is_dead_click(event, fields)
    if moment is not None:
        shown["moment"] = moment.text
    return shown
