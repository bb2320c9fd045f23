"""A recording as rrweb events: other players show it, with a document made from the layout.

The document is drawn from boxes: elements at their places with the words that were kept. It holds no script,
no address and no picture; text becomes text nodes only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from usertrack_cli.render.layout import BoxKind, cut_text
from usertrack_cli.render.recording import TOUCH
from usertrack_cli.render.text import safe_text
from usertrack_cli.render.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usertrack_cli.render.layout import Box, Layout
    from usertrack_cli.render.recording import Event, Recording
    from usertrack_cli.render.scene import Pageview

FULL_SNAPSHOT, INCREMENTAL, META, CUSTOM = 2, 3, 4, 5
MOVE, INTERACTION, SCROLL, RESIZE, INPUT = 1, 2, 3, 4, 5
CLICK = 2
DOCUMENT, DOCTYPE, ELEMENT, TEXT = 0, 1, 2, 3
LAYOUT_TAG = "usertrack-layout"
"""A custom event with the layout itself, which import reads back."""
ORIGIN = "https://recorded.invalid"
"""Stands for the site's address, which is not part of a recording; the name can never be reached."""

_STYLE = """
body{margin:0;position:relative;font:14px/1.3 system-ui,sans-serif;color:#222;background:#fff}
.x,.h,.a,.b,.f,.i,.m,.t{position:absolute;box-sizing:border-box;overflow:hidden;margin:0}
.x{border:1px solid #e3e3e3}.s{overflow:hidden}.h{font-weight:700}.a{color:#0a58ca;text-decoration:underline}
.b{border:1px solid #777;border-radius:4px;background:#f2f2f2;text-align:center}
.f{border:1px solid #999;border-radius:3px;padding:0 6px}.i,.m{background:#e9e9ee;color:#777;font-size:12px}
"""
_TAGS = {
    BoxKind.HEADING: "h2",
    BoxKind.LINK: "span",
    BoxKind.BUTTON: "button",
    BoxKind.FIELD: "input",
    BoxKind.IMAGE: "div",
    BoxKind.MEDIA: "div",
    BoxKind.TEXT: "p",
    BoxKind.CONTAINER: "div",
}


def rrweb(recording: Recording) -> Iterator[str]:
    """Yield the lines of a JSON array of rrweb events, in order of time."""
    events = sorted(_events(recording), key=lambda event: event["timestamp"])
    yield "["
    for place, event in enumerate(events):
        yield json.dumps(event, ensure_ascii=True) + ("," if place + 1 < len(events) else "")
    yield "]"


def _events(recording: Recording) -> Iterator[dict[str, Any]]:
    timeline = Timeline(recording)
    zero_ms = recording.started_at_ms
    for pageview in timeline.pageviews:
        takeovers = [pageview.from_ms]
        takeovers += [at_ms for at_ms, _ in pageview.layouts[1:] if at_ms > pageview.from_ms]
        document = _Document(None)
        members = recording.events[pageview.first : pageview.end]
        for place, from_ms in enumerate(takeovers):
            scene = timeline.scene(from_ms)
            document = _Document(scene.layout)
            yield from _page(document, pageview, scene.viewport, scene.scrolling.y, zero_ms + from_ms)
            until_ms = takeovers[place + 1] if place + 1 < len(takeovers) else None
            for event in members:
                if event.at_ms >= from_ms and (until_ms is None or event.at_ms < until_ms):
                    yield from _event(event, document, zero_ms)
    last_ms = zero_ms + timeline.duration_ms
    yield {"type": CUSTOM, "timestamp": last_ms, "data": {"tag": "usertrack-end", "payload": {}}}


def _page(
    document: _Document, pageview: Pageview, viewport: tuple[int, int], scroll_y: int, at_ms: int
) -> Iterator[dict[str, Any]]:
    width, height = viewport
    href = ORIGIN + safe_text(pageview.page)
    yield {"type": META, "timestamp": at_ms, "data": {"href": href, "width": width, "height": height}}
    node = document.node(safe_text(pageview.title))
    offset = {"left": 0, "top": max(scroll_y, 0)}
    yield {"type": FULL_SNAPSHOT, "timestamp": at_ms, "data": {"node": node, "initialOffset": offset}}
    if document.layout is not None:
        payload = _layout(document.layout)
        yield {"type": CUSTOM, "timestamp": at_ms, "data": {"tag": LAYOUT_TAG, "payload": payload}}


def _layout(layout: Layout) -> dict[str, Any]:
    boxes = [
        [b.kind.value, b.x, b.y, b.w, b.h, safe_text(b.text), b.flags, b.selector, b.container]
        for b in layout.boxes
    ]
    size = [layout.document_w, layout.document_h]
    return {"hash": layout.hash, "size": size, "boxes": boxes}


def _event(event: Event, document: _Document, zero_ms: int) -> Iterator[dict[str, Any]]:
    at_ms = zero_ms + event.at_ms
    for data in _incremental(event, document):
        yield {"type": INCREMENTAL, "timestamp": at_ms, "data": data}
    if event.kind in {"custom", "tag", "error"}:
        payload = {"name": safe_text(event.name or ""), "props": safe_text(event.props or "")}
        yield {"type": CUSTOM, "timestamp": at_ms, "data": {"tag": event.kind, "payload": payload}}


def _incremental(event: Event, document: _Document) -> Iterator[dict[str, Any]]:
    match event.kind:
        case "move" | "click" if event.x is not None and event.y is not None:
            x, y = event.x - (event.scroll_x or 0), event.y - (event.scroll_y or 0)
            target = document.id_of(event.selector)
            if not event.has(TOUCH):
                yield {"source": MOVE, "positions": [{"x": x, "y": y, "id": target, "timeOffset": 0}]}
            if event.kind == "click":
                yield {"source": INTERACTION, "type": CLICK, "id": target, "x": x, "y": y}
        case "scroll":
            yield {"source": SCROLL, "id": 1, "x": event.scroll_x or 0, "y": max(event.scroll_y or 0, 0)}
        case "container_scroll":
            place = {"x": event.container_x or 0, "y": event.container_y or 0}
            yield {"source": SCROLL, "id": document.id_of(event.container), **place}
        case "resize":
            if event.viewport_w and event.viewport_h:
                yield {"source": RESIZE, "width": event.viewport_w, "height": event.viewport_h}
        case "input":
            text = safe_text(event.value) if event.value else "•" * min(event.value_length or 0, 100)
            field = document.field_of(event.selector)
            if field is not None:
                yield {"source": INPUT, "id": field, "text": text, "isChecked": False}


class _Document:
    """A page made of a layout's boxes, as rrweb describes nodes; id 1 is the document."""

    def __init__(self, layout: Layout | None) -> None:
        self.layout = layout
        self._ids: dict[str, int] = {}
        self._fields: set[int] = set()
        self._next = 1
        self._body = 0

    def id_of(self, selector: str | None) -> int:
        """Return the node of a selector, the body where it has none."""
        return self._ids.get(selector or "", self._body)

    def field_of(self, selector: str | None) -> int | None:
        """Return the node of a selector where text can be typed into it."""
        found = self.id_of(selector)
        return found if found in self._fields else None

    def node(self, title: str) -> dict[str, Any]:
        """Return the whole document."""
        document = self._made(DOCUMENT, childNodes=[])
        doctype = self._made(DOCTYPE, name="html", publicId="", systemId="")
        html = self._element("html", {})
        head, body = self._element("head", {}), self._element("body", {})
        self._body = body["id"]
        style, heading = self._element("style", {}), self._element("title", {})
        style["childNodes"].append(self._made(TEXT, textContent=_STYLE, isStyle=True))
        heading["childNodes"].append(self._made(TEXT, textContent=title))
        head["childNodes"] += [style, heading]
        html["childNodes"] += [head, body]
        document["childNodes"] += [doctype, html]
        if self.layout is not None:
            size = f"width:{self.layout.document_w}px;height:{self.layout.document_h}px"
            body["attributes"]["style"] = size
            self._fill(body, self.layout)
        return document

    def _fill(self, body: dict[str, Any], layout: Layout) -> None:
        scrollers = {box.container for box in layout.boxes}
        nodes: list[dict[str, Any]] = []
        for index, box in enumerate(layout.boxes):
            is_inside = 0 <= box.container < index
            around = nodes[box.container] if is_inside else body
            origin = layout.boxes[box.container] if is_inside else None
            node = self._box(box, origin, is_scroller=index in scrollers)
            nodes.append(node)
            around["childNodes"].append(node)

    def _box(self, box: Box, origin: Box | None, *, is_scroller: bool) -> dict[str, Any]:
        left, top = box.x - (origin.x if origin else 0), box.y - (origin.y if origin else 0)
        place = "fixed" if box.is_fixed else "absolute"
        style = f"position:{place};left:{left}px;top:{top}px;width:{box.w}px;height:{box.h}px"
        if box.is_fixed:
            style += ";z-index:1;background:#fff" if box.kind is BoxKind.CONTAINER else ";z-index:2"
        attributes = {"class": f"{box.kind.value} s" if is_scroller else box.kind.value, "style": style}
        node = self._element(_TAGS[box.kind], attributes)
        text = safe_text(cut_text(box.text))
        if box.kind is BoxKind.FIELD:
            attributes["placeholder"] = text
            self._fields.add(node["id"])
        elif text:
            node["childNodes"].append(self._made(TEXT, textContent=text))
        if box.selector:
            self._ids.setdefault(box.selector, node["id"])
        return node

    def _element(self, tag: str, attributes: dict[str, str]) -> dict[str, Any]:
        return self._made(ELEMENT, tagName=tag, attributes=attributes, childNodes=[])

    def _made(self, kind: int, **more: Any) -> dict[str, Any]:
        node = {"type": kind, "id": self._next, **more}
        self._next += 1
        return node
