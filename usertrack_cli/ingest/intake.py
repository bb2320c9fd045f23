"""The way of a batch: judged in the order of the design, kept, and answered when that is certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

from usertrack_cli import log
from usertrack_cli.clock import monotonic_s
from usertrack_cli.ingest.answer import DONE, OFF, Answer, retry, told
from usertrack_cli.ingest.behaviour import is_impossible
from usertrack_cli.ingest.commit import GroupCommit
from usertrack_cli.ingest.consent import IGNORED, Permission, Refusal, decide
from usertrack_cli.ingest.decision import Sight, page_of
from usertrack_cli.ingest.envelope import WireError
from usertrack_cli.ingest.event import LayoutSeen
from usertrack_cli.ingest.identity import PEERS_REMEMBERED, Networks, client_address, user_agent
from usertrack_cli.ingest.keeper import KEPT, Verdict
from usertrack_cli.ingest.layout import seen_layouts
from usertrack_cli.ingest.masking import Admitted, Mask
from usertrack_cli.ingest.metrics import Metrics
from usertrack_cli.ingest.origin import Header, Origins
from usertrack_cli.ingest.session import Arrival
from usertrack_cli.ingest.wire import decode, stored_body
from usertrack_cli.settings import Settings

Fields = dict[bytes, bytes]
"""Headers by name; of those that came twice, the last."""


class Site:
    """What is asked of one site's settings for each of its batches."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.mask = Mask(settings)
        self.ignored = Networks(settings.ignore_addresses)

    def counts(self, sight: Sight, headers: Fields, address: str) -> bool:
        """Return True where a sight may be counted: an objection holds here too."""
        decided = decide(self.settings, dnt=headers.get(b"dnt"), gpc=headers.get(b"sec-gpc"), token=None)
        is_objected = isinstance(decided, Refusal) and decided.is_final
        is_left_out = self.mask.is_excluded(page_of(sight)) or self.ignored.holds(address)
        return self.settings.before_consent == "count" and not is_objected and not is_left_out


class Intake:
    """Takes batches in.

    Args:
        forwarded: Name of the header in which trusted proxies name the client, in small letters.
        metrics: Where answers and refusals are counted.
        now_ms: The clock.
    """

    def __init__(
        self,
        sites: Mapping[str, Site],
        *,
        origins: Origins,
        trusted: Networks,
        forwarded: bytes,
        commits: GroupCommit,
        metrics: Metrics,
        now_ms: Callable[[], int],
    ) -> None:
        self._sites = sites
        self._origins = origins
        self._forwarded = forwarded
        self._commits = commits
        self._metrics = metrics
        self._refused = metrics.refused
        self._now_ms = now_ms
        self._client_address = lru_cache(maxsize=PEERS_REMEMBERED)(partial(client_address, trusted=trusted))

    def take(
        self, body: bytes, headers: Sequence[Header], *, peer: str, answered: Callable[[Answer], None]
    ) -> None:
        """Take in the batch in ``body``; ``answered`` is told once, at once or when it is committed."""
        began_s = monotonic_s()

        def finish(answer: Answer) -> None:
            self._metrics.answered(answer.status, monotonic_s() - began_s)
            answered(answer)

        try:
            answer = self._answer(body, headers, peer, finish)
        except WireError as error:
            answer = self.refusal(error)
        except Exception as error:  # noqa: BLE001 the connection must be answered, and the values stay unsaid
            log.bug(error)
            answer = Answer(500)
        if answer is not None:
            finish(answer)

    def refusal(self, error: WireError) -> Answer:
        """Return the answer to what cannot be taken, and count it."""
        self._refused[error.reason] += 1
        return Answer(error.status, headers=retry(error.status))

    def _answer(
        self, body: bytes, headers: Sequence[Header], peer: str, finish: Callable[[Answer], None]
    ) -> Answer | None:
        """Return the answer, or ``None`` where it is for the store to give."""
        batch = decode(body)
        fields = dict(headers)
        origin = fields.get(b"origin", b"")
        site = self.site(batch.site, origin)
        if batch.rejected:
            self._refused.update({f"{reason} event": count for reason, count in batch.rejected.items()})
        permission = decide(
            site.settings, dnt=fields.get(b"dnt"), gpc=fields.get(b"sec-gpc"), token=batch.consent
        )
        if isinstance(permission, Refusal):
            return self._refuse(permission)
        address = self.address(peer, headers)
        if address is None or (site.ignored and site.ignored.holds(address)):
            return self._refuse(IGNORED)
        if batch.is_too_old():
            self._refused["too old"] += 1
            return DONE
        admitted = site.mask.admitted(batch, own_origin=origin.decode("latin-1"))
        rejected = sum(batch.rejected.values()) + admitted.rejected
        if not admitted.batch.events and not admitted.layouts:
            return told(KEPT, rejected)

        def kept(verdict: Verdict) -> None:
            if verdict.reason:
                self._refused[verdict.reason] += 1
            finish(told(verdict, rejected))

        arrival = _arrival(admitted, site.settings, permission, address, fields, self._now_ms())
        self._commits.keep(arrival, kept)
        return None

    def site(self, slug: str, origin: bytes) -> Site:
        """Return the site of that name, if a page of this origin may send to it.

        Raises:
            WireError: 404 where there is none, 403 where the origin is another.
        """
        site = self._sites.get(slug)
        if site is None:
            raise WireError(404, "unknown site")
        if not self._origins.admits(slug, origin):
            raise WireError(403, "origin")
        return site

    def address(self, peer: str, headers: Sequence[Header]) -> str | None:
        """Return the address that a request came from, as far as it can be believed."""
        forwarded = tuple([value for name, value in headers if name == self._forwarded])
        return self._client_address(peer, forwarded)

    def _refuse(self, refusal: Refusal) -> Answer:
        self._refused[refusal.reason] += 1
        return OFF if refusal.is_final else DONE


def _arrival(
    admitted: Admitted,
    settings: Settings,
    permission: Permission,
    address: str,
    headers: Fields,
    received_at: int,
) -> Arrival:
    """Return what the store needs of a batch: its events stay behind, they are in the body."""
    batch = admitted.batch
    return Arrival(
        site=batch.site,
        session=batch.session,
        seq=batch.seq,
        digest=batch.digest,
        started_at=batch.started_at,
        sent_at=batch.sent_at,
        client=batch.client,
        unconfirmed=batch.unconfirmed,
        settings=settings,
        permission=permission,
        address=address,
        user_agent=user_agent(headers.get(b"user-agent", b"")),
        received_at=received_at,
        body=stored_body(batch, is_as_decoded=admitted.is_as_decoded),
        seen=seen_layouts(batch.state, batch.events) if LayoutSeen in batch.kinds else (),
        layouts=admitted.layouts,
        consent=batch.consent if permission.basis == "granted" else None,
        is_impossible=is_impossible(batch.events, batch.kinds, batch.client),
    )
