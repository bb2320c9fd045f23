"""What a visitor did, moment by moment, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from usertrack_cli.render.friction import RAGE_MS, RAGE_PX, Field, fields_of, is_dead_click, rage_bursts
from usertrack_cli.render.layout import cut_text
from usertrack_cli.render.recording import KEYBOARD, TOUCH
from usertrack_cli.render.text import ascii_text, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usertrack_cli.render.recording import Event, Recording

WATCHED_MS = 5_000
"""For so long the tracker waits for a reaction to a click."""
TYPING_PAUSE_MS = 10_000
"""Typing into one field after a shorter pause than this is one moment."""
SCROLL_PAUSE_MS = 1_000
FOCUS_ECHO_MS = 500
"""Leaving a tab also takes the focus: within this time the second event says nothing new."""

LABEL_CELLS = 40
SELECTOR_CELLS = 28
MESSAGE_CELLS = 80


class MomentKind(StrEnum):
    """What sort of thing happened; ``RAGE`` is a burst of clicks on one spot."""

    PAGE = "page"
    CLICK = "click"
    RAGE = "rage"
    INPUT = "input"
    SCROLL = "scroll"
    CUSTOM = "custom"
    ERROR = "error"
    AWAY = "away"
    RESIZE = "resize"
    TAG = "tag"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing worth telling.

    Attributes:
        at_ms: When it was complete, since the session started.
        text: What happened, guarded.
        event: The event it ends with.
        count: Clicks that it stands for.
        nothing: Of a dead click, what it says about that.
        burst: Of rage clicks, the number of their burst.
    """

    at_ms: int
    kind: MomentKind
    text: str
    event: Event
    count: int = 1
    nothing: str = ""
    burst: int | None = None


def moments(recording: Recording) -> tuple[Moment, ...]:
    """Return what happened in order; runs of clicks, typing and scrolling are one moment each."""
    told: list[Moment] = []
    fields, bursts = fields_of(recording), rage_bursts(recording)
    for index, event in enumerate(recording.events):
        moment = _moment(event) if event.kind != "click" else _click_moment(event, fields, bursts.get(index))
        if moment is None:
            continue
        place = _begun(told, moment)
        told.append(moment if place is None else _joined(told.pop(place), moment))
    told = [*_without_echoes(told), *map(_note_moment, recording.notes)]
    return tuple(sorted(told, key=lambda moment: moment.at_ms))


def transcript(recording: Recording, *, is_unicode: bool = True) -> list[str]:
    """Return one line per moment, such as ``00:12 clicked ‘Pricing’ (nav a) → nothing for 5 s, ×4``."""
    lines = [f"{clock_text(moment.at_ms)} {moment.text}" for moment in moments(recording)]
    return lines if is_unicode else [ascii_text(line) for line in lines]


def clock_text(at_ms: int, *, tenths: bool = False) -> str:
    """Return a time as ``mm:ss``, with hours where there are any and tenths where asked."""
    seconds, rest = divmod(max(at_ms, 0), 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = f"{minutes:02}:{seconds % 60:02}"
    if hours:
        text = f"{hours}:{text}"
    return f"{text}.{rest // 100}" if tenths else text


def selector_text(selector: str | None) -> str:
    """Return the end of a selector as people say it: the last two steps, without places and signs."""
    steps = [step.split(":nth-of-type")[0] for step in (selector or "").split(">")]
    return safe_text(" ".join(step for step in steps[-2:] if step), cells=SELECTOR_CELLS)


def _moment(event: Event) -> Moment | None:
    match event.kind:
        case "pageview":
            title = f" “{_label(event.title)}”" if event.title else ""
            return Moment(event.at_ms, MomentKind.PAGE, f"opened {_label(event.page)}{title}", event)
        case "input":
            return Moment(event.at_ms, MomentKind.INPUT, _input_text(event), event)
        case "scroll" | "container_scroll":
            return Moment(event.at_ms, MomentKind.SCROLL, _scroll_text(event), event)
        case "custom":
            props = f" {safe_text(event.props, cells=MESSAGE_CELLS)}" if event.props else ""
            return Moment(event.at_ms, MomentKind.CUSTOM, f"event {_label(event.name)}{props}", event)
        case "error":
            message = safe_text(event.name or "", cells=MESSAGE_CELLS)
            return Moment(event.at_ms, MomentKind.ERROR, f"error: {message}", event)
        case _:
            return _quiet_moment(event)


def _click_moment(event: Event, fields: frozenset[Field], burst: int | None) -> Moment:
    nothing = _nothing_text(event) if is_dead_click(event, fields) else ""
    kind = MomentKind.CLICK if burst is None else MomentKind.RAGE
    return Moment(event.at_ms, kind, _click_text(event, 1, nothing), event, nothing=nothing, burst=burst)


def _note_moment(event: Event) -> Moment:
    text = f"note: {safe_text(event.text or '', cells=MESSAGE_CELLS)}"
    return Moment(event.at_ms, MomentKind.NOTE, text, event)


def _quiet_moment(event: Event) -> Moment | None:
    is_on = event.value not in {"0", None}
    match event.kind:
        case "visibility":
            text = "came back to the tab" if is_on else "went to another tab"
            return Moment(event.at_ms, MomentKind.AWAY, text, event)
        case "focus":
            text = "came back to the window" if is_on else "went to another window"
            return Moment(event.at_ms, MomentKind.AWAY, text, event)
        case "leave":
            return Moment(event.at_ms, MomentKind.AWAY, f"left {_label(event.page)}", event)
        case "hash":
            return Moment(event.at_ms, MomentKind.SCROLL, f"jumped to {_label(event.value)}", event)
        case "resize":
            size = f"{event.viewport_w or '?'}×{event.viewport_h or '?'}"
            return Moment(event.at_ms, MomentKind.RESIZE, f"viewport is {size}", event)
        case "tag":
            return Moment(event.at_ms, MomentKind.TAG, f"tagged {_label(event.name)}", event)
        case _:
            return None


def _label(text: str | None) -> str:
    return safe_text(text or "", cells=LABEL_CELLS)


def _click_text(event: Event, count: int, nothing: str) -> str:
    verb = "tapped" if event.has(TOUCH) else "pressed" if event.has(KEYBOARD) else "clicked"
    if event.button in {1, 2}:
        verb = {1: "middle-clicked", 2: "right-clicked"}[event.button]
    place = selector_text(event.selector)
    label = f"“{_label(cut_text(event.text))}”" if event.text else ""
    target = f"{label} ({place})" if label and place else label or place or "the page"
    times = f", ×{count}" if nothing and count > 1 else f" ×{count}" if count > 1 else ""
    return f"{verb} {target}{nothing}{times}"


def _nothing_text(event: Event) -> str:
    reaction_ms = WATCHED_MS if event.reaction_ms in {-1, None} else event.reaction_ms
    return f" → nothing for {reaction_ms / 1000:.3g} s"


def _input_text(event: Event) -> str:
    place = selector_text(event.selector) or "a field"
    if event.value:
        return f"typed “{_label(event.value)}” into {place}"
    length = event.value_length or 0
    if not length:
        return f"emptied {place}"
    return f"typed {length} character{'s' * (length != 1)} into {place}"


def _scroll_text(event: Event) -> str:
    if event.kind == "container_scroll":
        return f"scrolled {selector_text(event.container) or 'a list'}"
    if not event.document_h or not event.viewport_h:
        return "scrolled"
    shown = min(((event.scroll_y or 0) + event.viewport_h) / event.document_h, 1)
    return f"scrolled to {shown:.0%} of the page"


def _begun(told: Sequence[Moment], moment: Moment) -> int | None:
    """Return the place of the moment that this one goes on with, or ``None`` where it begins one."""
    if moment.burst is not None:
        # What the clicks of a burst set off, such as errors, is told before it.
        for place in reversed(range(len(told))):
            if told[place].burst == moment.burst:
                return place
            if moment.at_ms - told[place].at_ms > RAGE_MS:
                break
        return None
    return len(told) - 1 if told and _is_one(told[-1], moment) else None


def _is_one(last: Moment, moment: Moment) -> bool:
    """Return whether a moment that is no rage click only goes on with the one before it."""
    old, new = last.event, moment.event
    pause_ms = new.at_ms - old.at_ms
    if last.kind is not moment.kind or old.page != new.page:
        return False
    match moment.kind:
        case MomentKind.CLICK:
            return _is_same_spot(old, new) and pause_ms <= RAGE_MS
        case MomentKind.INPUT:
            return old.selector == new.selector and pause_ms <= TYPING_PAUSE_MS
        case MomentKind.SCROLL:
            is_same = old.kind == new.kind != "hash" and old.container == new.container
            return is_same and pause_ms <= SCROLL_PAUSE_MS
        case _:
            return False


def _joined(last: Moment, moment: Moment) -> Moment:
    """Return both as one moment, which is complete when the second is."""
    if moment.event.kind != "click":
        return moment
    count, nothing = last.count + 1, moment.nothing or last.nothing
    worst = last.event if last.nothing and not moment.nothing else moment.event
    return replace(moment, count=count, text=_click_text(worst, count, nothing), nothing=nothing)


def _is_same_spot(old: Event, new: Event) -> bool:
    if old.x is None or old.y is None or new.x is None or new.y is None:
        return False
    return (new.x - old.x) ** 2 + (new.y - old.y) ** 2 <= RAGE_PX**2


def _without_echoes(told: Sequence[Moment]) -> Iterator[Moment]:
    for place, moment in enumerate(told):
        before = told[place - 1] if place else None
        after = told[place + 1] if place + 1 < len(told) else None
        if moment.kind is MomentKind.AWAY:
            is_echo = (
                before is not None
                and before.kind is MomentKind.AWAY
                and moment.at_ms - before.at_ms <= FOCUS_ECHO_MS
            )
            is_page_change = moment.event.kind == "leave" and after is not None
            if is_echo or is_page_change:
                continue
        yield moment
