"""From a batch in the inbox to rows of ``events``: one handler for each code of the wire format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from usertrack_cli.store.schema import EVENT_COLUMNS, width_class

_NAMES = tuple(column.name for column in EVENT_COLUMNS)
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
    """Columns of ``events``, filled batch by batch.

    Most columns stay the same from row to row or are empty, so each is written only when its value
    changes or when somebody asks for it: a row of a move run costs five values instead of sixty.
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in _NAMES}
        self._same: dict[str, Any] = dict.fromkeys(_NAMES)
        self._of_batch: frozenset[str] = frozenset()
        self._count = 0
        self._idx = 0
        self._zero_ms = 0
        self._latest_ms = 0

    def __len__(self) -> int:
        return self._count

    @property
    def columns(self) -> dict[str, list[Any]]:
        """One list of equal length for each column of ``events``."""
        for name in _NAMES:
            self._fill(name)
        return self._columns

    def add(self, batch: WaitingBatch) -> None:
        """Append every row of ``batch``, in order."""
        body = json.loads(batch.body)
        pageview, page, vw, vh, dw, dh, sx, sy = body["pg"][:8]
        self._idx = 0
        self._zero_ms = body["t"] + batch.skew_ms
        self._latest_ms = batch.received_at
        constant = (
            {"source": "tracker"}
            | json.loads(batch.meta)
            | {
                "site": batch.site,
                "session": batch.session,
                "visitor": batch.visitor,
                "epoch": batch.epoch,
                "seq": batch.seq,
                "ip": batch.ip,
            }
        )
        self._keep(**(dict.fromkeys(self._of_batch) | constant))
        self._of_batch = frozenset(constant)
        self._place(page=page, pageview=pageview)
        self._scrolled(sx, sy)
        self._sized(vw, vh, dw, dh)
        for event in body["e"]:
            handler = _HANDLERS.get(event[0])
            if handler is not None:
                handler(self, event[1], event[2:])

    def _keep(self, **values: Any) -> None:
        """Let these columns have these values from the next row on."""
        for name, value in values.items():
            if name in self._same and self._same[name] != value:
                self._fill(name)
                self._same[name] = value

    def _fill(self, name: str) -> list[Any]:
        """Write what a column has had since its last change; it is as long as there are rows then."""
        column = self._columns[name]
        missing = self._count - len(column)
        if missing:
            column.extend([self._same[name]] * missing)
        return column

    def _put(self, at_ms: int, kind: str, /, **fields: Any) -> None:
        """Append one row."""
        self._put_run([at_ms], kind, {name: (value,) for name, value in fields.items()})

    def _put_run(self, at_ms: Sequence[int], kind: str, fields: Mapping[str, Sequence[Any]]) -> None:
        """Append many rows of one kind, a column at a time."""
        count, latest_ms, zero_ms = len(at_ms), self._latest_ms, self._zero_ms
        for name, values in fields.items():
            self._fill(name).extend(values)
        # A browser's clock may run ahead; nothing happened after it arrived.
        self._columns["occurred_at"].extend([min(zero_ms + each, latest_ms) for each in at_ms])
        self._columns["idx"].extend(range(self._idx, self._idx + count))
        self._columns["kind"].extend([kind] * count)
        self._idx += count
        self._count += count

    def _place(self, *, page: str, pageview: int) -> None:
        self._keep(page=page, pageview=pageview)

    def _scrolled(self, x: int, y: int) -> None:
        self._keep(scroll_x=x, scroll_y=y)

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
        inside = _container(f[5] if len(f) > 5 else None)
        whole = len(steps) - len(steps) % 3
        at = list(accumulate(steps[0:whole:3], initial=at_ms))
        places: dict[str, Sequence[Any]] = {
            "x": list(accumulate(steps[1:whole:3], initial=x + sx)),
            "y": list(accumulate(steps[2:whole:3], initial=y + sy)),
        }
        self._put_run(at, "move", places | {name: [value] * len(at) for name, value in inside.items()})

    def click(self, at_ms: int, f: Sequence[Any]) -> None:
        """``x, y, sx, sy, button, ex, ey, selector, text, flags, reaction, hover, container?``."""
        x, y, sx, sy, button, ex, ey, selector, text, flags, reaction, hover = f[:12]
        self._scrolled(sx, sy)
        self._put(
            at_ms,
            "click",
            x=x + sx,
            y=y + sy,
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
