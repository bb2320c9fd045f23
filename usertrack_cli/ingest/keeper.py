"""The one thread that holds the databases: it keeps groups of arrivals and says what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from usertrack_cli.errors import StoreError
from usertrack_cli.ingest.decision import Decided, Seen, counted
from usertrack_cli.ingest.enrichment import Agents, Countries
from usertrack_cli.ingest.rate import Rate
from usertrack_cli.ingest.session import Arrival, Sessions
from usertrack_cli.settings import Settings
from usertrack_cli.store import catalog
from usertrack_cli.store.consents import Decisions, withdrawn
from usertrack_cli.store.counts import add_counts
from usertrack_cli.store.gauges import Gauges, gauges
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import Inbox, NewBatch, Outcome
from usertrack_cli.store.objections import Objections
from usertrack_cli.store.reserve import can_grow
from usertrack_cli.store.room import Room
from usertrack_cli.store.tallies import BEGUN, REFUSED, add_tallies
from usertrack_cli.store.visitor import Keyring
from usertrack_cli.store.withdrawal import wish_erasure

NEEDS_MAX = 8
"""Layouts asked for at once; a page has one, a route change adds one."""

_DISK_FULL = "SQLITE_FULL"
_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_READONLY")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one arrival.

    Attributes:
        status: HTTP status; 204 and 200 alike mean that it need not be sent again.
        reason: For the count of refusals, empty where there is none.
        need: Hashes of layouts whose boxes are wanted.
        miss: Batches that the browser believes sent and that never came.
        is_off: The browser is to stop and to forget what it keeps.
    """

    status: int
    reason: str = ""
    need: tuple[str, ...] = ()
    miss: tuple[int, ...] = ()
    is_off: bool = False


KEPT = Verdict(204)
_OBJECTED = Verdict(204)
"""Not even counted: nothing is stored of who objected."""
_WITHDRAWN = Verdict(200, "consent withdrawn", is_off=True)
_ERASED = Verdict(204, "erased session")
_CONFLICT = Verdict(409, "same batch, other content")
_TOO_MANY = Verdict(429, "too many new sessions")
_FULL = Verdict(507, "disk full")
_FAILED = Verdict(503, "store failed")
_BEHIND = Verdict(503, "writer is behind")
_POISON = Verdict(400, "cannot be stored")


class Keeper:
    """Commits arrivals; every method runs in the same thread, which made the keeper."""

    def __init__(
        self, home: Home, *, agents: Agents, countries: Countries, per_address: Rate, per_site: Rate
    ) -> None:
        self._con = catalog.create(home)
        catalog.leave_checkpoints(self._con)
        try:
            self._inbox = Inbox(self._con)
            self._decisions = Decisions(self._con)
            # Keys are only ever made anew while there is nothing that older keys could find.
            self._keys = catalog.connect_keys(home, may_create=self._is_empty(home))
            self._objections = Objections(self._con, self._keys)
        except StoreError:
            self._con.close()
            raise
        self._home = home
        self._agents = agents
        self._countries = countries
        self._room = Room(self._con, home)
        self._sessions = Sessions(
            self._inbox, Keyring(self._keys), agents, countries, per_address, per_site, self._room.is_full
        )

        self._tallied: Counter[str] = Counter()

    def _is_empty(self, home: Home) -> bool:
        return self._inbox.waiting()[0] == 0 and next(home.segments.rglob("*.parquet"), None) is None

    def keep(self, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Commit ``arrivals`` as one; where this returns 204 or 200, the batch survives a crash."""
        try:
            self._objections.refresh()
            lack = self._room.lack(sum(len(arrival.body) for arrival in arrivals))
            if lack is not None:
                return [_FULL if lack == "disk" else _BEHIND] * len(arrivals)
            return self._kept(arrivals)
        except Exception as error:  # noqa: BLE001 whatever it is, the others must still be answered
            name = str(getattr(error, "sqlite_errorname", ""))
            if name == _DISK_FULL or (name.startswith("SQLITE_IOERR") and self._is_over_quota()):
                return [_FULL] * len(arrivals)
            if name.startswith(_PASSING):
                return [_FAILED] * len(arrivals)
            if len(arrivals) == 1:
                return [_POISON]
        # One of them cannot be stored whatever the state of the disk: the others must not suffer for it.
        return [verdict for arrival in arrivals for verdict in self.keep([arrival])]

    def _is_over_quota(self) -> bool:
        """Tell a quota, which SQLite calls an I/O error, from a failing disk."""
        try:
            return not can_grow(self._home)
        except OSError:
            return False

    def _kept(self, arrivals: Sequence[Arrival]) -> list[Verdict]:
        given = {(each.site, each.consent.token) for each in arrivals if each.consent is not None}
        ended = withdrawn(self._con, given)
        refused = [self._refusal(arrival, ended) for arrival in arrivals]
        verdicts = iter(self._recorded([a for a, no in zip(arrivals, refused, strict=True) if no is None]))
        return [next(verdicts) if no is None else no for no in refused]

    def _refusal(self, arrival: Arrival, ended: Container[tuple[str, str]]) -> Verdict | None:
        """Return the answer to a visitor who objected or took consent back, else ``None``."""
        if self._objections.hold(arrival.site, arrival.address, arrival.user_agent):
            return _OBJECTED
        given = arrival.consent
        if given is not None and (arrival.site, given.token) in ended:
            return _WITHDRAWN
        return None

    def _recorded(self, arrivals: Sequence[Arrival]) -> list[Verdict]:
        batches = [self._sessions.new_batch(arrival) for arrival in arrivals]
        admitted = [batch for batch in batches if batch is not None]
        outcomes = iter(self._inbox.append(admitted) if admitted else ())
        self._sessions.committed([(batch.site, batch.session) for batch in admitted if batch.opens])
        return [
            _TOO_MANY if batch is None else self._verdict(arrival, batch, next(outcomes))
            for arrival, batch in zip(arrivals, batches, strict=True)
        ]

    def _verdict(self, arrival: Arrival, batch: NewBatch, outcome: Outcome) -> Verdict:
        if outcome is Outcome.CONFLICT:
            return _CONFLICT
        if outcome is Outcome.ERASED:
            self._sessions.forget([(batch.site, batch.session)])
            return _ERASED
        if not (arrival.seen or arrival.unconfirmed):
            return KEPT
        need = [
            layout_hash
            for page, layout_hash in arrival.seen[-NEEDS_MAX:]
            if self._inbox.needs_layout(batch.site, page, layout_hash)
        ]
        miss = self._inbox.missing(batch.site, batch.session, arrival.unconfirmed)
        return Verdict(200, "", tuple(need), tuple(miss)) if need or miss else KEPT

    def count(self, sights: Sequence[Seen]) -> None:
        """Add what people saw to the totals; programs do not count."""
        self._objections.refresh()
        totals = Counter(
            counted(
                seen.sight,
                page=seen.page,
                country=self._countries.country(seen.address),
                now_ms=seen.at,
            )
            for seen in sights
            if not self._objections.hold(seen.sight.k, seen.address, seen.user_agent)
            and not self._agents.read(seen.user_agent).is_bot
        )
        add_counts(self._con, totals)

    @property
    def begun(self) -> Mapping[str, int]:
        """Sessions that began in this process, by how far away their address is."""
        return self._sessions.begun

    def tally(self, refused: Mapping[str, int], *, now_ms: int) -> None:
        """Add what was refused, and the sessions that began since the last call, to the tallies."""
        begun = self._sessions.begun - self._tallied
        with catalog.transaction(self._con):
            add_tallies(self._con, REFUSED, refused, now_ms=now_ms)
            add_tallies(self._con, BEGUN, begun, now_ms=now_ms)
        self._tallied += begun

    def gauges(self, *, now_ms: int) -> Gauges:
        """Return the state of the store in figures."""
        return gauges(self._con, self._home, now_ms=now_ms)

    def decide(self, decided: Decided, settings: Settings) -> bool:
        """Record a decision about consent; a session that ends by it is hidden, and erased by the writer.

        Of who objected not even that is kept, but what they withdraw goes all the same.

        Returns:
            False where there is no room for another record.
        """
        said, site = decided.decision, settings.site
        self._objections.refresh()
        is_kept = True
        if said.token and not self._objections.hold(site, decided.address, decided.user_agent):
            is_kept = self._decisions.keep(
                site=site,
                token=said.token,
                version=said.version,
                scope=said.scope,
                is_granted=said.granted is not None,
                now_ms=decided.at,
            )
        if said.withdrawn and settings.erase_on_withdrawal:
            wish_erasure(self._con, site=site, session=said.withdrawn, now_ms=decided.at)
            self._sessions.forget([(site, said.withdrawn)])
        return is_kept

    def waiting(self) -> tuple[int, int | None]:
        """Return how many batches wait for the writer and when the oldest arrived (ms)."""
        return self._inbox.waiting()

    def close(self) -> None:
        """Close the databases."""
        self._keys.close()
        self._con.close()
