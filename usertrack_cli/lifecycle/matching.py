"""Which sessions belong to the visitor of a letter: an address and, where known, a user agent."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usertrack_cli.errors import UsageError
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.visitors import VisitorSession, sessions_of_visitors
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.visitor import Keyring, canonical_address, visitor_key

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What an address and agent lead to.

    Attributes:
        sessions: Every session with a row of a matching visitor key, whole.
        sites: Sites whose keys were tried, with how many epochs; ``destroyed`` can no longer be linked.
        agents: Agent strings tried under each key.
    """

    sessions: tuple[VisitorSession, ...]
    epochs: tuple[tuple[str, int], ...]
    destroyed: tuple[tuple[str, int], ...]
    agents: int


def find_visitor(home: Home, *, ip: str, user_agent: str | None, site: str | None) -> Match:
    """Return the sessions of the visitor with this address and, where known, this user agent.

    Without an agent every agent string ever seen is tried, under every key that still exists.

    Raises:
        UsageError: ``ip`` is not an address.
    """
    try:
        canonical_address(ip)
    except ValueError as error:
        raise UsageError("the address given is not an IP address") from error
    visitors: set[str] = set()
    with closing(catalog.connect(home)) as con, closing(catalog.connect_keys(home, may_create=False)) as keys:
        keyring = Keyring(keys)
        live = keyring.live(site)
        agents = _agents(con, site) if user_agent is None else {}
        for key_site, key in live:
            for agent in [user_agent] if user_agent is not None else agents.get(key_site, []):
                visitors.add(visitor_key(key, ip, agent))
        destroyed = keyring.destroyed(site)
    found = ask(
        home,
        Filter(site=site),
        lambda duck: sessions_of_visitors(duck, sorted(visitors), site=site),
        shows_hidden=True,
    )
    return Match(
        sessions=tuple(found),
        epochs=tuple((key_site, key.epoch) for key_site, key in live),
        destroyed=tuple(destroyed),
        agents=1 if user_agent is not None else sum(len(each) for each in agents.values()),
    )


def _agents(con: sqlite3.Connection, site: str | None) -> dict[str, list[str]]:
    agents: dict[str, list[str]] = defaultdict(list)
    for agent_site, agent in con.execute(
        "SELECT site, user_agent FROM agents WHERE ?1 IS NULL OR site = ?1 ORDER BY site, user_agent", (site,)
    ):
        agents[agent_site].append(agent)
    return agents
