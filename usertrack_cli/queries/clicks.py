"""Clicks of a page, as arrays: all of them, or those of one sort."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import duckdb
import numpy as np
from numpy.typing import NDArray

from usertrack_cli.queries.events import columns_of
from usertrack_cli.queries.filters import Filter, conditions
from usertrack_cli.queries.friction import JUDGED, USUAL, Field, Thresholds, values_of

_COLUMNS = """
x, y, coalesce(element_x, -1) AS element_x, coalesce(element_y, -1) AS element_y,
coalesce(selector, '') AS selector, coalesce(container, '') AS container,
coalesce(document_w, 0) AS document_w, hash(session) AS session_code
"""

_CLICKS = """
SELECT {columns}
FROM events
WHERE {where} AND kind = 'click' AND x IS NOT NULL AND y IS NOT NULL
ORDER BY session, seq, idx
"""

_JUDGED_CLICKS = """
WITH {judged}
SELECT {columns}
FROM judged
WHERE {sort}
ORDER BY session, seq, idx
"""


class Sort(StrEnum):
    """Which clicks; all but the first of these are columns of ``judged``."""

    EVERY = "every"
    RAGE = "is_rage"
    DEAD = "is_dead"
    FIRST = "is_first"


@dataclass(frozen=True, slots=True)
class Clicks:
    """Clicks of one page, one element of each array a click.

    Attributes:
        x: Document px, int32; ``y`` likewise.
        element_x: Per mille of the target's width, int32, -1 where unknown; ``element_y`` of its height.
        selector: Object array of text; empty where the target has none.
        container: Selector of the inner scroller under the pointer; empty where there was none.
        document_w: Width of the page that was clicked, px; 0 where unknown.
        session_code: Equal for clicks of one session; says nothing else.
    """

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    element_x: NDArray[np.int32]
    element_y: NDArray[np.int32]
    selector: NDArray[np.object_]
    container: NDArray[np.object_]
    document_w: NDArray[np.int32]
    session_code: NDArray[np.uint64]


def clicks(
    con: duckdb.DuckDBPyConnection,
    chosen: Filter,
    *,
    sort: Sort = Sort.EVERY,
    thresholds: Thresholds = USUAL,
    fields: tuple[Field, ...] = (),
) -> Clicks:
    """Return the clicks in the order they happened in each session.

    Args:
        thresholds: For rage and dead clicks.
        fields: Elements that take input; a click there is never dead.
    """
    where, values = conditions(chosen)
    if sort is Sort.EVERY:
        return Clicks(**columns_of(con, _CLICKS.format(where=where, columns=_COLUMNS), values))
    sql = _JUDGED_CLICKS.format(judged=JUDGED.format(where=where), columns=_COLUMNS, sort=sort.value)
    return Clicks(**columns_of(con, sql, values | values_of(thresholds, fields=fields)))
