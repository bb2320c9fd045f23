"""How each width class saw a page, and the pointer samples it left there, from one reading of the segments.

A scan costs more than anything made of it, so sizes, sessions and pointer samples come from the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from usertrack_cli.queries.events import columns_of, find_bots
from usertrack_cli.queries.filters import Filter, conditions

WIDTH_CLASSES = ("", "narrow", "medium", "wide")

# Pointer samples are nine rows in ten and say nothing new about sizes: they are read where they are asked for.
# Hashes are told apart faster than session ids; of a million, two agree in one store of ten million.
# In no order: what it answers is only counted.
_ROWS = """
SELECT {is_asked} AS is_asked, kind <> 'move' AS is_size, hash(session) AS session,
       CASE width_class WHEN 'narrow' THEN 1 WHEN 'medium' THEN 2 WHEN 'wide' THEN 3 ELSE 0 END::UTINYINT
       AS width_class,
       viewport_w, coalesce(document_w, 0) AS document_w, coalesce(document_h, 0) AS document_h
       {samples}
FROM events
WHERE {where} AND viewport_w > 0 {only}
"""
_BOTS = "SELECT hash(session) AS session FROM bots"
_SAMPLES = ", coalesce(x, -1) AS x, coalesce(y, -1) AS y"


@dataclass(frozen=True, slots=True)
class WidthCount:
    """How one width class saw a page; sizes in px, ``document_h`` its 90th percentile.

    Attributes:
        sessions: With events of the kinds that were asked for; ``events`` are those.
        sessions_all: With or without them.
        bots: Sessions of bots, which are left out of everything else.
    """

    width_class: str
    sessions: int
    events: int
    sessions_all: int
    viewport_min: int
    viewport_max: int
    document_w: int
    document_h: int
    bots: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Pointer samples, one entry each, document px; −1 where the place is not known."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    document_w: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Widths:
    """What was read of a page.

    Attributes:
        counts: The width classes that have events of the kinds asked for, the one with most sessions first.
        rows: One array a column; ``x`` and ``y`` only where moves were asked for.
        bots: Sessions of bots at any width, left out of ``rows``.
    """

    counts: tuple[WidthCount, ...]
    rows: dict[str, Any]
    bots: int

    def samples(self, width_class: str) -> Samples:
        """Return the pointer samples of one width class; moves must have been asked for."""
        rows = self.rows
        chosen = ~rows["is_size"] & (rows["width_class"] == WIDTH_CLASSES.index(width_class))
        return Samples(x=rows["x"][chosen], y=rows["y"][chosen], document_w=rows["document_w"][chosen])


class Visits:
    """Runs of rows of one session: segments are sorted by session, so that there are few.

    Args:
        session: Of each row.
    """

    def __init__(self, session: NDArray[np.uint64]) -> None:
        changes = np.flatnonzero(session[1:] != session[:-1]) + 1
        self.heads = np.concatenate([[0], changes]) if len(session) else changes
        self.sessions = session[self.heads]

    def having(self, is_meant: NDArray[np.bool_]) -> int:
        """Return how many sessions have a row of those."""
        if not len(self.heads):
            return 0
        return len(np.unique(self.sessions[np.logical_or.reduceat(is_meant, self.heads)]))


def widths(con: duckdb.DuckDBPyConnection, chosen: Filter, kinds: tuple[str, ...]) -> Widths:
    """Return how each width class saw the page, and with ``move`` among ``kinds`` its pointer samples."""
    where, values = conditions(chosen, without=frozenset({"includes_bots"}))
    has_moves = "move" in kinds
    sql = _ROWS.format(
        where=where,
        is_asked="kind = 'move'" if kinds == ("move",) else "list_contains($kinds, kind)",
        samples=_SAMPLES if has_moves else "",
        only="" if has_moves else "AND kind <> 'move'",
    )
    rows = columns_of(con, sql, values if kinds == ("move",) else values | {"kinds": list(kinds)})
    rows, automated = _parted(con, chosen, rows)
    visits, of_bots = Visits(rows["session"]), Visits(automated["session"])
    counts = [
        _count(
            name,
            rows,
            rows["width_class"] == code,
            visits=visits,
            bots=of_bots.having(automated["width_class"] == code),
        )
        for code, name in enumerate(WIDTH_CLASSES)
    ]
    found = sorted(
        (each for each in counts if each is not None),
        key=lambda each: (-each.sessions, -each.events, each.width_class),
    )
    return Widths(tuple(found), rows, len(np.unique(of_bots.sessions)))


def _parted(
    con: duckdb.DuckDBPyConnection, chosen: Filter, rows: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows that count and those of bots, told apart here because a join would look at every row."""
    nobody = {name: column[:0] for name, column in rows.items()}
    if chosen.includes_bots or not len(rows["session"]):
        return rows, nobody
    find_bots(con)
    bots = columns_of(con, _BOTS, {})["session"]
    if not len(bots):
        return rows, nobody
    visits = Visits(rows["session"])
    is_bot = np.isin(visits.sessions, bots)
    of_bots = np.repeat(is_bot, np.diff(visits.heads, append=len(rows["session"])))
    return (
        {name: column[~of_bots] for name, column in rows.items()},
        {name: column[of_bots] for name, column in rows.items()},
    )


def _count(
    name: str, rows: dict[str, Any], is_here: NDArray[np.bool_], *, visits: Visits, bots: int
) -> WidthCount | None:
    asked = is_here & rows["is_asked"]
    events = int(np.count_nonzero(asked))
    if not events:
        return None
    sized = is_here & rows["is_size"]
    viewport_w = rows["viewport_w"][asked]
    sizes = sized if sized.any() else asked
    return WidthCount(
        width_class=name,
        sessions=visits.having(asked),
        events=events,
        sessions_all=visits.having(is_here),
        viewport_min=int(viewport_w.min()),
        viewport_max=int(viewport_w.max()),
        document_w=_quantile(rows["document_w"][sizes], 0.5),
        document_h=_quantile(rows["document_h"][sizes], 0.9),
        bots=bots,
    )


def _quantile(sizes_px: NDArray[np.int32], share: float) -> int:
    known = sizes_px[sizes_px > 0]
    return round(float(np.quantile(known, share))) if len(known) else 0
