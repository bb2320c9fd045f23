"""Which address a request came from, as far as the way it took can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from usertrack_cli.store.visitor import USER_AGENT_BYTES_MAX, canonical_address

HOPS_MAX = 16
"""Chains of proxies are short; every further entry was written by whoever wants us to read it."""
PEERS_REMEMBERED = 4_096
HOUSEHOLD_PREFIX = 64
"""IPv6 hands a household or a server 2**64 addresses: limits count the network."""

Network = IPv4Network | IPv6Network


class Networks:
    """A set of networks, asked about single addresses."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(each, strict=False) for each in networks)
        self.holds = lru_cache(maxsize=PEERS_REMEMBERED)(self._holds)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def _holds(self, address: str) -> bool:
        """Return True where ``address`` lies in one of the networks; what is no address lies in none."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def reach(address: str) -> str:
    """Return how far away an address is: ``loopback``, ``private`` or ``public``."""
    if _LOOPBACK.holds(address):
        return "loopback"
    return "private" if _PRIVATE.holds(address) else "public"


def client_address(peer: str, forwarded: Sequence[bytes], trusted: Networks) -> str | None:
    """Return the address that a request came from, in canonical form, or ``None`` where it has none.

    The header that proxies name it in is read from the right, since a client can write anything into its left
    end: trusted proxies are skipped, the first other address is the client's. An entry that is
    not an address ends the reading, and the last hop that could be read stands.

    Args:
        peer: Address of the other end of the connection.
        forwarded: Values of all headers of that name, in order.
        trusted: Proxies whose word is taken.
    """
    if not forwarded or not trusted.holds(peer):
        return _canonical(peer)
    client = _canonical(peer)
    hops = b",".join(forwarded).decode("latin-1").rsplit(",", HOPS_MAX)
    for hop in hops[: -HOPS_MAX - 1 : -1]:
        address = _canonical(hop.strip(" \t"))
        if address is None:
            break
        client = address
        if not trusted.holds(address):
            break
    return client


def user_agent(header: bytes) -> str:
    """Return the agent as it is hashed and listed, so that both always agree."""
    return header[:USER_AGENT_BYTES_MAX].decode("utf-8", "replace")


def limited_address(address: str) -> str:
    """Return what limits per address count: the address, or the network of an IPv6 address."""
    if ":" not in address:
        return address
    return str(ip_network((address, HOUSEHOLD_PREFIX), strict=False).network_address)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return canonical_address(address)
    except ValueError:
        return None


_LOOPBACK = Networks(["127.0.0.0/8", "::1/128"])
# RFC 1918 and 4193, link-local, and what providers use behind their own translation (RFC 6598).
_PRIVATE = Networks(
    [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
        "169.254.0.0/16",
        "fe80::/10",
        "100.64.0.0/10",
    ]
)


@lru_cache(maxsize=PEERS_REMEMBERED)
def _canonical(address: str) -> str | None:
    parsed = _parsed(address)
    return None if parsed is None else str(parsed)
