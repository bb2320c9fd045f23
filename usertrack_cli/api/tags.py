"""Tags: how many sessions carry which, putting them on by hand, and trying a rule."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from usertrack_cli import clock
from usertrack_cli.api.bots import say_bots
from usertrack_cli.api.lists import session_by_prefix, sessions
from usertrack_cli.api.nothing import elsewhere
from usertrack_cli.errors import NothingMatchedError
from usertrack_cli.naming import TagRule
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.sessions import SessionRow
    from usertrack_cli.queries.tags import TagCount


def tag_counts(home: Home, chosen: Filter) -> list[TagCount]:
    """Return every tag of the sessions in the range, the most frequent first.

    Raises:
        NothingMatchedError: There is none.
    """
    from usertrack_cli.queries import tags as question
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.overview import bot_sessions

    found, bots = ask(
        home,
        chosen,
        lambda con: (question.tag_counts(con, chosen), bot_sessions(con, chosen)),
        needs_tags=True,
        needs_bots=True,
    )
    say_bots(chosen, bots)
    if not found:
        raise NothingMatchedError(
            "no session in this range has a tag",
            hint="put one on with: usertrack tags add NAME @3; or add a [[tag]] rule to usertrack.toml",
        )
    return found


def tag_sessions(
    home: Home, names: Iterable[str], tag: str, *, site: str | None = None, removes: bool = False
) -> int:
    """Put a tag on sessions, or take it away; return how many were changed.

    Either all of them are, or none.

    Args:
        names: Session ids, beginnings of them, or ``@3`` for a row of the last list.

    Raises:
        NothingMatchedError: One of them is not stored, or none was named.
        UsageError: A name is not unique, or the tag is empty or too long.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.sessions import known_sessions
    from usertrack_cli.store import catalog
    from usertrack_cli.store.labels import add_tag, remove_tag

    wanted = list(dict.fromkeys(names))
    everywhere = Filter(site=site)
    known = ask(home, everywhere, lambda con: known_sessions(con, wanted, site=site))
    pairs = list(dict.fromkeys(known.get(name) or session_by_prefix(home, name, site=site) for name in wanted))
    if not pairs:
        raise NothingMatchedError("no session was named", hint="list them with: usertrack sessions")
    changed, now_ms = 0, clock.now_ms()
    with closing(catalog.connect(home)) as con, catalog.transaction(con):
        for of_site, session in pairs:
            if removes:
                changed += remove_tag(con, site=of_site, session=session, tag=tag)
            else:
                changed += add_tag(con, site=of_site, session=session, tag=tag, now_ms=now_ms)
    return changed


def caught_sessions(home: Home, chosen: Filter, rule: TagRule, *, limit: int) -> list[SessionRow]:
    """Return the sessions in the range that a rule would put its tag on, the most recent first.

    Raises:
        NothingMatchedError: It catches none.
        UsageError: It is no condition over the view ``sessions``.
    """
    trial = replace(chosen, tag=rule.name, rules=(rule,))
    try:
        return sessions(home, trial, limit=limit)
    except NothingMatchedError as error:
        raise NothingMatchedError(
            "the rule catches no session in this range", hint=elsewhere(home, chosen)
        ) from error
