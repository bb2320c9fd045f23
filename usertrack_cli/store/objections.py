"""Objections: visitors of whom nothing is recorded any more, known by a hash under a key of its own.

The key of a site's objections never rotates and serves nothing else, so that an objection holds for as
long as it is not lifted while visitor keys come and go.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_network

from usertrack_cli.errors import StoreError
from usertrack_cli.store.catalog import transaction
from usertrack_cli.store.visitor import KEY_BYTES, USER_AGENT_BYTES_MAX, VISITOR_BYTES, canonical_address

HOUSEHOLD_PREFIX = 64
"""An IPv6 address changes its lower half daily (RFC 8981): an objection holds for the network."""
ADDRESSES_REMEMBERED = 4_096
"""Reading an address takes longer than both hashes, and each visitor sends many batches."""
_WITH_AGENT, _ANY_AGENT = b"\0", b"\1"


def objection_hash(key: bytes, address: str, user_agent: str | None) -> str:
    """Return the 32 hex characters that stand for who objected.

    Args:
        key: The site's objection key.
        user_agent: ``None`` stands for every browser at this address.

    Raises:
        ValueError: ``address`` is not an IP address.
    """
    place = _household(address)
    if user_agent is None:
        return _hash(key, place + _ANY_AGENT)
    agent = user_agent.encode("utf-8", "surrogateescape")[:USER_AGENT_BYTES_MAX]
    return _hash(key, place + _WITH_AGENT + agent)


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def _household(address: str) -> bytes:
    parsed = canonical_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, HOUSEHOLD_PREFIX), strict=False).network_address).encode()
    return str(parsed).encode()


def _hash(key: bytes, content: bytes) -> str:
    return blake2b(content, digest_size=VISITOR_BYTES, key=key, person=b"objection").hexdigest()


def objection_key(keys: sqlite3.Connection, site: str, *, now_ms: int) -> bytes:
    """Return the objection key of a site, made at random where there is none yet."""
    with transaction(keys):
        keys.execute(
            "INSERT INTO objection_keys (site, key, created_at) VALUES (?, ?, ?) ON CONFLICT (site) DO NOTHING",
            (site, secrets.token_bytes(KEY_BYTES), now_ms),
        )
        row = keys.execute("SELECT key FROM objection_keys WHERE site = ?", (site,)).fetchone()
    return bytes(row[0])


def add_objection(con: sqlite3.Connection, *, site: str, visitor: str, now_ms: int) -> bool:
    """Record an objection by its hash; return False where it was there already. Inside a transaction."""
    added = con.execute(
        "INSERT INTO objections (site, visitor, created_at) VALUES (?, ?, ?)"
        " ON CONFLICT (site, visitor) DO NOTHING",
        (site, visitor, now_ms),
    ).rowcount
    return added > 0


def remove_objection(con: sqlite3.Connection, *, site: str, visitor: str) -> bool:
    """Lift an objection by its hash; return False where there was none. Inside a transaction."""
    gone = con.execute("DELETE FROM objections WHERE site = ? AND visitor = ?", (site, visitor)).rowcount
    return gone > 0


def objection_counts(con: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return each site with how many objections hold there."""
    return con.execute("SELECT site, count(*) FROM objections GROUP BY site ORDER BY site").fetchall()


def drop_unmatchable(con: sqlite3.Connection, keys: sqlite3.Connection) -> int:
    """Remove objections whose key is gone: no visitor can be matched with them. Return how many."""
    known = {row[0] for row in keys.execute("SELECT site FROM objection_keys ORDER BY site")}
    lost = [(site, count) for site, count in objection_counts(con) if site not in known]
    with transaction(con):
        for site, _ in lost:
            con.execute("DELETE FROM objections WHERE site = ?", (site,))
    return sum(count for _, count in lost)


class Objections:
    """The objections that hold, as the server asks for each batch; follows what other processes change."""

    def __init__(self, con: sqlite3.Connection, keys: sqlite3.Connection) -> None:
        """Read the objections.

        Raises:
            StoreError: A site has objections and no key to match visitors with them.
        """
        self._con = con
        self._keys = keys
        self._seen_version = -1
        self._known: dict[str, tuple[bytes, frozenset[str]]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read them anew where another process has changed the catalog since."""
        version = self._con.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen_version:
            return
        hashes: dict[str, set[str]] = defaultdict(set)
        for site, visitor in self._con.execute("SELECT site, visitor FROM objections ORDER BY site, visitor"):
            hashes[site].add(visitor)
        keys = dict(self._keys.execute("SELECT site, key FROM objection_keys ORDER BY site").fetchall())
        lost = sorted(set(hashes) - set(keys))
        if lost:
            raise StoreError(
                f"keys.sqlite lacks the key that matches visitors with the objections of site {lost[0]}",
                hint="restore keys.sqlite from a backup; without it they would be recorded against their will",
            )
        self._known = {site: (bytes(keys[site]), frozenset(visitors)) for site, visitors in hashes.items()}
        self._seen_version = version

    def hold(self, site: str, address: str, user_agent: str) -> bool:
        """Return True where nothing of this visitor may be stored."""
        known = self._known.get(site)
        if known is None:
            return False
        key, hashes = known
        try:
            hashed = {objection_hash(key, address, agent) for agent in (None, user_agent)}
        except ValueError:  # a connection without an address belongs to nobody
            return False
        return not hashed.isdisjoint(hashes)
