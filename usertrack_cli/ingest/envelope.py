"""What surrounds the events of a batch: who sends, when, on which page, with whose consent."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from usertrack_cli.ingest.event import Address, Event, Name, Px, Small

EVENTS_MAX = 5_000
"""Ten seconds of the busiest page are some 300 events."""
UNCONFIRMED_MAX = 50
"""What the tracker keeps unsent; each one is a look-up."""
SEQ_MAX = 2**31 - 1
INSTANT_MS_MAX = 253_402_300_799_999
"""The end of the year 9999, the last instant that datetime knows."""

_VISIBLE = r"^[ -~]*\Z"

Instant = Annotated[int, Meta(ge=0, le=INSTANT_MS_MAX)]
Seq = Annotated[int, Meta(ge=0, le=SEQ_MAX)]
Screen = Annotated[int, Meta(ge=0, le=100_000)]


class WireError(Exception):
    """A batch that cannot be taken, and the HTTP status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ConsentToken(Struct, array_like=True, frozen=True, gc=False):
    """The visitor's consent as each batch carries it."""

    token: Annotated[str, Meta(min_length=1, max_length=64, pattern=_VISIBLE)]
    version: Annotated[str, Meta(max_length=64, pattern=_VISIBLE)]
    scope: Annotated[str, Meta(max_length=64, pattern=_VISIBLE)] = ""


class PageState(Struct, array_like=True, frozen=True, gc=False):
    """What was on the screen when the batch began, so that every batch stands alone."""

    number: Small
    page: Address
    vw: Px
    vh: Px
    dw: Px
    dh: Px
    sx: Px
    sy: Px


class Client(Struct, frozen=True, gc=False, omit_defaults=True):
    """What the browser says about itself in the first batch of a page load."""

    scr: Annotated[list[Screen], Meta(min_length=2, max_length=2)] | None = None
    dpr: Annotated[float, Meta(gt=0, le=100)] | None = None
    lang: Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z0-9-]*\Z")] | None = None
    touch: Annotated[int, Meta(ge=0, le=256)] | bool | None = None
    wd: Annotated[int, Meta(ge=0, le=1)] | bool | None = None


class Envelope(Struct, frozen=True, gc=False):
    """A batch as the wire format has it."""

    v: Literal[1]
    s: str
    q: Seq
    t: Instant
    n: Instant
    pg: PageState
    e: Annotated[list[Event], Meta(max_length=EVENTS_MAX)]
    k: Name = "default"
    c: ConsentToken | Literal[0] | None = None
    m: Client | None = None
    u: Annotated[list[Seq], Meta(max_length=UNCONFIRMED_MAX)] = []
