"""The report: every answer about a range, put together for one page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.api.lists import pages
from usertrack_cli.api.outputs import note_outputs
from usertrack_cli.api.overviews import funnel
from usertrack_cli.api.pictures import OnStep, silent
from usertrack_cli.api.replays import recording
from usertrack_cli.api.report_content import SESSIONS, content_of
from usertrack_cli.api.report_pages import page_shown
from usertrack_cli.errors import NothingMatchedError
from usertrack_cli.naming import Conversion
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.queries.pages import PageCount
    from usertrack_cli.render.report.content import FunnelShown

BYTES_MAX = 1_900_000
"""Mail servers take 10 MB and readers' patience less; the pictures share what the rest leaves of this."""
_TEXT_BYTES, _REPLAY_BYTES = 120_000, 60_000
"""What everything but pictures takes, and what one replay does, both rather too much than too little."""
_PICTURE_BYTES_MIN = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report as a file holds it.

    Attributes:
        sessions: ``(site, session)`` of every single session that it shows.
        notes: What its reader should know about it.
    """

    html: str
    sessions: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def report(
    home: Home,
    chosen: Filter,
    *,
    zone: ZoneInfo | None = None,
    page_count: int = 3,
    only_pages: Sequence[str] = (),
    funnels: Sequence[Conversion] = (),
    replay_count: int = 0,
    facts: Sequence[str] = (),
    on_step: OnStep = silent,
) -> WrittenReport:
    """Return a report of the range as one HTML file that needs nothing but itself.

    Args:
        page_count: Pages that are drawn, those with most sessions.
        only_pages: Draws these pages instead.
        funnels: Each as a conversion; the first one's rate stands among the figures.
        replay_count: Sessions that can be played in it, those with most friction.
        facts: Sentences about what the figures are of, for its head.

    Raises:
        NothingMatchedError: There are no sessions in the range.
    """
    from usertrack_cli.render.report import document

    on_step(0.0, "counting")
    seen = pages(home, chosen)
    drawn = [each for each in seen if each.page in only_pages] if only_pages else seen[:page_count]
    room = BYTES_MAX - _TEXT_BYTES - _REPLAY_BYTES * replay_count
    each_bytes = max(_PICTURE_BYTES_MIN, room // max(2 * len(drawn), 1))
    content, listed = content_of(home, chosen, zone=zone, funnels=funnels, facts=facts, on_step=on_step)
    shown = []
    for number, each in enumerate(drawn):
        on_step(0.5 + 0.4 * number / len(drawn), f"drawing {each.page}")
        shown.append(page_shown(home, chosen, each, zone=zone, bytes_max=each_bytes))
    told = [_funnel_shown(home, chosen, each) for each in funnels]
    on_step(0.9, "writing")
    played = [recording(home, site=row.site, session=row.session) for row in listed[:replay_count]]
    whole = replace(content, pages=tuple(shown), funnels=tuple(told), replays=tuple(played))
    held = {(row.site, row.session): None for row in listed[:SESSIONS]} | {
        (r.site, r.session): None for r in played
    }
    return WrittenReport(html=document(whole), sessions=tuple(held), notes=_missing(only_pages, seen))


def write_report(home: Home, written: WrittenReport, path: Path) -> int:
    """Write a report, readable by its owner only, and remember which sessions it holds; return its bytes.

    Raises:
        UsageError: It cannot be written there.
    """
    from usertrack_cli.store.outputs import write_private

    data = written.html.encode()
    # Noted first: a note about a file that could not be written is harmless, a file without one is not.
    note_outputs(home, [path], written.sessions)
    write_private(path, data)
    return len(data)


def _missing(only_pages: Sequence[str], seen: Sequence[PageCount]) -> tuple[str, ...]:
    known = {each.page for each in seen}
    return tuple(
        f"{page} was not seen in this range and is left out" for page in only_pages if page not in known
    )


def _funnel_shown(home: Home, chosen: Filter, asked: Conversion) -> FunnelShown:
    from usertrack_cli.render.report.content import FunnelShown, FunnelStep

    title, steps = asked.name, asked.steps
    try:
        found = funnel(home, chosen, list(steps), within_ms=asked.within_ms)
    except NothingMatchedError:
        return FunnelShown(title=title, steps=(), note=f"No session reached {steps[0]} in this range.")
    told = tuple(
        FunnelStep(step=each.step, sessions=each.sessions, dropped=len(each.dropped), median_ms=each.median_ms)
        for each in found
    )
    return FunnelShown(title=title, steps=told)
