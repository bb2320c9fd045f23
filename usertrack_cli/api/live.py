"""What is going on at this moment, the last seconds in the inbox included."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from usertrack_cli import clock
from usertrack_cli.clock import MINUTE_MS
from usertrack_cli.errors import UsageError
from usertrack_cli.naming import PageGroup
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.live import Present

WITHIN_MS = 5 * MINUTE_MS


def present(
    home: Home,
    *,
    site: str = "default",
    within_ms: int = WITHIN_MS,
    includes_bots: bool = False,
    groups: tuple[PageGroup, ...] = (),
) -> Present:
    """Return who is on the site now, on which pages, and what was clicked last.

    Args:
        within_ms: A session that was heard of within so many ms and has not left is there.
        groups: Pages that count as one.

    Raises:
        UsageError: ``within_ms`` is below a minute.
    """
    from usertrack_cli.queries.events import ask
    from usertrack_cli.queries.live import present as question
    from usertrack_cli.store import catalog
    from usertrack_cli.store.waiting import waiting_rows

    if within_ms < MINUTE_MS:
        raise UsageError("--within cannot be below 1m", hint="events per second are those of the last minute")
    # The inbox first: what is drained between the two looks is then seen twice, and never not at all.
    with closing(catalog.connect(home)) as con:
        waiting = waiting_rows(con, site=site)
    now_ms = clock.now_ms()
    return ask(
        home,
        Filter(site=site, from_ms=now_ms - within_ms),
        lambda con: question(
            con,
            waiting,
            site=site,
            now_ms=now_ms,
            within_ms=within_ms,
            includes_bots=includes_bots,
            groups=groups,
        ),
        takes_in=False,
    )
