"""Which sessions belong to the visitor of a letter: an address and, where known, a user agent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from usertrack_cli.errors import UsageError
from usertrack_cli.lifecycle.keys import destroyed_epochs, key_states
from usertrack_cli.lifecycle.request import Epoch
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.queries.visitors import (
    Narrowing,
    VisitorSession,
    sessions_meant,
    sessions_named,
    sessions_of_visitors,
)
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.traces import sessions_everywhere, sessions_of_keys
from usertrack_cli.store.visitor import Keyring, canonical_address, visitor_key

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a search leads to.

    Attributes:
        sessions: Every matching session, whole.
        agents: Agent strings tried under each key.
        per_agent: How many of the sessions each agent string leads to, the most first.
        tried: Epochs whose keys were tried, with when those were made.
        unlinkable: Epochs whose keys are gone, and since when: what they named belongs to nobody any more.
        unsearchable: Damaged files that could not be looked into.
    """

    sessions: tuple[VisitorSession, ...]
    agents: int = 0
    per_agent: tuple[tuple[str, int], ...] = ()
    tried: tuple[Epoch, ...] = ()
    unlinkable: tuple[Epoch, ...] = ()
    unsearchable: int = 0

    @property
    def places(self) -> list[tuple[str, str]]:
        """``(site, session)`` of each."""
        return [(found.site, found.session) for found in self.sessions]


def find_visitor(
    home: Home, *, ip: str, user_agent: str | None, site: str | None, narrowing: Narrowing | None = None
) -> Match:
    """Return the sessions of the visitor with this address and, where known, this user agent.

    Without an agent every agent string ever seen is tried, under every key that still exists; where
    addresses are stored, the address itself counts too. Live segments, the inbox, open sessions and
    quarantine are searched.

    Args:
        narrowing: Leaves out sessions; what lies outside the live segments is only found without it.

    Raises:
        UsageError: ``ip`` is not an address.
    """
    try:
        address = str(canonical_address(ip))
    except ValueError as error:
        raise UsageError("the address given is not an IP address") from error
    stored_ip = address if user_agent is None else None
    with closing(catalog.connect(home)) as con, closing(catalog.connect_keys(home, may_create=False)) as keys:
        live = Keyring(keys).live(site)
        agents = _agents(con, site) if user_agent is None else {}
        named: dict[str, str] = {}
        for key_site, key in live:
            for agent in [user_agent] if user_agent is not None else agents.get(key_site, []):
                named[visitor_key(key, ip, agent)] = agent
    found = ask(
        home,
        Filter(site=site),
        lambda duck: sessions_of_visitors(duck, named, site=site, ip=stored_ip, narrowing=narrowing),
        shows_hidden=True,
    )
    with closing(catalog.connect(home)) as con:
        elsewhere, unsearchable = sessions_of_keys(con, home, named, site=site, ip=stored_ip)
        if narrowing is None:
            known = {(each.site, each.session) for each in found}
            found += [_unread(con, *place) for place in sorted(elsewhere - known)]
    return Match(
        sessions=tuple(found),
        agents=1 if user_agent is not None else sum(len(each) for each in agents.values()),
        per_agent=_per_agent(found, named),
        tried=_tried(home, site),
        unlinkable=destroyed_epochs(home, site),
        unsearchable=unsearchable,
    )


def find_meant(home: Home, narrowing: Narrowing) -> Match:
    """Return the sessions that a filter means, whoever they belong to."""
    site = narrowing.chosen.site
    found = ask(home, Filter(site=site), lambda duck: sessions_meant(duck, narrowing), shows_hidden=True)
    return Match(sessions=tuple(found), unlinkable=destroyed_epochs(home, site))


def find_sessions(home: Home, ids: Sequence[str], *, site: str | None) -> Match:
    """Return the sessions with these whole ids, wherever the store has something of them."""
    wanted = set(ids)
    found = ask(
        home, Filter(site=site), lambda duck: sessions_named(duck, wanted, site=site), shows_hidden=True
    )
    known = {each.session for each in found}
    with closing(catalog.connect(home)) as con:
        elsewhere = {
            (place_site, session)
            for _, place_site, session in (sessions_everywhere(con, home) if wanted - known else ())
            if session in wanted - known and site in (None, place_site)
        }
        found += [_unread(con, *place) for place in sorted(elsewhere)]
    return Match(sessions=tuple(found), unlinkable=destroyed_epochs(home, site))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why one visitor key may stand for several people."""

    overlapping: int
    screens: int


def doubt_of(sessions: Sequence[VisitorSession]) -> Doubt:
    """Return how many sessions of one visitor key ran at the same time, and how many screens it has.

    One person may have two tabs or two screens, so this is a reason to look, and no proof.
    """
    overlapping, screens = 0, 0
    by_key = sorted(sessions, key=lambda each: (each.site, each.visitors, each.started_at))
    for _, group in groupby(by_key, key=lambda each: (each.site, each.visitors)):
        ended_at, sizes = -1, set[tuple[int | None, int | None]]()
        for each in group:
            overlapping += bool(each.events) and each.started_at < ended_at
            ended_at = max(ended_at, each.ended_at)
            if each.screen_w:
                sizes.add((each.screen_w, each.screen_h))
        screens = max(screens, len(sizes))
    return Doubt(overlapping, screens)


def _agents(con: sqlite3.Connection, site: str | None) -> dict[str, list[str]]:
    agents: dict[str, list[str]] = defaultdict(list)
    for agent_site, agent in con.execute(
        "SELECT site, user_agent FROM agents WHERE ?1 IS NULL OR site = ?1 ORDER BY site, user_agent", (site,)
    ):
        agents[agent_site].append(agent)
    return agents


def _per_agent(sessions: Sequence[VisitorSession], named: dict[str, str]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for each in sessions:
        counts.update({named[visitor] for visitor in each.visitors if visitor in named})
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tried(home: Home, site: str | None) -> tuple[Epoch, ...]:
    return tuple(
        Epoch(each.site, each.epoch, each.created_at) for each in key_states(home, site) if each.is_live
    )


def _unread(con: sqlite3.Connection, site: str, session: str) -> VisitorSession:
    """Return a session of which no answer has a row yet, or any more."""
    row = con.execute(
        "SELECT last_received_at, visitor FROM sessions_open WHERE site = ? AND session = ?", (site, session)
    ).fetchone()
    at_ms, visitor = row if row is not None else (0, None)
    return VisitorSession(
        site=site,
        session=session,
        started_at=at_ms,
        ended_at=at_ms,
        events=0,
        pageviews=0,
        country=None,
        browser=None,
        os=None,
        screen_w=None,
        screen_h=None,
        visitors=(visitor,) if visitor else (),
    )
