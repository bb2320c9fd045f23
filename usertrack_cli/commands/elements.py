"""``usertrack elements``: the ledger behind a click heatmap, one row an element."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.commands.picture import DEAD_MS, PAGE, RAGE_CLICKS, RAGE_MS, RAGE_PX, USUAL
from usertrack_cli.commands.progress import progress
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared

_ELEMENT_LEAST, _LABEL_LEAST = 22, 18
"""On a narrow terminal other columns go before selectors and labels cannot be told apart."""

_HEADINGS = (
    Heading("element", "ELEMENT", is_flexible=True, least=_ELEMENT_LEAST, keeps_end=True),
    Heading("text", "LABEL", is_flexible=True, least=_LABEL_LEAST),
    Heading("clicks", "CLICKS", "right"),
    Heading("sessions", "SESSIONS", "right"),
    Heading("share", "SHARE", "right", console.share_text),
    Heading("share_low", "FROM", "right", console.share_text, is_optional=True, goes_with="share_high"),
    Heading("share_high", "TO", "right", console.share_text, is_optional=True),
    Heading("first_share", "FIRST", "right", console.share_text, is_optional=True),
    Heading("rage_clicks", "RAGE", "right"),
    Heading("dead_clicks", "DEAD", "right"),
    Heading("quick_backs", "BACK", "right", is_optional=True),
    Heading("reaction_ms", "REACTS", "right", lambda ms: f"{ms:,} ms", is_optional=True),
    Heading("hesitation_ms", "HOVERS", "right", lambda ms: f"{ms:,} ms", is_optional=True),
    Heading("seen_sessions", "SAW", "right", is_optional=True),
    Heading("reach_rate", "PER VIEW", "right", lambda rate: f"{rate:.2f}", is_optional=True),
)


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    page: PAGE,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")] = 100,
    rage_clicks: RAGE_CLICKS = USUAL.rage_clicks,
    rage_ms: RAGE_MS = USUAL.rage_ms,
    rage_px: RAGE_PX = USUAL.rage_px,
    dead_ms: DEAD_MS = USUAL.dead_ms,
    quick_back_ms: Annotated[
        int, typer.Option("--quick-back-ms", help="Quick back: less than so many ms on the page it led to.")
    ] = USUAL.quick_back_ms,
) -> None:
    """List the elements of a page that were clicked.

    SHARE is the sessions that clicked it among all of the page, FROM and TO its 95 % interval; FIRST the
    pageviews whose first click it was; RAGE and DEAD count clicks, BACK the visits it led away that were
    back at once; REACTS and HOVERS are medians; SAW the sessions that had its height of the page in
    view, PER VIEW the clicks for each of them.

    Example:  usertrack elements --page /shop --csv
    """
    judged = api.Thresholds(
        rage_clicks=rage_clicks,
        rage_ms=rage_ms,
        rage_px=rage_px,
        dead_ms=dead_ms,
        quick_back_ms=quick_back_ms,
    )
    with progress() as on_step:
        on_step(0.1, "reading clicks")
        found = api.elements(call.home, call.filter(page=page), thresholds=judged, limit=limit)
    console.listing(_HEADINGS, [asdict(row) for row in found], console.chosen_format(**call.wants))
