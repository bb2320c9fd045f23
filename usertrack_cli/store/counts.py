"""The counting tier: totals of an hour about visits that are not recorded, and no id of anything.

``pageview`` is a page seen while nothing may be recorded; a visitor who accepts the banner had one page
counted before, so recorded pageviews + ``pageview`` - ``banner_accepted`` is how many there were.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from usertrack_cli.clock import HOUR_MS
from usertrack_cli.store.catalog import transaction

ROWS_PER_HOUR_MAX = 2_000
"""Rows of one site and hour, some 100 bytes each; whatever differs beyond that is added up without page
and referrer, so that made-up paths cannot fill the catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one total is about.

    Attributes:
        hour_at: Begin of the hour (UTC, ms).
        name: ``pageview``, ``banner_shown``, ``banner_accepted`` or ``banner_declined``.
        referrer: Host of the site that led here, empty where there was none.
        country: Two letters, empty where unknown.
    """

    site: str
    hour_at: int
    name: str
    page: str
    referrer: str
    width_class: str
    country: str


_ADD = """
INSERT INTO counts (site, hour_at, name, page, referrer, width_class, country, total)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (site, hour_at, name, page, referrer, width_class, country)
    DO UPDATE SET total = total + excluded.total
"""

_ROWS = "SELECT count(*) FROM counts WHERE site = ? AND hour_at = ?"

_OLD = f"site = ?1 AND hour_at <= ?2 - {HOUR_MS}"

_KNOWN = """
SELECT 1 FROM counts
WHERE site = ? AND hour_at = ? AND name = ? AND page = ? AND referrer = ? AND width_class = ? AND country = ?
"""

_TOTALS = """
SELECT name, sum(total) FROM counts
WHERE site = ? AND hour_at >= ? AND hour_at < ?
GROUP BY name ORDER BY name
"""


_BY_COLUMN = """
SELECT name, {column} AS key, sum(total) FROM counts
WHERE site = :site AND hour_at >= :from_ms AND hour_at < :until_ms
  AND (:country IS NULL OR country = :country) AND (:width_class IS NULL OR width_class = :width_class)
GROUP BY name, key ORDER BY name, key
"""
COLUMNS = ("hour_at", "page", "referrer", "country", "width_class")
"""What the totals can be told apart by."""


def add_counts(con: sqlite3.Connection, counts: Mapping[Count, int]) -> None:
    """Add to the totals, all in one transaction."""
    with transaction(con):
        for count, number in counts.items():
            about = (count.site, count.hour_at, count.name)
            of_what = (count.page, count.referrer, count.width_class, count.country)
            if not con.execute(_KNOWN, (*about, *of_what)).fetchone():
                rows = con.execute(_ROWS, about[:2]).fetchone()[0]
                if rows >= ROWS_PER_HOUR_MAX:
                    of_what = ("", "", count.width_class, count.country)
            con.execute(_ADD, (*about, *of_what, number))


def old_counts(con: sqlite3.Connection, *, site: str, before_ms: int) -> int:
    """Return how many totals are of hours that were over before an instant."""
    return int(con.execute(f"SELECT count(*) FROM counts WHERE {_OLD}", (site, before_ms)).fetchone()[0])  # noqa: S608 - own condition


def forget_old_counts(con: sqlite3.Connection, *, site: str, before_ms: int) -> None:
    """Remove those totals; inside a transaction."""
    con.execute(f"DELETE FROM counts WHERE {_OLD}", (site, before_ms))  # noqa: S608 - own condition


def counted_totals(con: sqlite3.Connection, *, site: str, from_ms: int, until_ms: int) -> dict[str, int]:
    """Return the totals by name of the hours that begin from ``from_ms`` on and before ``until_ms``."""
    return {str(name): int(total) for name, total in con.execute(_TOTALS, (site, from_ms, until_ms))}


def counted_by(
    con: sqlite3.Connection,
    *,
    site: str,
    from_ms: int,
    until_ms: int,
    column: str,
    country: str | None = None,
    width_class: str | None = None,
) -> list[tuple[str, str | int, int]]:
    """Return ``(name, value of the column, total)`` of the hours that begin in the range.

    Args:
        column: One of ``COLUMNS``.
    """
    sql = _BY_COLUMN.format(column=COLUMNS[COLUMNS.index(column)])
    bound = {"site": site, "from_ms": from_ms, "until_ms": until_ms} | {
        "country": country,
        "width_class": width_class,
    }
    return [(str(name), key, int(total)) for name, key, total in con.execute(sql, bound)]
