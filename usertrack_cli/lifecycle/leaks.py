"""Leaks: personal data that slipped into stored texts, and the rule that would have kept it out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from usertrack_cli.lifecycle.signs import Sign, masked_text, signs_in
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.texts import StoredText, suspect_texts
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.personal import layout_texts

_RECORDED = {"custom": "custom", "tag": "tag", "error": "error"}
_LABELS = """
SELECT site, {column} FROM {table} t
WHERE (?1 IS NULL OR site = ?1)
  AND NOT EXISTS (SELECT 1 FROM restrictions r WHERE r.site = t.site AND r.session = t.session)
ORDER BY 1, 2
"""
_PLACES = {
    "text": "label",
    "name": "event",
    "props": "event",
    "value": "typed text",
    "url_query": "query",
    "referrer": "referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Something of one kind at one place.

    Attributes:
        place: page, title, label, tag, note …
        page: Path, with what was found in it masked.
        found: One example, masked.
        count: Events, layouts or labels that hold such a thing there.
        rule: The setting that keeps it out from now on, or what to do where no setting can.
    """

    sign: Sign
    site: str
    place: str
    page: str
    found: str
    count: int
    rule: str


def leaks(home: Home, *, site: str | None) -> list[Leak]:
    """Return what was found, the same kind at the same place under the same rule counted together.

    Restricted sessions are left out, as they are of every answer.
    """
    texts = ask(home, Filter(site=site), lambda con: suspect_texts(con, site=site))
    merged: dict[tuple[str, ...], Leak] = {}
    for leak in [*(each for text in texts for each in _of(text)), *_of_catalog(home, site)]:
        key = (leak.site, leak.place, leak.sign, leak.rule)
        known = merged.get(key)
        count = leak.count + (known.count if known else 0)
        first = known or leak
        merged[key] = Leak(
            sign=first.sign,
            site=first.site,
            place=first.place,
            page=first.page,
            found=first.found,
            count=count,
            rule=first.rule,
        )
    return [merged[key] for key in sorted(merged)]


def _of(text: StoredText) -> Iterator[Leak]:
    _, found = signs_in(text.text)
    place = _PLACES.get(text.place, text.place)
    if text.place == "name" and text.kind == "tag":
        place = "tag"
    elif text.kind == "error" and text.place in {"name", "props"}:
        place = "script error"
    for each in found:
        yield Leak(
            sign=each.sign,
            site=text.site,
            place=place,
            page=masked_text(text.page or ""),
            found=each.masked,
            count=text.events,
            rule=_rule(text),
        )


def _rule(text: StoredText) -> str:
    """Return the line of ``usertrack.toml`` that keeps this out, or what to do where none can."""
    if text.place in {"page", "title", "referrer"}:
        return f"exclude_pages = {_listed(pattern_of(text.page or text.text))}"
    if text.place == "text":
        return f"mask_selectors = {_listed(text.selector or '')}"
    if text.place == "value":
        return f"exclude_fields = {_listed(text.selector or '')}"
    if text.place == "url_query":
        keys = [part.partition("=")[0] for part in text.text.split("&") if signs_in(part)[1]]
        return f"query_keys without {', '.join(masked_text(key) for key in keys)}"
    if text.kind in _RECORDED:
        return f"leave it out of the page's own call, or record without {_RECORDED[text.kind]}"
    return "leave it out of the links that lead here"


def pattern_of(page: str) -> str:
    """Return a page with each part that holds something found replaced by ``*``."""
    return "/".join("*" if signs_in(part)[1] else part for part in page.split("/"))


def _listed(text: str) -> str:
    return json.dumps([text], ensure_ascii=False)


def _of_catalog(home: Home, site: str | None) -> Iterator[Leak]:
    with closing(catalog.connect(home)) as con:
        for layout_site, page, selector, text in layout_texts(con, site=site):
            yield from _plain(
                layout_site, "label", page, text, f"mask_selectors = {_listed(selector)}" if selector else ""
            )
        for table, column, undo in (
            ("tags", "tag", "take it off: usertrack tags remove"),
            ("notes", "note", "take it back: usertrack replay, then N on the note and empty it"),
        ):
            rows = con.execute(_LABELS.format(column=column, table=table), (site,)).fetchall()
            for label_site, text in rows:
                yield from _plain(label_site, column, "", text, undo)


def _plain(site: str, place: str, page: str, text: str, rule: str) -> Iterator[Leak]:
    for each in signs_in(text)[1]:
        yield Leak(
            sign=each.sign,
            site=site,
            place=place,
            page=masked_text(page),
            found=each.masked,
            count=1,
            rule=rule or f"exclude_pages = {_listed(pattern_of(page))}",
        )
