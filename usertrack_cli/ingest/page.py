"""Addresses cut down to what may be kept: pages, allowed query keys, origins of other sites.

A path segment that holds a secret or names a person becomes a placeholder: an e-mail address
``:email``, a UUID ``:uuid``, a JSON web token or 16 characters in a row that mix digits with
small and capital letters ``:token``, 16 or more hex characters ``:hex``, 9 or more digits
``:number``. The segment is judged after undoing percent encoding twice, since links in mails
are often encoded once too much.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from usertrack_cli.ingest.text import cleaned

PAGE_CHARS_MAX = 1_024
"""Longer paths carry data, not places; also what the tracker keeps."""
URL_CHARS_MAX = 2_048
"""The longest address that every browser and proxy passes on."""
FRAGMENT_CHARS_MAX = 64
"""A fragment names a route or an anchor; what is longer is data."""
QUERY_FIELDS_MAX = 64
"""Real addresses have a handful; each one costs a comparison."""
CAMPAIGN_KEYS = frozenset({"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "ref"})

_PRIVATE = re.compile(
    r"(?P<email>[^\s/@]+@[^\s/@]+\.\w{2,})"
    r"|(?P<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<token>\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<![0-9A-Za-z])(?=[A-Za-z]*\d)(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[0-9A-Za-z]{16,})"
    r"|(?P<hex>(?<![0-9A-Za-z])(?=[a-fA-F]*\d)[0-9a-fA-F]{16,}(?![0-9A-Za-z]))"
    r"|(?P<number>\d{9,})"
)


def _placeholder(text: str) -> str | None:
    match = _PRIVATE.search(unquote(unquote(text)))
    return f":{match.lastgroup}" if match else None


@lru_cache(maxsize=8_192)
def canonical_page(url: str) -> str | None:
    """Return the path of ``url`` as it is stored, or ``None`` where it has none.

    Query and fragment are dropped, private segments become placeholders.
    """
    path = url if url.startswith("/") and not url.startswith("//") else _path(url)
    path = cleaned(re.split(r"[?#]", path, maxsplit=1)[0], PAGE_CHARS_MAX)
    if not path.startswith("/"):
        return None
    return "/".join(_placeholder(part) or part for part in path.split("/"))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def canonical_url(url: str, keys: Collection[str]) -> str | None:
    """Return page and allowed query keys of ``url``, or ``None`` where it has no path."""
    page = canonical_page(url)
    query = url.partition("#")[0].partition("?")[2]
    if page is None or not query:
        return page
    try:
        fields = parse_qsl(query, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        return page
    kept = [
        (key, _placeholder(value) or cleaned(value, URL_CHARS_MAX))
        for key, value in fields
        if key in CAMPAIGN_KEYS or key in keys
    ]
    full = f"{page}?{urlencode(kept)}" if kept else page
    return full if len(full) <= URL_CHARS_MAX else page


def canonical_referrer(referrer: str, *, own_origin: str) -> str:
    """Return where a visitor came from: a page of the same site, or the origin of another, or nothing."""
    if not referrer:
        return ""
    if referrer.startswith("/"):
        return canonical_page(referrer) or ""
    try:
        parts = urlsplit(referrer)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https", "android-app", "ios-app"} or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    origin = cleaned(f"{parts.scheme}://{host}{f':{port}' if port else ''}", PAGE_CHARS_MAX)
    if own_origin and origin == own_origin.lower():
        return canonical_page(referrer) or "/"
    return origin


def canonical_fragment(fragment: str) -> str:
    """Return the fragment up to where values begin: logins hand tokens back as ``#key=value``."""
    route = cleaned(re.split(r"[?&=;]", fragment.lstrip("#"), maxsplit=1)[0], FRAGMENT_CHARS_MAX)
    return "#" + "/".join(_placeholder(part) or part for part in route.split("/"))
