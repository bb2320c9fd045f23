"""What a browser says apart from batches: that its visitor consented or withdrew, that a page was seen."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from usertrack_cli.clock import HOUR_MS
from usertrack_cli.ingest.envelope import WireError
from usertrack_cli.ingest.event import Name
from usertrack_cli.ingest.page import canonical_page
from usertrack_cli.ingest.text import cleaned
from usertrack_cli.store.counts import Count
from usertrack_cli.store.schema import width_class

BODY_BYTES_MAX = 4_096
"""A path, a host and a few names; the longest path that is kept has 1,024 characters."""
HOST_CHARS_MAX = 253
"""The longest name that the domain name system knows."""

_VISIBLE = r"^[ -~]*\Z"
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{21}")

Mark = Annotated[str, Meta(max_length=64, pattern=_VISIBLE)]


class Decision(Struct, frozen=True, gc=False):
    """Consent given or withdrawn, as the banner or the page's own dialog heard it.

    Attributes:
        k: Site.
        withdrawn: Id of the session that ends by it.
    """

    token: Mark
    version: Mark
    k: Name = "default"
    scope: Mark = ""
    granted: Literal[1] | None = None
    withdrawn: str | None = None


class Sight(Struct, frozen=True, gc=False):
    """A page or the banner was seen by somebody who is not recorded.

    Attributes:
        k: Site.
        e: What happened.
        p: Path of the page.
        r: Host of the site that led here.
        w: Width of the window, px.
    """

    e: Literal["pageview", "banner_shown", "banner_accepted", "banner_declined"]
    p: Annotated[str, Meta(max_length=2_048)]
    k: Name = "default"
    r: Annotated[str, Meta(max_length=512)] = ""
    w: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Decided(Struct, frozen=True, gc=False):
    """A decision on its way to its record; address and agent only tell whether its visitor objected."""

    decision: Decision
    address: str
    user_agent: str
    at: int


class Seen(Struct, frozen=True, gc=False):
    """A sight on its way into a total; address and agent are forgotten when it is there."""

    sight: Sight
    page: str
    address: str
    user_agent: str
    at: int


_Said = TypeVar("_Said")
_DECISION = msgspec.json.Decoder(Decision)
_SIGHT = msgspec.json.Decoder(Sight)


def decode_decision(body: bytes) -> Decision:
    """Return what ``POST /c`` says.

    Raises:
        WireError: It cannot be read, or says nothing.
    """
    decision = _decoded(_DECISION, body)
    if (decision.granted is None) == (decision.withdrawn is None):
        raise WireError(400, "no decision")
    if decision.withdrawn and not _SESSION.fullmatch(decision.withdrawn):
        raise WireError(400, "no session")
    return decision


def decode_sight(body: bytes) -> Sight:
    """Return what ``POST /a`` says.

    Raises:
        WireError: It cannot be read.
    """
    return _decoded(_SIGHT, body)


def counted(sight: Sight, *, page: str, country: str | None, now_ms: int) -> Count:
    """Return the total that a sight adds to: nothing in it tells one visitor from another."""
    return Count(
        site=sight.k,
        hour_at=now_ms - now_ms % HOUR_MS,
        name=sight.e,
        page=page,
        referrer=_host(sight.r),
        width_class=width_class(sight.w),
        country=country or "",
    )


def page_of(sight: Sight) -> str:
    """Return the page as it may be kept, empty where there is none."""
    return canonical_page(sight.p) or ""


def _host(text: str) -> str:
    try:
        return cleaned(urlsplit(f"//{text}").hostname or "", HOST_CHARS_MAX)
    except ValueError:
        return ""


def _decoded(decoder: msgspec.json.Decoder[_Said], body: bytes) -> _Said:
    if len(body) > BODY_BYTES_MAX:
        raise WireError(413, "body too large")
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(400, "unreadable") from error
