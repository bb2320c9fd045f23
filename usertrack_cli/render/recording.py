"""One session as the replay needs it: its facts, its events in order and its layouts."""

from __future__ import annotations

from dataclasses import dataclass, field

from usertrack_cli.render.layout import Layout

UNTRUSTED, TOUCH, KEYBOARD, AFTER_SELECTION = 2, 4, 8, 32
"""Flags of a click beside ``layout.FIXED``: a script's, a finger's, the keyboard's, after text was selected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One recorded thing; fields that its kind does not use are ``None``.

    Attributes:
        at_ms: Milliseconds since the session started.
        kind: pageview, move, click, scroll, container_scroll, resize, input, visibility, focus,
            hash, leave, active, error, custom, tag or layout.
        x: Document pixels; subtract ``scroll_x`` for the place in the viewport. A click or move
            over a fixed element has the document position that it had at that moment.
        element_x: Place inside the target of a click, in thousandths of its width; ``element_y`` of its height.
        value_length: Characters typed so far into the field; ``value`` only in plain mode.
        value: For visibility and focus ``1`` or ``0``, for hash the fragment.
    """

    at_ms: int
    kind: str
    page: str
    pageview: int
    x: int | None = None
    y: int | None = None
    scroll_x: int | None = None
    scroll_y: int | None = None
    viewport_w: int | None = None
    viewport_h: int | None = None
    document_w: int | None = None
    document_h: int | None = None
    container: str | None = None
    container_x: int | None = None
    container_y: int | None = None
    selector: str | None = None
    element_x: int | None = None
    element_y: int | None = None
    text: str | None = None
    button: int | None = None
    flags: int | None = None
    reaction_ms: int | None = None
    hover_ms: int | None = None
    value_length: int | None = None
    value: str | None = None
    active_ms: int | None = None
    name: str | None = None
    props: str | None = None
    layout: str | None = None
    title: str | None = None

    def has(self, flags: int) -> bool:
        """Return whether one of these flags is set."""
        return bool((self.flags or 0) & flags)


def note_event(at_ms: int | None, text: str) -> Event:
    """Return a remark on an instant, or on the whole session, as an event of no page."""
    return Event(at_ms=at_ms or 0, kind="note", page="", pageview=0, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A whole session, ready to be played.

    Attributes:
        started_at_ms: UTC, milliseconds since the epoch.
        tags: Of the page's own script and of those who watched.
        events: In order; ``at_ms`` never decreases.
        layouts: By layout hash.
        notes: Remarks of those who watched, each an event of the kind note; no part of a file to be shared.
    """

    session: str
    site: str
    started_at_ms: int
    duration_ms: int
    country: str | None = None
    browser: str | None = None
    os: str | None = None
    device: str | None = None
    tags: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    layouts: dict[str, Layout] = field(default_factory=dict)
    notes: tuple[Event, ...] = ()
