"""Recordings of rrweb, turned into batches of our own wire format.

What rrweb knows and we do not (the document itself) stays behind; typed text is brought in as its length.
The wire format's own decoder checks the result, so nothing is trusted here that it would not take.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

from usertrack_cli.errors import UsageError
from usertrack_cli.ingest.dom import Dom
from usertrack_cli.ingest.event import ELAPSED_MS_MAX, PX_MAX, RUN_SAMPLES_MAX

FILE_BYTES_MAX = 256 * 1024 * 1024
"""An hour of a busy page is some 50 MB; more is not one recording."""
EVENTS_PER_BATCH = 500
BATCH_BYTES_MAX = 128 * 1024
"""Half of what the decoder takes."""
NAME_CHARACTERS = 64
VIEWPORT = (1280, 800)
LAYOUT_TAG = "usertrack-layout"

_META, _FULL, _INCREMENTAL, _CUSTOM = 4, 2, 3, 5


@dataclass(frozen=True, slots=True)
class Imported:
    """One recording, ready for the store.

    Attributes:
        session: Follows from the content: the same file is the same session.
        batches: Bodies of the wire format, in order.
        skipped: Events without a counterpart here.
    """

    session: str
    started_at_ms: int
    batches: tuple[bytes, ...]
    events: int
    skipped: int


@dataclass(slots=True)
class _Page:
    """What is shown while the events are read."""

    number: int = 0
    path: str = "/"
    viewport: tuple[int, int] = VIEWPORT
    document: tuple[int, int] = VIEWPORT
    scroll: tuple[int, int] = (0, 0)

    def state(self) -> list[Any]:
        return [max(self.number, 1), self.path, *self.viewport, *self.document, *self.scroll]


def imported(content: bytes, *, site: str) -> Imported:
    """Return the recording in a file: a JSON array, an object with ``events``, or an event a line.

    Raises:
        UsageError: It is no recording of rrweb.
    """
    events = sorted(_read(content), key=lambda event: float(event["timestamp"]))
    kinds = {event.get("type") for event in events}
    if len(events) < 2 or not kinds & {_FULL, _META} or _INCREMENTAL not in kinds:
        raise UsageError(
            "this is no rrweb recording", hint="export the events that rrweb's record() emitted, as JSON"
        )
    digest = blake2b(json.dumps(events, sort_keys=True).encode(), digest_size=16).digest()
    session = "R" + urlsafe_b64encode(digest).decode().rstrip("=")[:21]
    reader = _Reader(site, session, int(events[0]["timestamp"]))
    for event in events:
        reader.take(event)
    return reader.finished()


def _read(content: bytes) -> list[dict[str, Any]]:
    try:
        text = content.decode("utf-8")
        try:
            found = json.loads(text)
        except ValueError:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise UsageError("the file is no JSON", hint="rrweb events are a JSON array") from error
    if isinstance(found, dict):
        found = found.get("events")
    if not isinstance(found, list):
        raise UsageError("the file holds no list of events", hint="rrweb events are a JSON array")
    return [event for event in found if isinstance(event, dict) and _is_instant(event.get("timestamp"))]


def _is_instant(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 253_402_300_799_999


class _Reader:
    """Reads events one after the other and fills batches."""

    def __init__(self, site: str, session: str, started_at_ms: int) -> None:
        self._site, self._session, self._started_at_ms = site, session, started_at_ms
        self._page = _Page()
        self._dom = Dom()
        self._events: list[list[Any]] = []
        self._bytes = 0
        self._state = self._page.state()
        self._run: list[Any] | None = None
        self._run_end = (0, 0, 0)
        self._batches: list[bytes] = []
        self._count = self._skipped = 0

    def take(self, event: dict[str, Any]) -> None:
        """Turn one event into ours, or count it as skipped."""
        at_ms = int(event["timestamp"]) - self._started_at_ms
        data = event.get("data")
        if not isinstance(data, dict) or not 0 <= at_ms <= ELAPSED_MS_MAX:
            self._skipped += 1
            return
        kinds = {_META: self._meta, _FULL: self._full, _INCREMENTAL: self._incremental, _CUSTOM: self._custom}
        action = kinds.get(event.get("type", -1))
        if action is None or not action(at_ms, data):
            self._skipped += 1

    def finished(self) -> Imported:
        """Close the last batch."""
        self._flush()
        return Imported(self._session, self._started_at_ms, tuple(self._batches), self._count, self._skipped)

    def _meta(self, _: int, data: dict[str, Any]) -> bool:
        page = self._page
        page.number += 1
        href = str(data.get("href") or "/")[:1_000]
        page.path = href if href.startswith(("/", "http://", "https://")) else "/"
        page.viewport = _px(data.get("width")) or VIEWPORT[0], _px(data.get("height")) or VIEWPORT[1]
        page.document, page.scroll = page.viewport, (0, 0)
        return True

    def _full(self, at_ms: int, data: dict[str, Any]) -> bool:
        node, offset = data.get("node"), data.get("initialOffset")
        if not isinstance(node, dict):
            return False
        self._dom = Dom()
        self._dom.add(node, 0)
        if isinstance(offset, dict):
            self._page.scroll = _px(offset.get("left")), _px(offset.get("top"))
        page = self._page
        how: Literal["load", "spa"] = "load"
        pageview = ["p", at_ms, max(page.number, 1), how, page.path, self._dom.title, ""]
        self._put([*pageview, *page.viewport, *page.document, *page.scroll])
        return True

    def _incremental(self, at_ms: int, data: dict[str, Any]) -> bool:
        match data.get("source"):
            case 0:
                for added in data.get("adds") or []:
                    if isinstance(added, dict) and isinstance(added.get("node"), dict):
                        self._dom.add(added["node"], added.get("parentId"))
                return True
            case 1 | 6 | 12:
                return self._moves(at_ms, data)
            case 2 if data.get("type") == 2:
                return self._click(at_ms, data)
            case 3:
                return self._scroll(at_ms, data)
            case 4:
                self._page.viewport = _px(data.get("width")), _px(data.get("height"))
                self._put(["r", at_ms, *self._page.viewport, *self._page.document])
                return True
            case 5:
                text, selector = data.get("text"), self._dom.selector(data.get("id"))
                if not isinstance(text, str) or not selector:
                    return False
                self._put(["i", at_ms, selector, min(len(text), 100_000), 0])
                return True
        return False

    def _moves(self, at_ms: int, data: dict[str, Any]) -> bool:
        positions = data.get("positions")
        for each in positions if isinstance(positions, list) else []:
            if not isinstance(each, dict):
                continue
            offset = each.get("timeOffset", 0)
            moment = at_ms + int(offset) if _is_offset(offset) else at_ms
            self._move(min(max(moment, 0), ELAPSED_MS_MAX), _px(each.get("x")), _px(each.get("y")))
        return True

    def _move(self, at_ms: int, x: int, y: int) -> None:
        run, (last_ms, last_x, last_y) = self._run, self._run_end
        if run is None or at_ms < last_ms or len(run[6]) >= 3 * RUN_SAMPLES_MAX:
            run = ["m", at_ms, *self._page.scroll, x, y, []]
            self._put(run)
            self._run = run
        else:
            run[6] += [at_ms - last_ms, x - last_x, y - last_y]
            self._bytes += 16
        self._run_end = at_ms, x, y

    def _click(self, at_ms: int, data: dict[str, Any]) -> bool:
        selector = self._dom.selector(data.get("id"))
        label = self._dom.label(data.get("id"))
        flags = 4 if data.get("pointerType") == 2 else 0
        place = [_px(data.get("x")), _px(data.get("y")), *self._page.scroll]
        # How soon the page reacted and where in the element it was is not in the recording.
        self._put(["c", at_ms, *place, 0, 500, 500, selector, label, flags, None, -1])
        return True

    def _scroll(self, at_ms: int, data: dict[str, Any]) -> bool:
        x, y = _px(data.get("x")), _px(data.get("y"))
        if self._dom.is_document(data.get("id")):
            self._page.scroll = x, y
            self._put(["s", at_ms, x, y])
        else:
            self._put(["S", at_ms, self._dom.selector(data.get("id")), x, y, 0, 0, 0, 0])
        return True

    def _custom(self, at_ms: int, data: dict[str, Any]) -> bool:
        tag, payload = data.get("tag"), data.get("payload")
        if not isinstance(tag, str) or not tag or tag == "usertrack-end":
            return False
        if tag == LAYOUT_TAG and isinstance(payload, dict):
            return self._layout(at_ms, payload)
        props = {}
        if isinstance(payload, dict):
            props = {
                str(name)[:NAME_CHARACTERS]: value if isinstance(value, bool) else str(value)[:200]
                for name, value in list(payload.items())[:20]
                if isinstance(value, str | int | float | bool)
            }
        if tag == "tag" and isinstance(props.get("name"), str):
            self._put(["g", at_ms, str(props["name"])[:NAME_CHARACTERS]])
        elif tag == "error" and isinstance(props.get("name"), str):
            self._put(["e", at_ms, props["name"], "", 0, 0])
        else:
            self._put(["x", at_ms, tag[:NAME_CHARACTERS], props or 0])
        return True

    def _layout(self, at_ms: int, payload: dict[str, Any]) -> bool:
        name, size, boxes = payload.get("hash"), payload.get("size"), payload.get("boxes")
        if not (isinstance(name, str) and isinstance(size, list) and isinstance(boxes, list)):
            return False
        width, height = (_px(each) for each in (*size, 0, 0)[:2])
        self._page.document = width, height
        self._put(["k", at_ms, name[:32], width, height])
        self._put(["K", at_ms, name[:32], boxes[:400]])
        return True

    def _put(self, event: list[Any]) -> None:
        self._run = None
        size = len(json.dumps(event))
        if len(self._events) >= EVENTS_PER_BATCH or self._bytes + size > BATCH_BYTES_MAX:
            self._flush()
        if not self._events:
            self._state = self._page.state()
        self._events.append(event)
        self._bytes += size
        self._count += 1

    def _flush(self) -> None:
        if not self._events:
            return
        body = {
            "v": 1,
            "k": self._site,
            "s": self._session,
            "q": len(self._batches),
            "t": self._started_at_ms,
            "n": self._started_at_ms + self._events[-1][1],
            "c": 0,
            "pg": self._state,
            "e": self._events,
        }
        self._batches.append(json.dumps(body, separators=(",", ":")).encode())
        self._events, self._bytes, self._run = [], 0, None


def _px(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return 0
    return int(min(max(value, -PX_MAX), PX_MAX))


def _is_offset(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < ELAPSED_MS_MAX
