"""Recordings: a session with everything that its replay needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.api.labels import SessionLabels
from usertrack_cli.api.layouts import layouts, nearest_layout
from usertrack_cli.api.lists import checked_prefix, only_session, row_of_last_list
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from usertrack_cli.render.recording import Recording


def recording(home: Home, *, session: str, site: str | None = None, with_notes: bool = False) -> Recording:
    """Return one session ready to be played, with the layouts of its pages.

    Args:
        session: Its id, the beginning of it, or ``@3`` for the third row of the last list.
        with_notes: Adds the remarks of those who watched; left out of what is made to be shared.

    Raises:
        UsageError: Several sessions start like this.
        NothingMatchedError: There is no such session.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sessions import session_events, sessions_by_prefix
    from usertrack_cli.render.recording import Event, Recording, note_event

    if session.startswith("@"):
        site, session = row_of_last_list(home, session)
    checked_prefix(session)

    def events_of_one(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        rows = session_events(con, session, site=site)
        if len({row["site"] for row in rows}) == 1:
            return rows
        only, whole = only_session(sessions_by_prefix(con, session, site=site), session)
        return session_events(con, whole, site=only)

    rows = ask(home, Filter(site=site), events_of_one, session=session)
    site, session = rows[0]["site"], rows[0]["session"]
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
    labels = SessionLabels(home, site=site, session=session).read()
    said = {row["name"] for row in rows if row["kind"] == "tag" and row["name"]}
    return Recording(
        session=session,
        site=site,
        started_at_ms=start,
        duration_ms=at_ms,
        country=_most_frequent(row["country"] for row in rows),
        browser=_most_frequent(row["browser"] for row in rows),
        os=_most_frequent(row["os"] for row in rows),
        device=_most_frequent(row["device"] for row in rows),
        tags=tuple(sorted({*labels.tags, *said})),
        events=tuple(events),
        layouts={layout.hash: layout for layout in [*borrowed, *measured]},
        notes=tuple(note_event(note.at_ms, note.note) for note in labels.notes) if with_notes else (),
    )


def _most_frequent(values: Iterable[str | None]) -> str | None:
    """Return what a session says of itself most of the time; a phone may be turned into a desktop half-way."""
    known = Counter(value for value in values if value is not None)
    return known.most_common(1)[0][0] if known else None
