"""Consent records: which text a visitor agreed to, when, and when they took it back.

A record is named by a random token that stands in the visitor's browser. It holds no address, no agent
and no session; whoever has the token can show what it stands for, nobody can go from it to a visitor.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from usertrack_cli.store.catalog import transaction

CONSENTS_MAX = 1_000_000
"""Records kept per site, some 100 MB; a program that consents in a loop must not fill the disk."""
RECOUNT_EVERY = 1_000
"""Refusals after which a full site is counted again: counting a million records takes some 30 ms."""

_COLUMNS = "site, token, version, scope, granted_at, last_used_at, withdrawn_at"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM consents WHERE site = ?1 LIMIT ?2)"
_GRANT = """
INSERT INTO consents (site, token, version, scope, granted_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (site, token) DO UPDATE SET granted_at = coalesce(granted_at, excluded.granted_at)
"""
_WITHDRAW = """
INSERT INTO consents (site, token, version, scope, withdrawn_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (site, token) DO UPDATE SET withdrawn_at = coalesce(withdrawn_at, excluded.withdrawn_at)
"""
_USE = """
INSERT INTO consents (site, token, version, scope, granted_at, last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
ON CONFLICT (site, token) DO UPDATE SET last_used_at = excluded.last_used_at
"""
_WITHDRAWN = """
SELECT c.site, c.token FROM json_each(?) AS given
JOIN consents c ON c.site = given.value ->> 0 AND c.token = given.value ->> 1
WHERE c.withdrawn_at IS NOT NULL
"""

_LIST = f"""
SELECT {_COLUMNS} FROM consents
WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR version = ?2)
  AND (?3 IS NULL OR (withdrawn_at IS NOT NULL) = ?3)
ORDER BY coalesce(granted_at, withdrawn_at) DESC, site, token
LIMIT ?4
"""  # noqa: S608 - own names
_STATS = """
SELECT site, version, count(granted_at) AS granted, count(withdrawn_at) AS withdrawn,
       count(*) FILTER (WHERE withdrawn_at IS NULL) AS in_force,
       min(granted_at) AS first_at, max(granted_at) AS last_at
FROM consents WHERE ?1 IS NULL OR site = ?1
GROUP BY site, version ORDER BY site, version
"""
_OLD = "max(coalesce(granted_at, 0), coalesce(last_used_at, 0), coalesce(withdrawn_at, 0)) < ?2"


@dataclass(frozen=True, slots=True)
class NewConsent:
    """The consent that a session begins under."""

    token: str
    version: str
    scope: str


@dataclass(frozen=True, slots=True)
class Consent:
    """One record; instants in ms, UTC.

    Attributes:
        version: Of the text that was shown.
        granted_at: ``None`` where only the withdrawal was heard.
        last_used_at: When a session was last begun under it.
    """

    site: str
    token: str
    version: str
    scope: str
    granted_at: int | None
    last_used_at: int | None
    withdrawn_at: int | None


@dataclass(frozen=True, slots=True)
class ConsentCount:
    """The records of one version of one site's text."""

    site: str
    version: str
    granted: int
    withdrawn: int
    in_force: int
    first_at: int | None
    last_at: int | None


class Decisions:
    """Writes down what visitors decide, and keeps count so that there is an end to it."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._left: dict[str, int] = {}

    def keep(self, *, site: str, token: str, version: str, scope: str, is_granted: bool, now_ms: int) -> bool:
        """Record a decision; the first time counts, repeats change nothing.

        Returns:
            False where the site has as many records as are kept, and this one is not among them.
        """
        con = self._con
        with transaction(con):
            known = con.execute("SELECT 1 FROM consents WHERE site = ? AND token = ?", (site, token)).fetchone()
            if known is None and not self._has_room(site):
                return False
            con.execute(_GRANT if is_granted else _WITHDRAW, (site, token, version, scope, now_ms))
        return True

    def _has_room(self, site: str) -> bool:
        left = self._left.get(site, -RECOUNT_EVERY) - 1
        if left < -RECOUNT_EVERY:
            left = CONSENTS_MAX - self._con.execute(_COUNT, (site, CONSENTS_MAX)).fetchone()[0] - 1
        self._left[site] = left
        return left >= 0


def note_use(con: sqlite3.Connection, given: NewConsent, *, site: str, now_ms: int) -> None:
    """Note that a session begins under a consent; one that nothing else told of is recorded by that.

    Inside a transaction. New sessions are limited per address and site, which bounds these records too.
    """
    con.execute(_USE, (site, given.token, given.version, given.scope, now_ms))


def withdrawn(con: sqlite3.Connection, given: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those consents, ``(site, token)``, that were taken back or revoked."""
    return set(con.execute(_WITHDRAWN, (json.dumps(list(given)),))) if given else set()


def consents(
    con: sqlite3.Connection,
    *,
    site: str | None,
    version: str | None = None,
    is_withdrawn: bool | None = None,
    limit: int = -1,
) -> list[Consent]:
    """Return the records, the newest first; ``None`` leaves a matter open, ``limit`` -1 means all."""
    found = con.execute(_LIST, (site, version, is_withdrawn, limit))
    return [Consent(*row) for row in found]


def consent_counts(con: sqlite3.Connection, *, site: str | None) -> list[ConsentCount]:
    """Return how many records each version of the text has."""
    return [ConsentCount(*row) for row in con.execute(_STATS, (site,))]


def tokens_like(con: sqlite3.Connection, prefix: str, *, site: str | None) -> list[tuple[str, str]]:
    """Return at most six ``(site, token)`` that start with ``prefix``."""
    return con.execute(
        "SELECT site, token FROM consents WHERE substr(token, 1, length(?1)) = ?1 AND (?2 IS NULL OR site = ?2)"
        " ORDER BY token, site LIMIT 6",
        (prefix, site),
    ).fetchall()


def revoke(con: sqlite3.Connection, *, site: str, token: str, now_ms: int) -> None:
    """Take back a consent in its visitor's stead: batches under it are no longer recorded.

    Inside a transaction.
    """
    con.execute(_WITHDRAW, (site, token, "", "", now_ms))


def old_consents(con: sqlite3.Connection, *, site: str, before_ms: int) -> int:
    """Return how many records were last used, given or taken back before an instant."""
    sql = f"SELECT count(*) FROM consents WHERE site = ?1 AND {_OLD}"  # noqa: S608 - own condition
    return int(con.execute(sql, (site, before_ms)).fetchone()[0])


def forget_old_consents(con: sqlite3.Connection, *, site: str, before_ms: int) -> int:
    """Remove those records; inside a transaction. Return how many there were."""
    sql = f"DELETE FROM consents WHERE site = ?1 AND {_OLD}"  # noqa: S608 - own condition
    return con.execute(sql, (site, before_ms)).rowcount
