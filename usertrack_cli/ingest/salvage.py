"""Reading a batch that is not wholly as it should be: the good is kept, the bad counted by reason."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from usertrack_cli.ingest.envelope import (
    EVENTS_MAX,
    UNCONFIRMED_MAX,
    Client,
    ConsentToken,
    Envelope,
    Instant,
    PageState,
    Seq,
    WireError,
)
from usertrack_cli.ingest.event import BY_CODE, Event, Name
from usertrack_cli.ingest.repair import repaired
from usertrack_cli.ingest.text import without_lone_surrogates

_Record = TypeVar("_Record", bound=Struct)


class _LooseEnvelope(Struct, frozen=True, gc=False):
    v: Literal[1]
    s: str
    q: Seq
    t: Instant
    n: Instant
    pg: Raw
    e: list[Raw]
    k: Name = "default"
    c: Raw = Raw(b"null")
    m: Raw = Raw(b"null")
    u: Raw = Raw(b"[]")


_LOOSE = msgspec.json.Decoder(_LooseEnvelope)


def salvaged(raw: bytes) -> tuple[Envelope, dict[str, int]]:
    """Return what can be read of a batch, and how many of its events cannot, by reason.

    Raises:
        WireError: 400 where it is no batch at all, 413 where it has too many events.
    """
    try:
        raw.decode("utf-8")
        loose = _LOOSE.decode(without_lone_surrogates(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(400, "not a batch") from error
    if len(loose.e) > EVENTS_MAX:
        raise WireError(413, "too many events")
    rejected: Counter[str] = Counter()
    state = _loosely(loose.pg, PageState)
    if state is None:
        raise WireError(400, "no page state")
    events = []
    for each in loose.e:
        event = _event(each)
        if isinstance(event, str):
            rejected[event] += 1
        else:
            events.append(event)
    envelope = Envelope(
        v=1,
        s=loose.s,
        q=loose.q,
        t=loose.t,
        n=loose.n,
        pg=state,
        e=events,
        k=loose.k,
        c=_consent(loose.c),
        m=_client(loose.m),
        u=_unconfirmed(loose.u),
    )
    return envelope, rejected


def _event(raw: Raw) -> Event | str:
    """Return the event, or why it cannot be taken."""
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unreadable"
    if not isinstance(fields, list) or not fields or not isinstance(fields[0], str):
        return "malformed"
    record = BY_CODE.get(fields[0])
    if record is None:
        return "unknown"
    try:
        event: Event = msgspec.convert([fields[0], *repaired(record, fields[1:])], type=record)
    except (msgspec.ValidationError, RecursionError):
        return "malformed"
    return event


def _loosely(raw: Raw, record: type[_Record]) -> _Record | None:
    try:
        fields = msgspec.json.decode(raw)
        return msgspec.convert(repaired(record, fields), type=record) if isinstance(fields, list) else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _consent(raw: Raw) -> ConsentToken | None:
    """Return the consent as it was given, or none: an agreement is not to be repaired."""
    try:
        return msgspec.json.decode(raw, type=ConsentToken)
    except (msgspec.DecodeError, RecursionError):
        return None


def _client(raw: Raw) -> Client | None:
    """Return what can be read of the browser's facts, each for itself."""
    try:
        facts = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    known: dict[str, Any] = {}
    for name in Client.__struct_fields__:
        try:
            msgspec.convert({name: facts.get(name)}, type=Client)
        except (msgspec.ValidationError, RecursionError):
            continue
        known[name] = facts.get(name)
    return msgspec.convert(known, type=Client)


def _unconfirmed(raw: Raw) -> list[int]:
    try:
        return msgspec.json.decode(raw, type=list[Seq])[:UNCONFIRMED_MAX]
    except (msgspec.DecodeError, RecursionError):
        return []
