"""Pageviews of an access log as rows of sessions: who, in which session, from where, with what."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from usertrack_cli.clock import DAY_MS, MINUTE_MS
from usertrack_cli.ingest.accesslog import Hit, Unsuited
from usertrack_cli.ingest.enrichment import Agents, Countries
from usertrack_cli.ingest.identity import Networks
from usertrack_cli.ingest.masking import Mask
from usertrack_cli.ingest.page import canonical_referrer, canonical_url
from usertrack_cli.settings import Settings
from usertrack_cli.store.ledger import LOG_ID_START, LOG_IDLE_MS, LOG_SOURCE, Erasures, log_span
from usertrack_cli.store.objections import Objections
from usertrack_cli.store.visitor import Keyring, VisitorKey, epoch_at, visitor_key

SOURCE = LOG_SOURCE
IDLE_MS = LOG_IDLE_MS
SESSION_MS_MAX = DAY_MS
"""A session ends as one of the tracker does: after 30 minutes of silence, or a day."""
FUTURE_MS = 5 * MINUTE_MS
"""Clocks of two machines differ by less."""
VISITORS_REMEMBERED = 100_000
_NAMES = (
    "session", "visitor", "epoch", "seq", "occurred_at", "page", "pageview", "referrer", "url_query", "country",
    "browser", "browser_major", "os", "device", "is_bot", "ip", "utm_source", "utm_medium", "utm_campaign",
    "utm_term", "utm_content",
)  # fmt: skip
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_NO_CAMPAIGN = (None,) * len(_UTM)


@dataclass(slots=True)
class OpenLogSession:
    """A session that the next pageview of its visitor may belong to."""

    session: str
    day: str
    epoch: int
    started_at: int
    last_at: int
    pageviews: int
    is_erased: bool = False


@dataclass(kw_only=True)
class Logbook:
    """Turns hits into rows; sessions go on from file to file.

    Attributes:
        settings: Of the site; what it excludes is left out.
        open: By visitor key: sessions of the store that may go on.
        known: How often each ``(visitor, instant, page)`` is in the store already; taken away when met.
        erasures: Sessions that were erased: they are not brought back.
        days: New rows by the day that their session started on.
        skipped: Lines that are no rows, by why.
        agents_seen: Agents by whether they are a bot's.
    """

    settings: Settings
    keyring: Keyring
    objections: Objections
    agents: Agents
    countries: Countries
    now_ms: int
    open: dict[str, OpenLogSession]
    known: Counter[tuple[str, int, str]]
    erasures: Erasures
    days: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    skipped: Counter[Unsuited] = field(default_factory=Counter)
    agents_seen: dict[str, bool] = field(default_factory=dict)
    rows: int = 0
    sessions: int = 0
    bots: int = 0

    def __post_init__(self) -> None:
        mask = Mask(self.settings)
        self._is_excluded = mask.is_excluded
        self._ignored = Networks(self.settings.ignore_addresses)
        self._keys: dict[int, VisitorKey] = {}
        self._visitor = lru_cache(maxsize=VISITORS_REMEMBERED)(self._visitor_of)
        self._country = lru_cache(maxsize=VISITORS_REMEMBERED)(self.countries.country)
        self._about = lru_cache(maxsize=VISITORS_REMEMBERED)(self._address_of_query)

    def add(self, hits: Iterable[Hit | Unsuited]) -> None:
        """Take hits in the order of the file."""
        for hit in hits:
            why = hit if isinstance(hit, Unsuited) else self._add(hit)
            if why is not None:
                self.skipped[why] += 1

    def taken(self) -> Mapping[str, Mapping[str, Sequence[Any]]]:
        """Return the columns of the rows so far, by day, and begin anew."""
        rows, self.days = self.days, {}
        return {day: dict(zip(_NAMES, zip(*found, strict=True), strict=True)) for day, found in rows.items()}

    def _add(self, hit: Hit) -> Unsuited | None:
        if hit.at_ms < self.now_ms - self.settings.max_age:
            return Unsuited.OLD
        if hit.at_ms > self.now_ms + FUTURE_MS:
            return Unsuited.FUTURE
        if self._is_excluded(hit.page) or self._ignored.holds(hit.address):
            return Unsuited.EXCLUDED
        epoch = epoch_at(hit.at_ms, self.settings.key_epoch)
        visitor = self._visitor(epoch, hit.address, hit.user_agent)
        if visitor is None:
            return Unsuited.UNREADABLE
        if not visitor:
            return Unsuited.OBJECTED
        row = (visitor, hit.at_ms, hit.page)
        if self.known[row] > 0:
            self.known[row] -= 1
            return Unsuited.KNOWN
        session = self._session(visitor, epoch, hit)
        if session.is_erased:
            return Unsuited.ERASED
        self._put(session, visitor, hit)
        return None

    def _visitor_of(self, epoch: int, address: str, user_agent: str) -> str | None:
        """Return the visitor key, an empty one where its visitor objected, ``None`` without an address."""
        if self.objections.hold(self.settings.site, address, user_agent):
            return ""
        if epoch not in self._keys:
            self._keys[epoch] = self.keyring.key(
                self.settings.site, epoch, ipv6_prefix=self.settings.ipv6_prefix, now_ms=self.now_ms
            )
        try:
            return visitor_key(self._keys[epoch], address, user_agent)
        except ValueError:
            return None

    def _session(self, visitor: str, epoch: int, hit: Hit) -> OpenLogSession:
        found = self.open.get(visitor)
        if (
            found is not None
            and abs(hit.at_ms - found.last_at) <= IDLE_MS
            and hit.at_ms - found.started_at < SESSION_MS_MAX
        ):
            found.last_at = max(found.last_at, hit.at_ms)
            return found
        name = self._session_id(visitor, epoch, hit)
        begun = OpenLogSession(name, _day(hit.at_ms // DAY_MS), epoch, hit.at_ms, hit.at_ms, 0)
        # The file may begin in the middle of an erased session, whose first pageview would tell its id.
        begun.is_erased = self.erasures.hold(self.settings.site, name) or self.erasures.hold(
            self.settings.site, log_span(visitor, hit.at_ms)
        )
        self.sessions += not begun.is_erased
        self.open[visitor] = begun
        return begun

    def _session_id(self, visitor: str, epoch: int, hit: Hit) -> str:
        """Return an id that the same lines always give, and that says nothing without the visitor's key."""
        content = f"{self.settings.site}\0{visitor}\0{hit.at_ms}\0{hit.page}".encode()
        digest = blake2b(content, digest_size=16, key=self._keys[epoch].secret, person=SOURCE.encode())
        return LOG_ID_START + urlsafe_b64encode(digest.digest()).decode("ascii")[1:22]

    def _put(self, session: OpenLogSession, visitor: str, hit: Hit) -> None:
        agent = self.agents.read(hit.user_agent)
        self.agents_seen[hit.user_agent] = agent.is_bot
        query, campaign = self._about(hit.url)
        session.pageviews += 1
        # Within a session every page has the one before as its referrer.
        referrer = (
            canonical_referrer(hit.referrer, own_origin=self.settings.site_url)
            if session.pageviews == 1
            else ""
        )
        # A tuple a row: one list a column would cost an append for each of them.
        self.days.setdefault(session.day, []).append(
            (
                session.session,
                visitor,
                session.epoch,
                session.pageviews - 1,
                hit.at_ms,
                hit.page,
                session.pageviews,
                referrer or None,
                query,
                self._country(hit.address),
                agent.browser,
                agent.browser_major,
                agent.os,
                agent.device,
                agent.is_bot,
                hit.address if self.settings.store_ip == "plain" else None,
                *campaign,
            )
        )
        self.rows += 1
        self.bots += agent.is_bot

    def _address_of_query(self, url: str) -> tuple[str | None, tuple[str | None, ...]]:
        """Return the query that is kept of an address, and the campaign in it."""
        if "?" not in url:
            return None, _NO_CAMPAIGN
        kept = (canonical_url(url, self.settings.query_keys) or "").partition("?")[2]
        found = dict(parse_qsl(kept))
        return kept or None, tuple(found.get(name) for name in _UTM)


@lru_cache(maxsize=64)
def _day(days: int) -> str:
    return datetime.fromtimestamp(days * DAY_MS / 1000, tz=UTC).date().isoformat()
