"""Stored layouts: the boxes of a page, and taking their texts away again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from usertrack_cli.store.schema import width_class

FIELD_LAYOUTS_PER_PAGE, FIELD_LAYOUTS_MAX = 3, 2_000
"""Layouts that are asked which elements take input: those of one page hardly differ in that."""
_FIELDS = """
WITH newest AS (
    SELECT page, boxes, last_seen_at,
           row_number() OVER (PARTITION BY site, page ORDER BY last_seen_at DESC) AS nth
    FROM layouts WHERE :site IS NULL OR site = :site
)
SELECT DISTINCT chosen.page, json_extract(box.value, '$[7]') AS selector
FROM (SELECT page, boxes FROM newest WHERE nth <= :per_page ORDER BY last_seen_at DESC LIMIT :most) AS chosen,
     json_each(CAST(chosen.boxes AS TEXT)) AS box
WHERE json_extract(box.value, '$[0]') = 'f' AND json_extract(box.value, '$[7]') <> ''
ORDER BY chosen.page, selector
"""
_STORED = """
SELECT page, hash, document_w, document_h, viewport_w, viewport_h, boxes,
       EXISTS (SELECT 1 FROM restrictions r WHERE r.site = l.site AND r.session = l.brought_by)
FROM layouts l WHERE site = ? AND page = ? AND hash = ?
"""

_TEXT = 5
"""Place of the text in a box of the wire format: kind, x, y, w, h, text, flags, selector, container."""


PAGES_MAX = 200
_PAGES = """
SELECT page FROM layouts WHERE site = ? AND substr(page, 1, ?) = ?
GROUP BY page ORDER BY max(last_seen_at) DESC, page LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """One layout as the catalog holds it; ``boxes`` as in the wire format."""

    page: str
    hash: str
    document_w: int
    document_h: int
    viewport_w: int
    viewport_h: int
    boxes: list[list[Any]]


def known_pages(con: sqlite3.Connection, *, site: str, prefix: str) -> list[str]:
    """Return pages of a site that begin like this, the last seen first; those that have a layout are known."""
    return [page for (page,) in con.execute(_PAGES, (site, len(prefix), prefix, PAGES_MAX))]


def stored_layouts(
    con: sqlite3.Connection, *, site: str, hashes: Iterable[tuple[str, str]]
) -> list[StoredLayout]:
    """Return the layouts with these ``(page, hash)``; those not stored are missing from the list."""
    found = []
    for page, layout_hash in sorted(set(hashes)):
        row = con.execute(_STORED, (site, page, layout_hash)).fetchone()
        if row is not None:
            names = ("page", "hash", "document_w", "document_h", "viewport_w", "viewport_h")
            boxes = json.loads(row[6])
            # What a restricted session brought is kept and not shown.
            shown = _without_texts(boxes) if row[7] else boxes
            found.append(StoredLayout(**dict(zip(names, row, strict=False)), boxes=shown))
    return found


def _without_texts(boxes: list[list[Any]]) -> list[list[Any]]:
    return [[*box[:_TEXT], "", *box[_TEXT + 1 :]] for box in boxes]


def nearest_layout_hash(
    con: sqlite3.Connection, *, site: str, page: str, viewport_w: int
) -> tuple[str, str] | None:
    """Return the ``(page, hash)`` of the page's newest layout of the nearest width, or ``None``.

    A layout of another width class is another page to look at, and is not returned.
    """
    row = con.execute(
        "SELECT page, hash, viewport_w FROM layouts WHERE site = ?1 AND page = ?2"
        " ORDER BY abs(viewport_w - ?3), last_seen_at DESC, first_seen_at DESC, hash LIMIT 1",
        (site, page, viewport_w),
    ).fetchone()
    if row is None or width_class(row[2]) != width_class(viewport_w):
        return None
    return row[0], row[1]


def fields(con: sqlite3.Connection, *, site: str | None) -> list[tuple[str, str]]:
    """Return page and selector of the elements that take input, from the newest layouts of every page."""
    rows = con.execute(_FIELDS, {"site": site, "per_page": FIELD_LAYOUTS_PER_PAGE, "most": FIELD_LAYOUTS_MAX})
    return rows.fetchall()


def blank_texts(con: sqlite3.Connection, *, site: str, sessions: Iterable[str]) -> int:
    """Blank the texts that these sessions brought; geometry stays, the next visitor is asked for texts.

    Returns:
        How many layouts were blanked.
    """
    gone = set(sessions)
    rows = con.execute(
        "SELECT page, hash, boxes, brought_by FROM layouts WHERE site = ? AND brought_by IS NOT NULL", (site,)
    ).fetchall()
    blanked = [
        (page, layout_hash, boxes) for page, layout_hash, boxes, brought_by in rows if brought_by in gone
    ]
    for page, layout_hash, boxes in blanked:
        bare = _without_texts(json.loads(boxes))
        con.execute(
            "UPDATE layouts SET boxes = ?, brought_by = NULL, needs_text = 1"
            " WHERE site = ? AND page = ? AND hash = ?",
            (json.dumps(bare, separators=(",", ":")).encode(), site, page, layout_hash),
        )
    return len(blanked)
