"""Every text that visitors' browsers brought, once each: for a look at what slipped in."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from usertrack_cli.queries.events import rows_of

COLUMNS = (
    "page",
    "title",
    "text",
    "name",
    "props",
    "value",
    "url_query",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
)
SUSPECT = r"@|%40|[0-9](?:[ ()./+-]?[0-9]){6}|[A-Za-z0-9_]{16}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-"
"""An address, seven digits, or something long without a gap: nothing else can be what is looked for."""

_TEXTS = """
SELECT '{column}' AS place, "{column}" AS text, min(kind) AS kind, site,
       arg_min(page, (length(page), page)) AS page, min(selector) AS selector, count(*) AS events
FROM events
WHERE "{column}" IS NOT NULL AND ($site IS NULL OR site = $site) AND regexp_matches("{column}", $suspect)
GROUP BY "{column}", site
"""
_SQL = "\nUNION ALL\n".join(_TEXTS.format(column=column) for column in COLUMNS) + "\nORDER BY site, place, text"


@dataclass(frozen=True, slots=True)
class StoredText:
    """One text of one column.

    Attributes:
        place: The column.
        kind: The first in the alphabet of its events, as is ``selector``; ``page`` is the shortest path it was
            seen on.
    """

    place: str
    text: str
    kind: str
    site: str
    page: str | None
    selector: str | None
    events: int


def suspect_texts(con: duckdb.DuckDBPyConnection, *, site: str | None) -> list[StoredText]:
    """Return the texts that could hold an address, a number or a token; a first look that misses none."""
    return [StoredText(**row) for row in rows_of(con, _SQL, {"site": site, "suspect": SUSPECT})]
