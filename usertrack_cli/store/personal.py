"""What the catalog holds of one session, for a copy to the person it is about."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

_LISTS = {
    "operator_tags": "SELECT tag, added_at FROM tags WHERE site = ? AND session = ? ORDER BY tag",
    "operator_notes": "SELECT note, at_ms, added_at FROM notes WHERE site = ? AND session = ? ORDER BY id",
    "watched": "SELECT watched_at, is_starred FROM watched WHERE site = ? AND session = ?",
    "restricted": "SELECT created_at FROM restrictions WHERE site = ? AND session = ?",
    "files": "SELECT DISTINCT written_at FROM outputs WHERE site = ? AND session = ? ORDER BY written_at",
    "still_open": "SELECT day, skew_ms, client, last_received_at FROM sessions_open"
    " WHERE site = ? AND session = ?",
    "not_taken_in_yet": "SELECT seq, received_at, ip, meta, body FROM batches"
    " WHERE site = ? AND session = ? AND body IS NOT NULL ORDER BY seq",
}
_LAYOUTS = """
SELECT page, hash, document_w, document_h, viewport_w, viewport_h, boxes, first_seen_at, last_seen_at
FROM layouts WHERE site = ? AND brought_by = ? ORDER BY page, hash
"""
_TEXTS = """
SELECT l.site, l.page, json_extract(box.value, '$[7]'), json_extract(box.value, '$[5]')
FROM layouts l, json_each(CAST(l.boxes AS TEXT)) AS box
WHERE (?1 IS NULL OR l.site = ?1)
  AND NOT EXISTS (SELECT 1 FROM restrictions r WHERE r.site = l.site AND r.session = l.brought_by)
  AND json_extract(box.value, '$[5]') <> ''
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def held_of_session(con: sqlite3.Connection, site: str, session: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table that names this session; empty tables are left out."""
    found = {name: _rows(con, sql, (site, session)) for name, sql in _LISTS.items()}
    return {name: rows for name, rows in found.items() if rows}


def layouts_brought(con: sqlite3.Connection, site: str, session: str) -> list[dict[str, Any]]:
    """Return the layouts whose texts this session brought."""
    return [{"site": site, "session": session} | row for row in _rows(con, _LAYOUTS, (site, session))]


def layout_texts(con: sqlite3.Connection, *, site: str | None) -> list[tuple[str, str, str, str]]:
    """Return ``(site, page, selector, text)`` of every box that has a text and may be shown."""
    return [(row[0], row[1], row[2] or "", str(row[3])) for row in con.execute(_TEXTS, (site,))]


def _rows(con: sqlite3.Connection, sql: str, values: tuple[str, str]) -> list[dict[str, Any]]:
    result = con.execute(sql, values)
    names = [about[0] for about in result.description]
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in result]


def _plain(value: Any) -> Any:
    """Return JSON that is kept as bytes as what it says."""
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value.decode("utf-8", "replace")
