"""Who a visitor is: the keyed hash of address and user agent, and the keys behind it."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from usertrack_cli.store.catalog import transaction

KEY_BYTES = 32
VISITOR_BYTES = 16
USER_AGENT_BYTES_MAX = 512
"""Real agents stay below 300 bytes; what is cut here is cut the same way when searching."""


@dataclass(frozen=True, slots=True)
class VisitorKey:
    """The key of one site and epoch; ``repr`` hides the secret."""

    epoch: int
    ipv6_prefix: int
    secret: bytes

    def __repr__(self) -> str:
        return f"VisitorKey(epoch={self.epoch})"


def canonical_address(address: str) -> IPv4Address | IPv6Address:
    """Return the address as it is hashed: IPv4-mapped becomes IPv4, a zone is dropped.

    Raises:
        ValueError: Not an IP address.
    """
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def visitor_key(key: VisitorKey, address: str, user_agent: str) -> str:
    """Return the 32 hex characters that stand for a visitor.

    Keyed BLAKE2b with 128 bits over canonical address, a zero byte and the user agent. An IPv6
    address is cut to the key's prefix, since its lower bits change daily (RFC 8981).

    Raises:
        ValueError: ``address`` is not an IP address.
    """
    parsed = canonical_address(address)
    text = str(parsed)
    if isinstance(parsed, IPv6Address):
        text = str(ip_network((parsed, key.ipv6_prefix), strict=False).network_address)
    agent = user_agent.encode("utf-8", "surrogateescape")[:USER_AGENT_BYTES_MAX]
    return blake2b(text.encode() + b"\0" + agent, digest_size=VISITOR_BYTES, key=key.secret).hexdigest()


def epoch_at(moment_ms: int, kind: Literal["daily", "monthly", "never"]) -> int:
    """Return the epoch that ``moment_ms`` falls in: 0, yyyymm or yyyymmdd, in UTC."""
    if kind == "never":
        return 0
    moment = datetime.fromtimestamp(moment_ms / 1000, tz=UTC)
    month = moment.year * 100 + moment.month
    return month if kind == "monthly" else month * 100 + moment.day


class Keyring:
    """The visitor keys of every site and epoch; a key that was destroyed is gone for good."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._known: dict[tuple[str, int], VisitorKey] = {}

    def key(self, site: str, epoch: int, *, ipv6_prefix: int, now_ms: int) -> VisitorKey:
        """Return the key of ``site`` and ``epoch``, made at random where there is none yet."""
        known = self._known.get((site, epoch))
        if known is not None:
            return known
        with transaction(self._con):
            self._con.execute(
                "INSERT INTO keys (site, epoch, key, ipv6_prefix, created_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (site, epoch) DO NOTHING",
                (site, epoch, secrets.token_bytes(KEY_BYTES), ipv6_prefix, now_ms),
            )
            row = self._con.execute(
                "SELECT key, ipv6_prefix FROM keys WHERE site = ? AND epoch = ?", (site, epoch)
            ).fetchone()
            if row[0] is None:
                # A destroyed epoch can only come back when the clock was set back: start it anew.
                row = (secrets.token_bytes(KEY_BYTES), ipv6_prefix)
                self._con.execute(
                    "UPDATE keys SET key = ?, ipv6_prefix = ?, created_at = ?, destroyed_at = NULL"
                    " WHERE site = ? AND epoch = ?",
                    (*row, now_ms, site, epoch),
                )
        found = VisitorKey(epoch, row[1], row[0])
        self._known[site, epoch] = found
        return found

    def live(self, site: str | None = None) -> list[tuple[str, VisitorKey]]:
        """Return ``(site, key)`` for each key that was not destroyed, oldest first."""
        rows = self._con.execute(
            "SELECT site, epoch, ipv6_prefix, key FROM keys WHERE key IS NOT NULL AND (?1 IS NULL OR site = ?1)"
            " ORDER BY site, epoch",
            (site,),
        )
        return [(row[0], VisitorKey(row[1], row[2], row[3])) for row in rows]

    def destroy(self, site: str, epoch: int, *, now_ms: int) -> None:
        """Overwrite one key; what was hashed with it can no longer be linked to anybody."""
        self._known.pop((site, epoch), None)
        with transaction(self._con):
            self._con.execute(
                "UPDATE keys SET key = NULL, destroyed_at = ? WHERE site = ? AND epoch = ?",
                (now_ms, site, epoch),
            )
