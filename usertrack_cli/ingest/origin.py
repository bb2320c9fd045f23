"""Which pages may send, and the headers that let their browser read the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from usertrack_cli.settings import Settings

ORIGINS_REMEMBERED = 1_024
OPEN_SITE = "default"
"""The one site that takes any origin while none is set: a first try needs no configuration."""

Header = tuple[bytes, bytes]
ALWAYS: tuple[Header, ...] = (
    (b"vary", b"Origin"),
    (b"access-control-expose-headers", b"Retry-After"),
)
"""Sent with every answer; without them caches mix origins and a tracker cannot read when to retry."""

_SOUND = re.compile(rb"[\x21-\x7e]{1,255}")


class Origins:
    """The origins that each site accepts."""

    def __init__(self, sites: Mapping[str, Settings]) -> None:
        self._allowed = {slug: frozenset(settings.origins) for slug, settings in sites.items()}
        self._any = frozenset(
            slug for slug, origins in self._allowed.items() if slug == OPEN_SITE and not origins
        )
        self._all = frozenset().union(*self._allowed.values())
        self.headers = lru_cache(maxsize=ORIGINS_REMEMBERED)(self._headers)

    def admits(self, site: str, origin: bytes) -> bool:
        """Return True where a page of ``origin`` may send to ``site``.

        A request without an origin does not come from a page: this rule stops browsers, and
        nobody else could be stopped by it.
        """
        return not origin or site in self._any or _text(origin) in self._allowed[site]

    def _headers(self, origin: bytes) -> list[Header]:
        """Return what lets a browser read any answer, for an origin that some site accepts."""
        if not _SOUND.fullmatch(origin) or not (self._any or _text(origin) in self._all):
            return []
        return [(b"access-control-allow-origin", origin)]


def _text(origin: bytes) -> str:
    return origin.decode("latin-1").lower()
