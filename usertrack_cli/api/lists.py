"""Lists: pages and sessions, and one session by the beginning of its id."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from usertrack_cli.api.ageing import say_ageing
from usertrack_cli.api.bots import say_bots
from usertrack_cli.api.layouts import fields_of
from usertrack_cli.api.nothing import elsewhere, nothing
from usertrack_cli.errors import NothingMatchedError, UsageError, UsertrackError
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from usertrack_cli.queries.pages import PageCount
    from usertrack_cli.queries.sessions import Order, SessionRow

PREFIX_MIN = 4
SESSIONS_MAX = 1_000_000
"""Sessions weighed against each other; a store keeps a tenth of that unless told otherwise."""


def pages(home: Home, chosen: Filter) -> list[PageCount]:
    """Return the recorded pages, the most seen first.

    Raises:
        NothingMatchedError: No page was seen in the range.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.overview import bot_sessions
    from usertrack_cli.queries.pages import pages as question

    found, bots = ask(
        home, chosen, lambda con: (question(con, chosen), bot_sessions(con, chosen)), needs_bots=True
    )
    say_bots(chosen, bots)
    if not found:
        raise NothingMatchedError("no pages recorded in this range", hint=elsewhere(home, chosen))
    return found


def sessions(
    home: Home,
    chosen: Filter,
    *,
    order: Order = "recent",
    limit: int = 50,
    is_unwatched: bool = False,
) -> list[SessionRow]:
    """Return sessions that started in the range, with their friction and their labels.

    Args:
        order: ``friction`` weighs a rage click as 3, a dead click and a script error as 1.
        is_unwatched: Leaves out what somebody has watched.

    Raises:
        NothingMatchedError: There are none.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.overview import bot_sessions
    from usertrack_cli.queries.sessions import friction
    from usertrack_cli.queries.sessions import sessions as question
    from usertrack_cli.queries.tags import tags_given
    from usertrack_cli.store import catalog
    from usertrack_cli.store.labels import watched_sessions

    with closing(catalog.connect(home)) as con:
        without = watched_sessions(con, site=chosen.site) if is_unwatched else []
    fields = fields_of(home, chosen)
    is_weighed = order == "friction"

    def listed(
        con: duckdb.DuckDBPyConnection,
    ) -> tuple[list[SessionRow], dict[tuple[str, str], list[str]], int]:
        most = SESSIONS_MAX if is_weighed else limit
        found = question(con, chosen, order=order, limit=most, without=without)
        only = None if is_weighed else [row.session for row in found]
        counts = friction(con, chosen, only=only, fields=fields) if found else {}
        found = [
            replace(row, rage=rage, dead=dead)
            for row in found
            for rage, dead in [counts.get(row.session, (0, 0))]
        ]
        if is_weighed:
            found = sorted(found, key=lambda row: -row.friction)[:limit]
        return found, tags_given(con, [row.session for row in found]), bot_sessions(con, chosen)

    found, given, bots = ask(home, chosen, listed, needs_tags=True, needs_bots=True)
    say_bots(chosen, bots)
    if not found:
        raise _no_sessions(home, chosen, is_unwatched=is_unwatched)
    say_ageing(home, chosen)  # the events of a session and its length count movements
    return _labelled(home, found, given)


def _labelled(home: Home, rows: list[SessionRow], given: dict[tuple[str, str], list[str]]) -> list[SessionRow]:
    from usertrack_cli.store import catalog
    from usertrack_cli.store.labels import labels_of

    with closing(catalog.connect(home)) as con:
        labels = [labels_of(con, site=row.site, session=row.session) for row in rows]
    return [
        replace(
            row,
            tags=tuple(sorted({*row.tags, *each.tags, *given.get((row.site, row.session), ())})),
            is_watched=each.is_watched,
            is_starred=each.is_starred,
        )
        for row, each in zip(rows, labels, strict=True)
    ]


def _no_sessions(home: Home, chosen: Filter, *, is_unwatched: bool) -> UsertrackError:
    if chosen.tag is None and not is_unwatched:
        return nothing(home, chosen, "sessions")
    what = "unwatched session" if is_unwatched else "session"
    with_tag = f" with tag {chosen.tag}" if chosen.tag else ""
    return NothingMatchedError(
        f"no {what}{with_tag} in this range", hint="list them all with: usertrack sessions --last 390d"
    )


def remember(home: Home, rows: Sequence[SessionRow]) -> None:
    """Keep a list that was shown, so that ``@3`` means its third row."""
    from usertrack_cli.store.remembered import remember_list

    remember_list(home, [(row.site, row.session) for row in rows])


def session_by_prefix(
    home: Home, prefix: str, *, site: str | None = None, shows_hidden: bool = False
) -> tuple[str, str]:
    """Return ``(site, session)`` of the one session whose id starts with ``prefix``.

    Args:
        prefix: At least 4 characters of an id, or ``@3`` for the third row of the last list.
        shows_hidden: True only where a visitor's rights are served: finds restricted sessions too.

    Raises:
        UsageError: The prefix is too short or several sessions start with it.
        NothingMatchedError: None does.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sessions import sessions_by_prefix

    if prefix.startswith("@"):
        return row_of_last_list(home, prefix)
    checked_prefix(prefix)
    found = ask(
        home,
        Filter(site=site),
        lambda con: sessions_by_prefix(con, prefix, site=site),
        session=prefix,
        shows_hidden=shows_hidden,
    )
    return only_session(found, prefix)


def checked_prefix(prefix: str) -> None:
    """Refuse the beginning of an id that is too short to be looked for.

    Raises:
        UsageError: It is.
    """
    if len(prefix) < PREFIX_MIN:
        raise UsageError(
            f"a session id needs at least {PREFIX_MIN} characters", hint="list them with: usertrack sessions"
        )


def only_session(found: Sequence[tuple[str, str]], prefix: str) -> tuple[str, str]:
    """Return the one session that was found.

    Raises:
        UsageError: Several sessions start with ``prefix``.
        NothingMatchedError: None does.
    """
    if not found:
        raise NothingMatchedError(f"no session starts with {prefix}", hint="list them with: usertrack sessions")
    if len(found) > 1:
        raise UsageError(
            f"several sessions start with {prefix}", hint=", ".join(session[:10] for _, session in found)
        )
    return found[0]


def row_of_last_list(home: Home, name: str) -> tuple[str, str]:
    """Return ``(site, session)`` of ``@3``, the third row of the last list.

    Raises:
        UsageError: It is no such row.
        NothingMatchedError: The list has no such row.
    """
    from usertrack_cli.store.remembered import remembered_list

    rows, number = remembered_list(home), name[1:]
    hint = "list them with: usertrack sessions"
    if not (number.isascii() and number.isdecimal()):
        raise UsageError(f"{name} is no row of a list", hint="write @3 for the third row of the last list")
    if not rows:
        raise NothingMatchedError(f"there is no list that {name} could be a row of", hint=hint)
    if not 1 <= int(number) <= len(rows):
        raise NothingMatchedError(f"the last list has no row {number}; it has {len(rows)}", hint=hint)
    site, session = rows[int(number) - 1]
    if not session:
        raise NothingMatchedError(f"the session in row {number} has been erased", hint=hint)
    return site, session
