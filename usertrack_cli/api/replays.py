"""Recordings: a session with everything that its replay needs."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.api.layouts import layouts, nearest_layout
from usertrack_cli.errors import NothingMatchedError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    import duckdb

    from usertrack_cli.queries.sessions import SessionRow
    from usertrack_cli.render.recording import Recording


def recording(home: Home, *, site: str, session: str) -> Recording:
    """Return one session ready to be played, with the layouts of its pages.

    Raises:
        NothingMatchedError: There is no such session.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sessions import session_events
    from usertrack_cli.queries.sessions import sessions as question
    from usertrack_cli.render.recording import Event, Recording

    chosen = Filter(site=site, session=session, includes_bots=True)

    def both(con: duckdb.DuckDBPyConnection) -> tuple[list[SessionRow], list[dict[str, Any]]]:
        return question(con, chosen, order="recent", limit=1), session_events(con, site=site, session=session)

    about, rows = ask(home, chosen, both)
    if not about:
        raise NothingMatchedError(f"no session {session}", hint="list them with: usertrack sessions")
    start = rows[0]["occurred_at"]
    say_ageing(home, Filter(site=site, from_ms=start, to_ms=start + 1))
    names = [field.name for field in fields(Event) if field.name != "at_ms"]
    at_ms, events = 0, []
    for row in rows:
        # Clamping to the arrival of a batch can bring two instants out of order; the order of events stands.
        at_ms = max(at_ms, row["occurred_at"] - start)
        events.append(Event(at_ms=at_ms, **{name: row[name] for name in names}))
    seen = {(row["page"], row["layout"]) for row in rows if row["layout"]}
    measured = layouts(home, site, seen)
    # A page that was left too soon, or that was too slow to be measured, looks as it did to somebody else.
    pages = {row["page"] for row in rows} - {layout.page for layout in measured}
    viewport_w = next((row["viewport_w"] for row in rows if row["viewport_w"]), 0)
    borrowed = [layout for page in sorted(pages) for layout in nearest_layout(home, site, page, viewport_w)]
    first = about[0]
    return Recording(
        session=session,
        site=site,
        started_at_ms=start,
        duration_ms=at_ms,
        country=first.country,
        browser=first.browser,
        os=first.os,
        device=first.device,
        tags=first.tags,
        events=tuple(events),
        layouts={layout.hash: layout for layout in [*borrowed, *measured]},
    )
