"""Lines of an access log: which of them are pageviews, and of whom; nothing is stored here.

The combined format of nginx and Apache, with or without a name of the virtual host before it; lines of the
common format, which lack referrer and agent, are taken too.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from usertrack_cli.clock import MINUTE_MS, SECOND_MS
from usertrack_cli.ingest.page import canonical_page
from usertrack_cli.ingest.text import REPLACEMENT

LINE_BYTES_MAX = 65_536
"""Servers cut requests at 8 to 32 KiB; a longer line is no line of a log."""
_QUOTED = r'[^"\\]*+(?:\\.[^"\\]*+)*+'
_LINE = re.compile(
    # Possessive wherever nothing could be given back: a line that does not fit is refused at once.
    r"(?:\S++ )??(?P<address>[0-9A-Fa-f:.]++) \S++ [^\[]*+\[(?P<at>[^\]]{20,32}+)\] "
    r'"(?P<method>[A-Z]++) (?P<target>[^"\\ ]*+(?:\\.[^"\\ ]*+)*+)(?: HTTP/[\d.]++)?" (?P<status>\d{3}) \S++'
    rf'(?: "(?P<referrer>{_QUOTED})" "(?P<agent>{_QUOTED})")?'
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_NOT_A_PAGE = re.compile(
    r"\.(?:css|js|mjs|map|json|xml|txt|ico|png|jpe?g|gif|svg|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg"
    r"|wav|m4a|mov|avi|pdf|zip|gz|tgz|bz2|xz|7z|rar|tar|exe|dmg|iso|apk|wasm|webmanifest|rss|atom|csv)$",
    re.IGNORECASE,
)


class Unsuited(StrEnum):
    """Why a line is no pageview, as people are told."""

    UNREADABLE = "not in combined format"
    METHOD = "not a GET request"
    STATUS = "answered with an error or a redirect"
    FILE = "pictures, scripts and other files"
    EXCLUDED = "pages or addresses that the settings exclude"
    OBJECTED = "of visitors who objected"
    ERASED = "of erased sessions"
    OLD = "older than max_age"
    FUTURE = "dated in the future"
    KNOWN = "imported before"


class Hit(Struct, frozen=True, gc=False):
    """One request that showed somebody a page.

    Attributes:
        at_ms: When the server wrote it, UTC.
        page: As it is stored; ``url`` still has its query.
    """

    address: str
    at_ms: int
    page: str
    url: str
    referrer: str
    user_agent: str


def hit_of(line: str) -> Hit | Unsuited:
    """Return the pageview that a line tells of, or why it tells of none."""
    match = _LINE.match(line)
    if match is None:
        return Unsuited.UNREADABLE
    if match["method"] != "GET":
        return Unsuited.METHOD
    status = match["status"]
    if not (status.startswith("2") or status == "304"):
        return Unsuited.STATUS
    at_ms = _instant_ms(match["at"])
    target = unescaped(match["target"])
    page = _page(target)
    if at_ms is None or page is None:
        return Unsuited.UNREADABLE
    if _NOT_A_PAGE.search(page):
        return Unsuited.FILE
    return Hit(match["address"], at_ms, page, target, _given(match["referrer"]), _given(match["agent"]))


def unescaped(text: str) -> str:
    r"""Return what a server wrote as ``\x22`` or ``\"``, as it was sent, but for NUL, which no store takes."""
    return _plain(text).replace("\0", REPLACEMENT)


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    try:
        # Bytes that are no ASCII are written one by one: together they are UTF-8.
        return plain.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return plain


def _given(text: str | None) -> str:
    return "" if text in {None, "-"} else unescaped(text or "")


@lru_cache(maxsize=8_192)
def _page(target: str) -> str | None:
    if target.startswith("/"):
        return canonical_page(target)
    # A proxy's log has whole addresses.
    try:
        return canonical_page(urlsplit(target).path or "/") if "://" in target else None
    except ValueError:
        return None


def _instant_ms(text: str) -> int | None:
    """Return the instant of ``10/Oct/2026:13:55:36 +0200``; names of months are English wherever this runs."""
    hour_ms = _hour_ms(text[:14], text[20:])
    minute, second = text[15:17], text[18:20]
    if hour_ms is None or not (minute.isdecimal() and second.isdecimal()):
        return None
    return hour_ms + int(minute) * MINUTE_MS + int(second) * SECOND_MS


@lru_cache(maxsize=4_096)
def _hour_ms(hour: str, offset: str) -> int | None:
    """Return the instant at which ``10/Oct/2026:13`` begins where clocks are off UTC by ``+0200``."""
    try:
        month = _MONTHS[hour[3:6].lower()]
        zone = f"{offset[1:4] or '+00'}:{offset[4:6] or '00'}"
        iso = f"{hour[7:11]}-{month:02}-{hour[0:2]}T{hour[12:14]}:00:00{zone}"
        return int(datetime.fromisoformat(iso).timestamp() * 1000)
    except (KeyError, ValueError, OverflowError):
        return None


_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
