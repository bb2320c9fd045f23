"""Foreign recordings on their way into the store: by the decoder, masking and inbox of every batch."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from usertrack_cli.errors import UsageError
from usertrack_cli.ingest.envelope import WireError
from usertrack_cli.ingest.masking import Mask
from usertrack_cli.ingest.wire import decode, stored_body
from usertrack_cli.store import catalog
from usertrack_cli.store.inbox import Inbox, NewBatch, NewSession, Outcome
from usertrack_cli.store.visitor import Keyring, epoch_at

if TYPE_CHECKING:
    from usertrack_cli.ingest.rrweb import Imported
    from usertrack_cli.settings import Settings
    from usertrack_cli.store.home import Home

SOURCE = "rrweb"


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of an import; ``rejected`` events are those that the wire format does not take."""

    events: int
    rejected: int
    is_new: bool


def keep(home: Home, recording: Imported, *, site: str, settings: Settings, now_ms: int) -> Kept:
    """Commit a recording to the inbox; a second time changes nothing.

    The visitor is unknown: no address or agent was recorded, so the session stands for itself and is found
    by its id alone.

    Raises:
        UsageError: The site's settings record nothing of it.
    """
    mask = Mask(settings)
    month = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    started_at = min(recording.started_at_ms, now_ms)
    visitor = blake2b(recording.session.encode(), digest_size=16, person=SOURCE.encode()).hexdigest()
    epoch = epoch_at(now_ms, settings.key_epoch)
    opens = NewSession(
        day=datetime.fromtimestamp(started_at / 1000, tz=UTC).strftime("%Y-%m-%d"),
        epoch=epoch,
        visitor=visitor,
        skew_ms=started_at - recording.started_at_ms,
        client=b"{}",
    )
    meta = json.dumps({"source": SOURCE, "basis": "not_required", "is_bot": False}).encode()
    batches, events, rejected = [], 0, 0
    for body in recording.batches:
        try:
            decoded = decode(body)
        except WireError as error:
            raise UsageError(f"the recording cannot be stored: {error.reason}") from error
        admitted = mask.admitted(decoded, own_origin="")
        events += len(admitted.batch.events)
        rejected += sum(decoded.rejected.values()) + admitted.rejected
        batches.append(
            NewBatch(
                site=site,
                session=recording.session,
                seq=decoded.seq,
                digest=decoded.digest,
                received_at=now_ms,
                epoch=epoch,
                visitor=visitor,
                ip=None,
                meta=meta,
                body=stored_body(admitted.batch, is_as_decoded=admitted.is_as_decoded),
                month=month.strftime("%Y-%m"),
                user_agent=SOURCE,
                opens=opens,
                layouts=admitted.layouts,
            )
        )
    if not events:
        raise UsageError(
            "nothing of this recording may be stored", hint="see record and exclude_pages: usertrack config"
        )
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        # Nobody is named by it, but an epoch with data and without a key would look like a lost key.
        Keyring(keys).key(site, epoch, ipv6_prefix=settings.ipv6_prefix, now_ms=now_ms)
    with closing(catalog.connect(home)) as con:
        outcomes = Inbox(con).append(batches)
    if Outcome.ERASED in outcomes:
        raise UsageError(
            "this recording was erased from the store", hint="it can be imported again after 72 hours"
        )
    return Kept(events, rejected, is_new=Outcome.STORED in outcomes)
