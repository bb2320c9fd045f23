"""Restriction: a visitor's sessions are kept, but out of every answer, picture and export."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from usertrack_cli import clock
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.register import Kind, record_request
from usertrack_cli.store.restrictions import add_restriction, remove_restriction


def restrict(
    home: Home, sessions: Sequence[tuple[str, str]], *, is_lifted: bool = False, request: str = ""
) -> int:
    """Restrict sessions, given as ``(site, session)``, or lift that; readers heed it from now on.

    Returns:
        How many were not restricted before, or were.
    """
    now_ms = clock.now_ms()
    wanted = sorted(set(sessions))
    kind: Kind = "unrestrict" if is_lifted else "restrict"
    # Durable before it takes effect, so that no restore can forget what a person was told.
    record_request(home, kind, now_ms=now_ms, sessions=wanted, request=request)
    with closing(catalog.connect(home)) as con, catalog.transaction(con):
        return sum(
            remove_restriction(con, site=site, session=session)
            if is_lifted
            else add_restriction(con, site=site, session=session, now_ms=now_ms)
            for site, session in wanted
        )
