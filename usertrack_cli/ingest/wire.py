"""Wire format v1: from the bytes of one request to a checked batch.

The usual batch takes one strict decode. Where that fails, the envelope is decoded alone and the
events one by one: the good are kept, the bad are counted by reason. A batch that cannot be read
at all is a :class:`WireError` with the HTTP status that answers it.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from usertrack_cli.ingest.envelope import Client, ConsentToken, Envelope, PageState, WireError
from usertrack_cli.ingest.event import ELAPSED_MS_MAX, Event, Move
from usertrack_cli.ingest.page import canonical_page
from usertrack_cli.ingest.repair import cleaned_event
from usertrack_cli.ingest.salvage import salvaged
from usertrack_cli.ingest.text import is_plain

BODY_BYTES_MAX = 256 * 1024
"""The tracker sends 24 KiB at a time; a layout of 400 boxes adds some 30 KiB."""
DECODED_BYTES_MAX = 1024 * 1024
"""JSON of coordinates shrinks fivefold; a megabyte takes a few ms to decode, a bomb would take all memory."""
BATCH_AGE_MS_MAX = ELAPSED_MS_MAX
"""A batch older than this may meet a duplicate filter that has forgotten it."""

_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{21}")
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class Batch(Struct, frozen=True, kw_only=True, gc=False):
    """One decoded batch.

    Attributes:
        started_at: Start of the session by the browser's clock, ms.
        sent_at: The browser's clock at this attempt, ms.
        unconfirmed: Batches that the browser does not know the fate of.
        client: Only in the first batch of a page load.
        kinds: How many of each record ``events`` held at first, so that nobody has to look for them again.
        digest: BLAKE2b-128 over what a repeated attempt leaves unchanged.
        encoded: JSON of ``events`` as they stood when the digest was taken.
        rejected: Number of events that were not taken, by reason.
    """

    site: str
    session: str
    seq: int
    started_at: int
    sent_at: int
    consent: ConsentToken | None
    unconfirmed: Sequence[int]
    client: Client | None
    state: PageState
    events: Sequence[Event]
    kinds: Mapping[type[Event], int]
    digest: bytes
    encoded: bytes
    rejected: Mapping[str, int]

    def is_too_old(self) -> bool:
        """Return True where everything in it happened too long ago to be told from a repeat.

        Measured by the browser's clock alone, since that clock may be wrong but runs evenly.
        """
        age_ms = self.sent_at - self.started_at
        if age_ms <= BATCH_AGE_MS_MAX:
            return False
        return age_ms - max((event.t for event in self.events), default=0) > BATCH_AGE_MS_MAX


_STRICT = msgspec.json.Decoder(Envelope)
_ENCODE = msgspec.json.Encoder().encode


def decode(body: bytes) -> Batch:
    """Return the batch in the body of one request.

    Raises:
        WireError: 400 where it cannot be read, 413 where it is over a limit.
    """
    raw = inflated(body)
    try:
        envelope = _STRICT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _batch(*salvaged(raw))
    if not is_plain(raw):
        envelope = replace(envelope, e=[cleaned_event(event) for event in envelope.e])
    return _batch(envelope, {})


def inflated(body: bytes) -> bytes:
    """Return ``body``, decompressed where it is gzip.

    Raises:
        WireError: 400 where the gzip is cut off or followed by something, 413 where it is over a limit.
    """
    if len(body) > BODY_BYTES_MAX:
        raise WireError(413, "body too large")
    if not body.startswith(_GZIP_MAGIC):
        return body
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        raw = stream.decompress(body, DECODED_BYTES_MAX + 1)
    except zlib.error as error:
        raise WireError(400, "broken gzip") from error
    if len(raw) > DECODED_BYTES_MAX:
        raise WireError(413, "decoded body too large")
    if not stream.eof or stream.unused_data:
        raise WireError(400, "broken gzip")
    return raw


def stored_body(batch: Batch, *, is_as_decoded: bool) -> bytes:
    """Return the JSON ``{"t": …, "pg": […], "e": […]}`` that the store keeps of a batch."""
    events = batch.encoded if is_as_decoded else _ENCODE(batch.events)
    return b'{"t":%d,"pg":%b,"e":%b}' % (batch.started_at, _ENCODE(batch.state), events)


def _batch(envelope: Envelope, rejected: dict[str, int]) -> Batch:
    if not _SESSION.fullmatch(envelope.s):
        raise WireError(400, "no session")
    events, state = envelope.e, envelope.pg
    whole = [event for event in events if type(event) is not Move or not len(event.run) % 3]
    if len(whole) < len(events):
        rejected["malformed"] = rejected.get("malformed", 0) + len(events) - len(whole)
        events = whole
    encoded = _ENCODE(events)
    digest = blake2b(b"%b%b%b" % (_ENCODE(state), _ENCODE(envelope.m), encoded), digest_size=16).digest()
    page = canonical_page(state.page)
    if page is None:
        raise WireError(400, "no page")
    if page != state.page:
        state = replace(state, page=page)
    return Batch(
        site=envelope.k,
        session=envelope.s,
        seq=envelope.q,
        started_at=envelope.t,
        sent_at=envelope.n,
        consent=envelope.c or None,
        unconfirmed=envelope.u,
        client=envelope.m,
        state=state,
        events=events,
        kinds=Counter(map(type, events)),
        digest=digest,
        encoded=encoded,
        rejected=rejected,
    )
