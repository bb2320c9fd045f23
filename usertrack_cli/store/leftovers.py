"""Leftovers: rows of the catalog that belong to no session and go by age all the same."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from usertrack_cli.store.consents import forget_old_consents, old_consents
from usertrack_cli.store.counts import forget_old_counts, old_counts

_LAYOUTS = """
site = ?1 AND last_seen_at < ?2 AND NOT EXISTS (
    SELECT 1 FROM restrictions r WHERE r.site = layouts.site AND r.session = layouts.brought_by
)
"""
"""What a restricted session brought stays as long as the session does."""
_AGENTS = """
site = ?1 AND last_month < ?2 AND NOT EXISTS (SELECT 1 FROM restrictions r WHERE r.site = agents.site)
"""
"""A restricted session outlives everything, and is found by the agent string that its key was made of."""


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What has not been seen within the time that sessions are kept for.

    Attributes:
        layout_bytes: Of their boxes.
        counts: Totals of hours that were over by then, of visits that were only counted.
    """

    layouts: int = 0
    layout_bytes: int = 0
    agents: int = 0
    agent_bytes: int = 0
    consents: int = 0
    counts: int = 0

    @property
    def is_nothing(self) -> bool:
        """True where there is nothing to remove."""
        return not (self.layouts or self.agents or self.consents or self.counts)


def leftovers(con: sqlite3.Connection, *, site: str, before_ms: int) -> Leftovers:
    """Return what was last seen before an instant."""
    layouts = con.execute(
        f"SELECT count(*), coalesce(sum(length(boxes)), 0) FROM layouts WHERE {_LAYOUTS}",  # noqa: S608 - own condition
        (site, before_ms),
    ).fetchone()
    agents = con.execute(
        f"SELECT count(*), coalesce(sum(length(user_agent)), 0) FROM agents WHERE {_AGENTS}",  # noqa: S608 - own condition
        (site, _month(before_ms)),
    ).fetchone()
    consents = old_consents(con, site=site, before_ms=before_ms)
    counts = old_counts(con, site=site, before_ms=before_ms)
    return Leftovers(layouts[0], layouts[1], agents[0], agents[1], consents, counts)


def forget_leftovers(con: sqlite3.Connection, *, site: str, before_ms: int) -> None:
    """Remove that; inside a transaction."""
    con.execute(f"DELETE FROM layouts WHERE {_LAYOUTS}", (site, before_ms))  # noqa: S608 - own condition
    con.execute(f"DELETE FROM agents WHERE {_AGENTS}", (site, _month(before_ms)))  # noqa: S608 - own condition
    forget_old_consents(con, site=site, before_ms=before_ms)
    forget_old_counts(con, site=site, before_ms=before_ms)


def _month(moment_ms: int) -> str:
    return datetime.fromtimestamp(max(0, moment_ms) / 1000, tz=UTC).strftime("%Y-%m")
