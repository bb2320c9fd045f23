"""From a batch in the inbox to rows of ``events``: one handler for each code of the wire format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pyarrow as pa
from msgspec.json import decode

from usertrack_cli.store.parquet import ARROW_SCHEMA
from usertrack_cli.store.runs import Runs, Walk, lengths
from usertrack_cli.store.schema import EVENT_COLUMNS, width_class

_NAMES = tuple(column.name for column in EVENT_COLUMNS)
_COMPUTED = frozenset({"occurred_at", "idx", "x", "y"})
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingBatch:
    """One batch as the drain reads it, with what its session fixed."""

    id: int
    site: str
    session: str
    seq: int
    received_at: int
    epoch: int
    visitor: str
    ip: str | None
    meta: bytes
    body: bytes
    day: str
    skew_ms: int


class Rows:
    """Rows of ``events`` in the making, column by column.

    Most columns stay the same from row to row or are empty, so each is noted only where it changes;
    a run of pointer positions is taken over as the steps it came in.
    """

    def __init__(self) -> None:
        self._columns = {name: Runs() for name in _NAMES if name not in _COMPUTED}
        self._places = Walk()
        self._placed = Runs(first=False)
        self._is_placed = False
        self._kind = ""
        self._scroll: tuple[int, int] | None = None
        self._count = 0
        self._kept: dict[str, Any] = {}
        self._meta = b""
        self._of_meta: dict[str, Any] = {}
        self._batch_begins: list[int] = []
        self._latest_ms: list[int] = []
        self._zero_ms = 0

    def __len__(self) -> int:
        return self._count

    def table(self) -> pa.Table:
        """Return the rows as an Arrow table with the columns of ``events``."""
        count = self._count
        at_ms, x, y = self._places.columns(count)
        begins = np.array(self._batch_begins, dtype=np.int64)
        sizes = lengths(begins, count)
        # A browser's clock may run ahead; nothing happened after it arrived.
        at_ms = np.minimum(at_ms, np.array(self._latest_ms, dtype=np.int64).repeat(sizes))
        is_elsewhere = ~self._placed.array(count, pa.bool_()).to_numpy(zero_copy_only=False)
        computed = {
            "occurred_at": pa.array(at_ms),
            "idx": pa.array(np.arange(count) - begins.repeat(sizes)),
            "x": pa.array(x, mask=is_elsewhere),
            "y": pa.array(y, mask=is_elsewhere),
        }
        return pa.table(
            [
                computed[field.name].cast(field.type)
                if field.name in computed
                else self._columns[field.name].array(count, field.type)
                for field in ARROW_SCHEMA
            ],
            schema=ARROW_SCHEMA,
        )

    def add(self, batch: WaitingBatch) -> None:
        """Append every row of ``batch``, in order."""
        body = decode(batch.body)
        pageview, page, vw, vh, dw, dh, sx, sy = body["pg"][:8]
        self._zero_ms = body["t"] + batch.skew_ms
        self._batch_begins.append(self._count)
        self._latest_ms.append(batch.received_at)
        if batch.meta != self._meta:
            self._keep(**dict.fromkeys(self._of_meta))
            self._meta = batch.meta
            self._of_meta = {"source": "tracker", "is_bot": False} | decode(batch.meta)
            self._keep(**self._of_meta)
        self._keep(
            site=batch.site,
            session=batch.session,
            visitor=batch.visitor,
            epoch=batch.epoch,
            seq=batch.seq,
            ip=batch.ip,
            page=page,
            pageview=pageview,
        )
        self._scrolled(sx, sy)
        self._sized(vw, vh, dw, dh)
        for event in body["e"]:
            handler = _HANDLERS.get(event[0])
            if handler is not None:
                handler(self, event[1], event[2:])

    def _keep(self, **values: Any) -> None:
        """Let these columns have these values from the next row on."""
        kept = self._kept
        for name, value in values.items():
            if kept.get(name) != value and name in self._columns:
                kept[name] = value
                self._columns[name].set(self._count, value)

    def _put(
        self,
        at_ms: int,
        kind: str,
        /,
        *,
        at_px: tuple[int, int] | None = None,
        steps: Sequence[int] = (),
        **fields: Any,
    ) -> None:
        """Append one row and one more for each of ``steps``; ``fields`` are theirs alone."""
        row = self._count
        if kind != self._kind:
            self._kind = kind
            self._columns["kind"].set(row, kind)
        if (at_px is None) is self._is_placed:
            self._is_placed = not self._is_placed
            self._placed.set(row, self._is_placed)
        x, y = at_px or (0, 0)
        self._places.add(row, (self._zero_ms + at_ms, x, y), steps)
        self._count = end = row + 1 + len(steps) // 3
        for name, value in fields.items():
            column = self._columns[name]
            column.set(row, value)
            column.set(end, None)

    def _place(self, *, page: str, pageview: int) -> None:
        self._keep(page=page, pageview=pageview)

    def _scrolled(self, x: int, y: int) -> None:
        if self._scroll != (x, y):
            self._scroll = x, y
            self._columns["scroll_x"].set(self._count, x)
            self._columns["scroll_y"].set(self._count, y)

    def _sized(self, vw: int, vh: int, dw: int, dh: int) -> None:
        self._keep(viewport_w=vw, viewport_h=vh, document_w=dw, document_h=dh, width_class=width_class(vw))

    def pageview(self, at_ms: int, f: Sequence[Any]) -> None:
        """``no, how, url, title, referrer, vw, vh, dw, dh, sx, sy``."""
        number, how, url, title, referrer, vw, vh, dw, dh, sx, sy = f[:11]
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        self._place(page=parts.path or "/", pageview=number)
        self._scrolled(sx, sy)
        self._sized(vw, vh, dw, dh)
        utm = {name: query[name] for name in _UTM if name in query}
        self._put(
            at_ms,
            "pageview",
            name=how,
            title=title or None,
            referrer=referrer or None,
            url_query=parts.query or None,
            **utm,
        )

    def move(self, at_ms: int, f: Sequence[Any]) -> None:
        """``sx, sy, x0, y0, [dt, dx, dy, …], [container, cx, cy]?``: one row a sample."""
        sx, sy, x, y, steps = f[:5]
        self._scrolled(sx, sy)
        if len(steps) % 3:
            steps = steps[: len(steps) // 3 * 3]
        inside = _container(f[5]) if len(f) > 5 else {}
        self._put(at_ms, "move", at_px=(x + sx, y + sy), steps=steps, **inside)

    def click(self, at_ms: int, f: Sequence[Any]) -> None:
        """``x, y, sx, sy, button, ex, ey, selector, text, flags, reaction, hover, container?``."""
        x, y, sx, sy, button, ex, ey, selector, text, flags, reaction, hover = f[:12]
        self._scrolled(sx, sy)
        self._put(
            at_ms,
            "click",
            at_px=(x + sx, y + sy),
            button=button,
            element_x=ex,
            element_y=ey,
            selector=selector or None,
            text=text or None,
            flags=flags,
            reaction_ms=reaction,
            hover_ms=hover,
            **_container(f[12] if len(f) > 12 else None),
        )

    def scroll(self, at_ms: int, f: Sequence[Any]) -> None:
        """``sx, sy``."""
        self._scrolled(f[0], f[1])
        self._put(at_ms, "scroll")

    def container_scroll(self, at_ms: int, f: Sequence[Any]) -> None:
        """``selector, sx, sy, sw, sh, cw, ch``."""
        self._put(
            at_ms,
            "container_scroll",
            container=f[0],
            container_x=f[1],
            container_y=f[2],
            container_scroll_w=f[3],
            container_scroll_h=f[4],
            container_client_w=f[5],
            container_client_h=f[6],
        )

    def resize(self, at_ms: int, f: Sequence[Any]) -> None:
        """``vw, vh, dw, dh``."""
        self._sized(*f[:4])
        self._put(at_ms, "resize")

    def input(self, at_ms: int, f: Sequence[Any]) -> None:
        """``selector, length, value or 0``."""
        value = f[2] if len(f) > 2 and isinstance(f[2], str) else None
        self._put(at_ms, "input", selector=f[0], value_length=f[1], value=value)

    def active(self, at_ms: int, f: Sequence[Any]) -> None:
        """``active_ms``."""
        self._put(at_ms, "active", active_ms=f[0])

    def error(self, at_ms: int, f: Sequence[Any]) -> None:
        """``message, file, line, col``."""
        where = json.dumps({"file": f[1], "line": f[2], "column": f[3]}, ensure_ascii=False)
        self._put(at_ms, "error", name=f[0], props=where)

    def custom(self, at_ms: int, f: Sequence[Any]) -> None:
        """``name, props or 0``."""
        props = json.dumps(f[1], ensure_ascii=False) if len(f) > 1 and f[1] else None
        self._put(at_ms, "custom", name=f[0], props=props)

    def layout(self, at_ms: int, f: Sequence[Any]) -> None:
        """``hash, dw, dh``."""
        self._keep(document_w=f[1], document_h=f[2])
        self._put(at_ms, "layout", layout=f[0])


def _container(inside: Sequence[Any] | None) -> dict[str, Any]:
    if not inside:
        return {}
    return {"container": inside[0], "container_x": inside[1], "container_y": inside[2]}


def _with_value(kind: str) -> Callable[[Rows, int, Sequence[Any]], None]:
    return lambda rows, at_ms, f: rows._put(at_ms, kind, value=str(f[0]))  # noqa: SLF001 - same class


_HANDLERS: dict[str, Callable[[Rows, int, Sequence[Any]], None]] = {
    "p": Rows.pageview,
    "m": Rows.move,
    "c": Rows.click,
    "s": Rows.scroll,
    "S": Rows.container_scroll,
    "r": Rows.resize,
    "i": Rows.input,
    "v": _with_value("visibility"),
    "f": _with_value("focus"),
    "h": _with_value("hash"),
    "u": lambda rows, at_ms, _: rows._put(at_ms, "leave"),  # noqa: SLF001 - same class
    "a": Rows.active,
    "e": Rows.error,
    "x": Rows.custom,
    "g": lambda rows, at_ms, f: rows._put(at_ms, "tag", name=f[0]),  # noqa: SLF001 - same class
    "k": Rows.layout,
}
