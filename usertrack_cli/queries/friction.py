"""What makes a click a rage click, a dead click or a first click; thresholds are judged here, not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from usertrack_cli.errors import UsageError

RAGE_CLICKS_MAX = 50
RAGE_MS_MAX, DEAD_MS_MAX, QUICK_BACK_MS_MAX = 60_000, 5_000, 600_000
"""The tracker waits 5 s for a reaction, so a longer one is never measured."""
RAGE_PX_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Where an annoyance begins.

    Attributes:
        rage_clicks: So many clicks, at least, on one spot …
        rage_ms: … within so many ms, first to last …
        rage_px: … all inside a circle of this radius: of the whole burst, so that clicks wandering
            along a row of buttons are none.
        dead_ms: A click is dead where the page did not react, or took longer than this.
        quick_back_ms: A page is left quickly when it was in view for less than this.
    """

    rage_clicks: int = 3
    rage_ms: int = 1_000
    rage_px: int = 30
    dead_ms: int = 2_500
    quick_back_ms: int = 10_000

    def __post_init__(self) -> None:
        for name, least, most in (
            ("rage_clicks", 2, RAGE_CLICKS_MAX),
            ("rage_ms", 1, RAGE_MS_MAX),
            ("rage_px", 0, RAGE_PX_MAX),
            ("dead_ms", 0, DEAD_MS_MAX),
            ("quick_back_ms", 1, QUICK_BACK_MS_MAX),
        ):
            if not least <= getattr(self, name) <= most:
                flag = f"--{name.replace('_', '-')}"
                raise UsageError(
                    f"{flag} cannot be {getattr(self, name)}", hint=f"choose {least:,} to {most:,}"
                )


USUAL = Thresholds()

Field = tuple[str, str]
"""``(page, selector)`` of an element that takes input: a click there changes nothing, and should not.

On another page the same selector may be a button.
"""

JUDGED = """
clicked AS (
    SELECT session, pageview, page, seq, idx, x, y, element_x, element_y, selector, text, container, document_w,
           flags, reaction_ms, hover_ms, epoch_ms(occurred_at) AS at_ms,
           -- 2 a script's, 8 from the keyboard, 32 after a selection: a triple click selects a paragraph.
           coalesce(flags, 0) & 42 = 0 AS is_by_hand
    FROM events
    WHERE {where} AND kind = 'click' AND x IS NOT NULL AND y IS NOT NULL
),
recent AS (
    SELECT *, count(*) OVER burst AS burst_clicks, max(at_ms) OVER burst - min(at_ms) OVER burst AS burst_ms,
           (min(x) OVER burst + max(x) OVER burst) / 2 AS burst_x,
           (min(y) OVER burst + max(y) OVER burst) / 2 AS burst_y,
           list({{'x': x, 'y': y}}) OVER burst AS burst_points,
           row_number() OVER (PARTITION BY session, pageview ORDER BY seq, idx) AS nth
    FROM clicked
    WINDOW burst AS (
        PARTITION BY session, pageview, is_by_hand ORDER BY seq, idx
        ROWS BETWEEN $rage_clicks - 1 PRECEDING AND CURRENT ROW
    )
),
ended AS (
    SELECT * EXCLUDE (burst_points),
           is_by_hand AND burst_clicks = $rage_clicks AND burst_ms <= $rage_ms
           -- Squares, since a root would have to be compared with rounding in mind.
           AND list_max([(p.x - burst_x) ** 2 + (p.y - burst_y) ** 2 FOR p IN burst_points]) <= $rage_px ** 2
           AS ends_burst
    FROM recent
),
fields AS (
    SELECT page AS field_page, selector AS field
    FROM events WHERE {where} AND kind = 'input' AND selector IS NOT NULL
    UNION SELECT unnest($field_pages), unnest($field_selectors)
),
judged AS (
    SELECT * EXCLUDE (field_page, field), nth = 1 AS is_first,
           bool_or(ends_burst) OVER (
               PARTITION BY session, pageview, is_by_hand ORDER BY seq, idx
               ROWS BETWEEN CURRENT ROW AND $rage_clicks - 1 FOLLOWING
           ) AS is_rage,
           coalesce(reaction_ms = -1 OR reaction_ms > $dead_ms, FALSE)
           AND coalesce(flags, 0) & 2 = 0
           AND NOT regexp_matches(coalesce(selector, ''), '(^|>)(input|select|textarea)(:[^>]*)?$')
           AND field IS NULL
           AS is_dead
    FROM ended LEFT JOIN fields ON field_page = page AND field = selector
)
"""
"""Common table expressions; the last, ``judged``, is every click with ``is_first``, ``is_rage``, ``is_dead``.

The centre of a burst is the middle of its bounding box.
"""


def values_of(thresholds: Thresholds, *, fields: tuple[Field, ...] = ()) -> dict[str, Any]:
    """Return the parameters of ``JUDGED``.

    Args:
        fields: Of layouts; what was typed into in the range is known besides.
    """
    # An empty list has no type that DuckDB could compare; no page has an empty name.
    known = fields or (("", ""),)
    return {
        "rage_clicks": thresholds.rage_clicks,
        "rage_ms": thresholds.rage_ms,
        "rage_px": thresholds.rage_px,
        "dead_ms": thresholds.dead_ms,
        "field_pages": [page for page, _ in known],
        "field_selectors": [selector for _, selector in known],
    }
