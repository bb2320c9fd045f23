"""Layouts that a batch brings: whether their hash is true, and what they are stored with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from usertrack_cli.ingest.envelope import PageState
from usertrack_cli.ingest.event import Box, Event, Layout, LayoutSeen, Pageview, Resize
from usertrack_cli.ingest.page import canonical_page
from usertrack_cli.store.inbox import NewLayout

QUANTUM_PX = 16
"""Boxes that differ by less than this make the same layout."""
_U32 = 0xFFFFFFFF
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def layout_hash(boxes: Sequence[Box]) -> str:
    """Return the name of a layout: cyrb53 in base 36 over kinds and quantised places.

    The algorithm is part of the wire format; the tracker's module of the same name describes it.
    Without it anybody could put boxes of their own under the hash that others are drawn on.
    """
    half = QUANTUM_PX // 2
    text = ";".join(
        f"{box.kind},{(box.x + half) // QUANTUM_PX},{(box.y + half) // QUANTUM_PX}"
        f",{(box.w + half) // QUANTUM_PX},{(box.h + half) // QUANTUM_PX}"
        for box in boxes
    )
    return _base36(cyrb53(text))


def cyrb53(text: str) -> int:
    """Return the 53 bits that the tracker draws from an ASCII text."""
    h1, h2 = 0xDEADBEEF, 0x41C6CE57
    for code in text.encode("ascii"):
        h1 = ((h1 ^ code) * 2654435761) & _U32
        h2 = ((h2 ^ code) * 1597334677) & _U32
    h1 = ((h1 ^ (h1 >> 16)) * 2246822507) & _U32
    h1 ^= ((h2 ^ (h2 >> 13)) * 3266489909) & _U32
    h2 = ((h2 ^ (h2 >> 16)) * 2246822507) & _U32
    h2 ^= ((h1 ^ (h1 >> 13)) * 3266489909) & _U32
    return ((h2 & 0x1FFFFF) << 32) + h1


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def new_layouts(state: PageState, events: Sequence[Event]) -> tuple[tuple[NewLayout, ...], int]:
    """Return the layouts among ``events`` and the number refused because their hash is not theirs.

    Page and sizes are those in force where the layout stands among the events.
    """
    found: list[NewLayout] = []
    refused = 0
    page, vw, vh, dw, dh = state.page, state.vw, state.vh, state.dw, state.dh
    for event in events:
        match event:
            case Pageview():
                page = canonical_page(event.url) or page
                vw, vh, dw, dh = event.vw, event.vh, event.dw, event.dh
            case Resize():
                vw, vh, dw, dh = event.vw, event.vh, event.dw, event.dh
            case LayoutSeen():
                dw, dh = event.dw, event.dh
            case Layout() if layout_hash(event.boxes) != event.hash:
                refused += 1
            case Layout():
                found.append(
                    NewLayout(
                        page=page,
                        hash=event.hash,
                        document_w=dw,
                        document_h=dh,
                        viewport_w=vw,
                        viewport_h=vh,
                        boxes=msgspec.json.encode(event.boxes),
                    )
                )
    return tuple(found), refused


def seen_layouts(state: PageState, events: Sequence[Event]) -> list[tuple[str, str]]:
    """Return ``(page, hash)`` of each layout that ``events`` name, the newest last."""
    seen: dict[tuple[str, str], None] = {}
    page = state.page
    for event in events:
        match event:
            case Pageview():
                page = canonical_page(event.url) or page
            case LayoutSeen():
                seen[page, event.hash] = None
    return list(seen)
