"""What to replay: a session by name, the next ones that nobody has watched, or the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.api.lists import session_by_prefix, sessions
from usertrack_cli.errors import NothingMatchedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from usertrack_cli.queries.filters import Filter
    from usertrack_cli.store.home import Home

QUEUE_MAX = 100
"""Sessions played in turn; nobody watches more at one sitting."""


def named_sessions(home: Home, names: Iterable[str], *, site: str | None) -> list[tuple[str, str]]:
    """Return ``(site, session)`` of each id, beginning of one, or row of the last list; each only once.

    Raises:
        NothingMatchedError: One of them is not stored, or there is none.
        UsageError: One of them is not unique.
    """
    found = [session_by_prefix(home, name, site=site) for name in names]
    if not found:
        raise NothingMatchedError("no session was named", hint="list them with: usertrack sessions")
    return list(dict.fromkeys(found))


def next_sessions(home: Home, chosen: Filter) -> list[tuple[str, str]]:
    """Return the sessions that nobody has watched yet, the most recent first.

    Raises:
        NothingMatchedError: There are none.
    """
    rows = sessions(home, chosen, order="recent", limit=QUEUE_MAX, is_unwatched=True)
    return [(row.site, row.session) for row in rows]


def worst_sessions(home: Home, chosen: Filter) -> list[tuple[str, str]]:
    """Return the sessions with the most friction, the worst first.

    Raises:
        NothingMatchedError: There are none, or none of them has any.
    """
    rows = sessions(home, chosen, order="friction", limit=QUEUE_MAX)
    found = [(row.site, row.session) for row in rows if row.friction]
    if not found:
        raise NothingMatchedError(
            "no session in this range has a rage click, a dead click or an error",
            hint="widen the range, for example with --last 390d",
        )
    return found
