"""The page of a copy that a person can read: what the data are, then visit by visit what happened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from usertrack_cli.render.report.markup import Html, joined, tag

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#1c1c1c;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.8rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #ddd}
td{overflow-wrap:anywhere}td:first-child{min-width:10rem;overflow-wrap:normal}.t{white-space:nowrap}
"""
_HIDDEN_IN_EVENTS = frozenset(
    [
        *("site", "session", "visitor", "epoch", "source", "seq", "idx", "occurred_at", "kind", "page"),
        *("pageview", "scroll_x", "viewport_w", "viewport_h", "document_w", "document_h", "container_x"),
        *("element_x", "element_y", "button", "flags", "hover_ms", "layout", "country", "browser"),
        *("browser_major", "os", "device", "width_class", "language", "screen_w", "screen_h", "dpr"),
        *("basis", "consent_version", "is_bot"),
    ]
)
"""What the head of a visit says once, or what only a program can read; all of it is in the other files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPage:
    """What the page says; every text is in its reader's language already.

    Attributes:
        facts: Heading and text of what the law asks to be told.
        stored: What is stored, in which form, for how long; with its headings first.
        words: Names of things on the page.
    """

    language: str
    title: str
    intro: str
    facts: Sequence[tuple[str, str]]
    stored: Sequence[Sequence[str]]
    sessions: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    agents: Sequence[str]
    words: Mapping[str, str]


def copy_page(page: CopyPage) -> str:
    """Return the page as one HTML file that loads nothing."""
    body = [
        tag("h1", page.title),
        tag("p", page.intro),
        tag("h2", page.words["about"]),
        _table([(tag("strong", name), text) for name, text in page.facts]),
        tag("h2", page.words["stored"]),
        _table(page.stored[1:], page.stored[0]),
    ]
    if page.agents:
        body += [tag("h2", page.words["agents"]), tag("ul", *(tag("li", each) for each in page.agents))]
    events: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for event in page.events:
        events[event["site"], event["session"]].append(event)
    for session in page.sessions:
        body += _session(page, session, events[session["site"], session["session"]])
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width"),
        tag("title", page.title),
        tag("style", Html(_STYLE)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", *body), lang=page.language) + "\n"


def _session(page: CopyPage, session: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[Html]:
    moves = sum(each["kind"] == "move" for each in events)
    started = f" · {_instant(session['started_at'])}" if session.get("started_at") is not None else ""
    known = {name: value for name, value in session.items() if name != "held"} | session["held"]
    facts = [
        (page.words.get(name, name), _shown(name, value))
        for name, value in known.items()
        if value not in (None, (), 0)
    ]
    seen = [
        (
            Html(f'<span class="t">{each["occurred_at"][11:23]}</span>'),
            each["kind"],
            each.get("page", ""),
            _details(each),
        )
        for each in events
        if each["kind"] != "move"
    ]
    parts = [
        tag("h2", f"{page.words['visit']} {session['session'][:8]}{started}"),
        _table(facts),
        tag("h3", page.words["happened"]),
        _table(seen, page.words["columns"].split("|")),
    ]
    if moves:
        parts.append(tag("p", page.words["moves"].format(moves=moves)))
    return parts


def _details(event: Mapping[str, Any]) -> str:
    said = [f"{name} {value}" for name, value in event.items() if name not in _HIDDEN_IN_EVENTS]
    return ", ".join(said)


def _shown(name: str, value: Any) -> str:
    if name.endswith("_at"):
        return _instant(value)
    if name.endswith("_ms"):
        return f"{value / 1000:.1f} s"
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return "; ".join(_row(row) for row in value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _row(row: Mapping[str, Any]) -> str:
    said = [(name, _shown(name, value)) for name, value in row.items() if value is not None]
    return said[0][1] if len(said) == 1 else ", ".join(f"{name} {value}" for name, value in said)


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def _table(rows: Sequence[Sequence[str]], headings: Sequence[str] = ()) -> Html:
    head = tag("thead", tag("tr", *(tag("th", each) for each in headings))) if headings else None
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("table", head, tag("tbody", joined(*body)))
