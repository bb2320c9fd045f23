"""Access: everything stored about a visitor's sessions, and what was derived from it, as one copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from usertrack_cli import clock
from usertrack_cli.lifecycle.matching import Match, doubt_of
from usertrack_cli.plural import count
from usertrack_cli.queries.copies import copied_rows
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.sessions import friction, sessions
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.layouts import fields
from usertrack_cli.store.personal import held_of_session, layouts_brought
from usertrack_cli.store.quarantine import kept_batches
from usertrack_cli.store.register import record_request

if TYPE_CHECKING:
    import duckdb

DERIVED = (
    "started_at",
    "duration_ms",
    "active_ms",
    "pageviews",
    "clicks",
    "events",
    "entry_page",
    "country",
    "browser",
    "os",
    "device",
    "tags",
    "errors",
    "rage",
    "dead",
)
"""What is worked out from a session's rows whenever somebody looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a person gets.

    Attributes:
        sessions: One dict each: what is derived from a session, and in ``held`` what catalog and quarantine
            have of it.
        events: Every row with every column that is not empty, in order.
        layouts: Pages whose texts one of the sessions brought, as they are stored.
        agents: Browser identifications that led to the sessions; they are stored in a list of their own.
        made_at: ms.
    """

    sessions: tuple[dict[str, Any], ...]
    events: tuple[dict[str, Any], ...]
    layouts: tuple[dict[str, Any], ...]
    agents: tuple[str, ...]
    made_at: int


def why_ambiguous(match: Match, *, knows_agent: bool) -> str | None:
    """Return why what was found may belong to several people, or ``None``."""
    doubt = doubt_of(match.sessions)
    reasons = []
    if not knows_agent and len(match.per_agent) > 1:
        reasons.append(f"{len(match.per_agent)} browsers at this address")
    if doubt.overlapping:
        reasons.append(f"{count(doubt.overlapping, 'session')} at the same time as another")
    if doubt.screens > 1:
        reasons.append(f"{doubt.screens} screens")
    return ", ".join(reasons) or None


def copy_of(home: Home, places: Sequence[tuple[str, str]], *, agents: Sequence[str] = ()) -> Copy:
    """Return everything stored and derived of these ``(site, session)``, restricted ones included.

    Sessions that are being erased are left out: they are on their way out.
    """
    with closing(catalog.connect(home)) as con:
        gone = set(con.execute("SELECT site, session FROM tombstones").fetchall())
        wanted = sorted(set(places) - gone)
        known = {site: tuple(fields(con, site=site)) for site in {site for site, _ in wanted}}
    everybody = Filter(includes_bots=True)

    def question(duck: duckdb.DuckDBPyConnection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        derived = []
        for site, session in wanted:
            one = replace(everybody, site=site, session=session)
            rage, dead = friction(duck, one, only=[session], fields=known[site]).get(session, (0, 0))
            found = sessions(duck, one, order="recent", limit=1)
            derived += [asdict(replace(each, rage=rage, dead=dead)) for each in found]
        return derived, copied_rows(duck, wanted) if wanted else []

    derived, rows = ask(home, everybody, question, shows_hidden=True)
    with closing(catalog.connect(home)) as con:
        held: dict[tuple[str, str], dict[str, Any]] = {}
        for site, session in wanted:
            aside = kept_batches(home, site=site, session=session)
            held[site, session] = held_of_session(con, site, session) | ({"kept_aside": aside} if aside else {})
        layouts = [each for place in wanted for each in layouts_brought(con, *place)]
    about = {(each["site"], each["session"]): each for each in derived}
    return Copy(
        sessions=tuple(
            {"site": site, "session": session}
            | {name: about.get((site, session), {}).get(name) for name in DERIVED}
            | {"held": held[site, session]}
            for site, session in wanted
        ),
        events=tuple({name: value for name, value in row.items() if value is not None} for row in rows),
        layouts=tuple(layouts),
        agents=tuple(sorted(agents)),
        made_at=clock.now_ms(),
    )


def log_access(home: Home, places: Sequence[tuple[str, str]], *, request: str, identity: str) -> None:
    """Write into the ledger that a copy was given, and how the person's identity was checked."""
    record_request(home, "access", now_ms=clock.now_ms(), sessions=places, request=request, identity=identity)


def as_json(copy: Copy, about: dict[str, Any]) -> str:
    """Return the copy in a form that other programs read (Article 20)."""
    content = about | {
        "sessions": list(copy.sessions),
        "events": list(copy.events),
        "layouts": list(copy.layouts),
        "browser_identifications": list(copy.agents),
    }
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"
