"""Sessions that may still send: what their first batch fixed, and what it says about every later one."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from msgspec import Struct

from usertrack_cli.clock import DAY_MS, HOUR_MS
from usertrack_cli.ingest.consent import Permission
from usertrack_cli.ingest.enrichment import Agents, Countries, device, is_bot
from usertrack_cli.ingest.envelope import Client, ConsentToken
from usertrack_cli.ingest.event import ELAPSED_MS_MAX
from usertrack_cli.ingest.identity import limited_address, reach
from usertrack_cli.ingest.rate import Rate
from usertrack_cli.settings import Settings
from usertrack_cli.store.consents import NewConsent
from usertrack_cli.store.inbox import Inbox, NewBatch, NewLayout, NewSession, OpenSession
from usertrack_cli.store.visitor import Keyring, epoch_at, visitor_key

SESSIONS_REMEMBERED = 20_000
"""About 1.5 KiB each; a session that is not remembered costs one look-up in the catalog."""
REMEMBERED_MS_MAX = 24 * HOUR_MS
"""The catalog forgets a session 72 h after its last batch, and its key may go then."""


class Arrival(Struct, frozen=True, kw_only=True, gc=False):
    """One batch that may be recorded, with what came along with it; it lives until it is answered.

    Attributes:
        seen: ``(page, hash)`` of the layouts that its pages have.
        layouts: Boxes that it brings.
        consent: What it says about consent; only where consent is asked for.
        is_impossible: It holds what no person can have done.
    """

    site: str
    session: str
    seq: int
    digest: bytes
    started_at: int
    sent_at: int
    client: Client | None
    unconfirmed: Sequence[int]
    settings: Settings
    permission: Permission
    address: str
    user_agent: str
    received_at: int
    body: bytes
    seen: Sequence[tuple[str, str]] = ()
    layouts: tuple[NewLayout, ...] = ()
    consent: ConsentToken | None = None
    is_impossible: bool = False


@dataclass(slots=True, kw_only=True)
class _Known:
    """A session in memory.

    Attributes:
        is_stored: Its first batch is committed, so the catalog knows it.
        seen_as: Address and agent that ``visitor`` and ``meta`` were derived from, as a number
            that says nothing outside this process: neither is kept.
        is_driven: A program was at work in a batch; it stays one for the batches after.
    """

    day: str
    epoch: int
    skew_ms: int
    client: Client | None
    loaded_at: int
    is_stored: bool
    seen_as: int = 0
    permission: Permission | None = None
    visitor: str = ""
    meta: bytes = b""
    is_driven: bool = False


_Place = tuple[str, str]


@dataclass(slots=True)
class Sessions:
    """Turns arrivals into batches of the store; used by one thread only."""

    inbox: Inbox
    keyring: Keyring
    agents: Agents
    countries: Countries
    per_address: Rate
    per_site: Rate
    is_full: Callable[[str], bool] = lambda _: False
    begun: Counter[str] = field(default_factory=Counter)
    _known: OrderedDict[_Place, _Known] = field(default_factory=OrderedDict)

    def new_batch(self, arrival: Arrival) -> NewBatch | None:
        """Return the batch as the store keeps it, or ``None`` where too many sessions begin."""
        place = (arrival.site, arrival.session)
        known = self._found(place, arrival)
        if known is None:
            # The rest of an erased session is answered as before: its browser is to forget it, not to wait.
            if not (self.inbox.is_erased(*place) or self._may_begin(arrival)):
                return None
            known = self._begun(arrival)
            self._remember(place, known)
        self._describe(known, arrival)
        return NewBatch(
            site=arrival.site,
            session=arrival.session,
            seq=arrival.seq,
            digest=arrival.digest,
            received_at=arrival.received_at,
            epoch=known.epoch,
            visitor=known.visitor,
            ip=arrival.address if arrival.settings.store_ip == "plain" else None,
            meta=known.meta,
            body=arrival.body,
            month=_day(arrival.received_at // DAY_MS)[:7],
            user_agent=arrival.user_agent,
            opens=None if known.is_stored else _opening(known),
            consent=_given(arrival.consent),
            layouts=arrival.layouts,
            seen=arrival.seen,
        )

    def committed(self, places: Sequence[_Place]) -> None:
        """Note that these sessions stand in the catalog now."""
        for place in places:
            known = self._known.get(place)
            if known is not None:
                known.is_stored = True

    def forget(self, places: Sequence[_Place]) -> None:
        """Read these sessions anew when they send again."""
        for place in places:
            self._known.pop(place, None)

    def _found(self, place: _Place, arrival: Arrival) -> _Known | None:
        known = self._known.get(place)
        if known is not None and abs(arrival.received_at - known.loaded_at) < REMEMBERED_MS_MAX:
            self._known.move_to_end(place)
            return known
        stored = self.inbox.open_session(*place)
        if stored is None:
            return None
        known = _reopened(stored, arrival)
        self._remember(place, known)
        return known

    def _remember(self, place: _Place, known: _Known) -> None:
        self._known[place] = known
        if len(self._known) > SESSIONS_REMEMBERED:
            self._known.popitem(last=False)

    def _may_begin(self, arrival: Arrival) -> bool:
        if self.is_full(arrival.site):
            return False
        now_ms = arrival.received_at
        return self.per_address.admits(
            limited_address(arrival.address), now_ms=now_ms
        ) and self.per_site.admits(arrival.site, now_ms=now_ms)

    def _begun(self, arrival: Arrival) -> _Known:
        """Fix day, epoch and clock skew of a session by its first batch.

        The skew is the difference of the clocks now, so a batch that waited in the browser is
        dated by when it was made. It is bent where it would put the start out of range.
        """
        received_at = arrival.received_at
        started_at = arrival.started_at + received_at - arrival.sent_at
        started_at = min(max(started_at, received_at - ELAPSED_MS_MAX), received_at)
        self.begun[reach(arrival.address)] += 1
        return _Known(
            day=_day(started_at // DAY_MS),
            epoch=epoch_at(received_at, arrival.settings.key_epoch),
            skew_ms=started_at - arrival.started_at,
            client=arrival.client,
            loaded_at=received_at,
            is_stored=False,
        )

    def _describe(self, known: _Known, arrival: Arrival) -> None:
        """Derive visitor key and session columns, unless they are those of the batch before."""
        seen_as = hash((arrival.address, arrival.user_agent))
        client = arrival.client
        is_same_browser = bool(known.visitor) and seen_as == known.seen_as
        if arrival.is_impossible and not known.is_driven:
            known.is_driven, is_same_browser = True, False
        if is_same_browser and arrival.permission == known.permission and client in (None, known.client):
            return
        if client is not None:
            known.client = client
        settings = arrival.settings
        key = self.keyring.key(
            arrival.site,
            known.epoch,
            ipv6_prefix=settings.ipv6_prefix,
            now_ms=arrival.received_at,
        )
        known.visitor = visitor_key(key, arrival.address, arrival.user_agent)
        known.meta = self._meta(known.client, arrival, is_driven=known.is_driven)
        known.seen_as, known.permission = seen_as, arrival.permission

    def _meta(self, client: Client | None, arrival: Arrival, *, is_driven: bool) -> bytes:
        """Return JSON of the columns that are the same for every row of a batch."""
        agent = self.agents.read(arrival.user_agent)
        width, height = client.scr if client is not None and client.scr else (None, None)
        return msgspec.json.encode(
            {
                "country": self.countries.country(arrival.address),
                "browser": agent.browser,
                "browser_major": agent.browser_major,
                "os": agent.os,
                "device": device(agent, client),
                "language": (client.lang or None) if client is not None else None,
                "screen_w": width,
                "screen_h": height,
                "dpr": client.dpr if client is not None else None,
                "basis": arrival.permission.basis,
                "consent_version": arrival.permission.consent_version,
                "is_bot": is_driven or is_bot(agent, client),
            }
        )


def _given(token: ConsentToken | None) -> NewConsent | None:
    return None if token is None else NewConsent(token.token, token.version, token.scope)


def _opening(known: _Known) -> NewSession:
    return NewSession(
        day=known.day,
        epoch=known.epoch,
        visitor=known.visitor,
        skew_ms=known.skew_ms,
        client=msgspec.json.encode(known.client or Client()),
    )


def _reopened(stored: OpenSession, arrival: Arrival) -> _Known:
    try:
        client = msgspec.json.decode(stored.client, type=Client)
    except msgspec.DecodeError:
        client = None
    return _Known(
        day=stored.day,
        epoch=stored.epoch,
        skew_ms=stored.skew_ms,
        client=client,
        loaded_at=arrival.received_at,
        is_stored=True,
    )


@lru_cache(maxsize=8)
def _day(days: int) -> str:
    """Return the UTC date that lies ``days`` after the beginning of 1970."""
    return datetime.fromtimestamp(days * DAY_MS / 1000, tz=UTC).date().isoformat()
