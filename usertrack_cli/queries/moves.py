"""Pointer movements of a page, as cells of the drawn picture: where it went, and where it rested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from usertrack_cli.queries.events import columns_of
from usertrack_cli.queries.filters import LATE_BOTS, Filter, conditions
from usertrack_cli.queries.widths import Samples

REST_MS_MAX = 30_000
"""A pointer that lies still for longer may as well be alone; the tracker stops its active time there too."""

_CELL = "(y // $cell_px) * $columns + (x::BIGINT * $width_px // document_w) // $cell_px"
_BLOCK = "(y // $block_px) * $blocks + (x::BIGINT * $width_px // document_w) // $block_px"
_INSIDE = "document_w > 0 AND x >= 0 AND x < document_w AND y >= 0 AND y < $height_px"

# In no order: what it answers is only counted.
_CROWDED_MOVES = """
WITH samples AS (
    SELECT session, {cell} AS cell, {block} AS block
    FROM events
    WHERE {where} AND kind = 'move' AND {inside}
),
crowded AS (SELECT block FROM samples GROUP BY block HAVING count(DISTINCT session) >= $sessions_min)
SELECT cell FROM samples SEMI JOIN crowded USING (block)
"""

_RESTS = """
WITH steps AS (
    SELECT session, x, y, document_w,
           -- A finger leaves no pointer behind, and clicks of scripts and keys were nowhere.
           kind = 'move' OR (kind = 'click' AND coalesce(flags, 0) & 14 = 0) AS is_place,
           lead(epoch_ms(occurred_at)) OVER (PARTITION BY session, pageview ORDER BY seq, idx)
           - epoch_ms(occurred_at) AS rest_ms
    FROM events
    WHERE {where} AND kind IN (
        'move', 'click', 'scroll', 'container_scroll', 'resize', 'pageview', 'visibility', 'focus', 'leave'
    )
),
rests AS (
    SELECT session, least(rest_ms, $rest_ms_max) AS rest_ms, {cell} AS cell, {block} AS block
    FROM steps
    WHERE is_place AND rest_ms > 0 AND {inside}
),
crowded AS (SELECT block FROM rests GROUP BY block HAVING count(DISTINCT session) >= $sessions_min)
SELECT cell, sum(rest_ms)::DOUBLE AS rest_ms
FROM rests SEMI JOIN crowded USING (block)
GROUP BY cell
ORDER BY cell
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The picture that cells are counted for; a cell is ``row * ceil(width_px / cell_px) + column``.

    Attributes:
        block_px: Edge of the squares that ``sessions_min`` is asked of.
        sessions_min: Squares where fewer sessions were are left out.
    """

    width_px: int
    height_px: int
    cell_px: int
    block_px: int = 32
    sessions_min: int = 1

    @property
    def columns(self) -> int:
        """Cells in a row; the last may hang over."""
        return -(-self.width_px // self.cell_px)

    @property
    def values(self) -> dict[str, Any]:
        """Parameters for the cells, and for the squares that few sessions touched."""
        return {
            "cell_px": self.cell_px,
            "columns": self.columns,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "block_px": self.block_px,
            "blocks": -(-self.width_px // self.block_px),
            "sessions_min": self.sessions_min,
        }


def sample_cells(samples: Samples, drawn: Drawn) -> NDArray[np.int64]:
    """Return, for each pointer sample on the page, its cell.

    The horizontal position is scaled from the width of the page as it was to the drawn one.
    Samples outside the page are left out. NumPy divides integers ten times faster than DuckDB does.
    """
    x, y, document_w = samples.x, samples.y, samples.document_w
    inside = (x >= 0) & (x < document_w) & (y >= 0) & (y < drawn.height_px)
    if not inside.all():
        x, y, document_w = x[inside], y[inside], document_w[inside]
    across = x.astype(np.int64) * drawn.width_px // document_w // drawn.cell_px
    cells: NDArray[np.int64] = y // drawn.cell_px * drawn.columns + across
    return cells


def crowded_cells(con: duckdb.DuckDBPyConnection, chosen: Filter, drawn: Drawn) -> NDArray[np.int64]:
    """Return the cells as ``sample_cells`` does, of squares where at least ``sessions_min`` sessions were."""
    where, values = conditions(chosen, without=frozenset({LATE_BOTS}))
    values |= drawn.values
    cells: NDArray[np.int64] = columns_of(con, _filled(_CROWDED_MOVES, where), values)["cell"]
    return cells


def rest_cells(
    con: duckdb.DuckDBPyConnection, chosen: Filter, drawn: Drawn
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return cells and how long the pointer rested in each, ms.

    A rest lasts from a sample until the visitor's next act, at most ``REST_MS_MAX``; after scrolling
    the pointer counts again from its next movement on.
    """
    where, values = conditions(chosen, without=frozenset({LATE_BOTS}))
    values |= drawn.values | {"rest_ms_max": REST_MS_MAX}
    found = columns_of(con, _filled(_RESTS, where), values)
    return found["cell"], found["rest_ms"]


def _filled(sql: str, where: str) -> str:
    return sql.format(where=where, cell=_CELL, block=_BLOCK, inside=_INSIDE)
