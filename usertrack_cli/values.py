"""How the value of a setting is read: each function takes what a file, a variable or a flag holds.

A file holds TOML values, a variable and a flag hold text. Every function raises ``ValueError`` with
what is needed instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from typing import Any, get_args
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from usertrack_cli.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

SITE_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,31}")
RECORDABLE = ("move", "click", "scroll", "resize", "input", "visibility", "error", "custom", "tag", "layout")
"""Kinds that ``record`` may name; pageviews are always recorded."""

_DURATION_UNITS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


def text(raw: object) -> str:
    """Return a text."""
    if not isinstance(raw, str):
        raise ValueError("a text is needed")
    return raw


def whole(raw: object) -> int:
    """Return a whole number."""
    with suppress(ValueError):
        if isinstance(raw, int | str) and not isinstance(raw, bool):
            return int(raw)
    raise ValueError("a whole number is needed")


def positive(raw: object) -> int:
    """Return a whole number above 0."""
    return _within(whole(raw), 1, None, "a whole number above 0")


def port(raw: object) -> int:
    """Return a port; 0 stands for any free one."""
    return _within(whole(raw), 0, 65_535, "a port from 0 to 65535")


def ipv6_prefix(raw: object) -> int:
    """Return how many bits of an IPv6 address count."""
    return _within(whole(raw), 32, 128, "a prefix length from 32 to 128")


def ratio(raw: object) -> float:
    """Return a share from 0 to 1."""
    with suppress(ValueError):
        if isinstance(raw, int | float | str) and not isinstance(raw, bool) and 0 <= float(raw) <= 1:
            return float(raw)
    raise ValueError("a number from 0 to 1 is needed")


def flag(raw: object) -> bool:
    """Return true or false."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in _YES | _NO:
        return raw.lower() in _YES
    raise ValueError("true or false is needed")


def texts(raw: object) -> tuple[str, ...]:
    """Return a list; from a flag or a variable its parts are separated by commas."""
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(",") if part.strip())
    if isinstance(raw, list | tuple) and all(isinstance(part, str) for part in raw):
        return tuple(raw)
    raise ValueError("a list of texts is needed")


def networks(raw: object) -> tuple[str, ...]:
    """Return a list of networks in their usual spelling; a single address is one too."""
    return tuple(str(ip_network(part, strict=False)) for part in texts(raw))


def kinds(raw: object) -> tuple[str, ...]:
    """Return a list of kinds of events."""
    found = texts(raw)
    unknown = sorted(set(found) - set(RECORDABLE))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(RECORDABLE)}")
    return found


def origins(raw: object) -> tuple[str, ...]:
    """Return a list of origins, in lower case."""
    found = texts(raw)
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            raise ValueError(f"{origin!r} is not an origin such as https://shop.example")
    return tuple(origin.rstrip("/").lower() for origin in found)


def url(raw: object) -> str:
    """Return an address without its closing slash, or an empty text."""
    found = text(raw)
    if found and (urlsplit(found).scheme not in {"http", "https"} or not urlsplit(found).netloc):
        raise ValueError("an address such as https://stats.example is needed")
    return found.rstrip("/")


def header(raw: object) -> str:
    """Return the name of an HTTP header."""
    found = text(raw)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", found):
        raise ValueError("the name of a header such as X-Real-IP is needed")
    return found


def script_path(raw: object) -> str:
    """Return the path of a script."""
    found = text(raw)
    if not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){1,8}", found) or not found.endswith(".js"):
        raise ValueError("a path such as /assets/site.js is needed")
    if found.rpartition("/")[2] in {"banner.js", "info.js"}:
        raise ValueError("banner.js and info.js are names of other scripts")
    return found


def token(raw: object) -> str:
    """Return a secret of at least 16 visible characters, or an empty text."""
    found = text(raw)
    if found and not re.fullmatch(r"[!-~]{16,256}", found):
        raise ValueError("16 or more letters, digits and signs are needed")
    return found


def slug(raw: object) -> str:
    """Return the name of a site."""
    found = text(raw)
    if not SITE_PATTERN.fullmatch(found):
        raise ValueError("a site is 1 to 32 of a-z, 0-9 and '-', starting with a letter")
    return found


def zone(raw: object) -> str:
    """Return the name of a time zone, or an empty text."""
    found = text(raw)
    if found and found not in available_timezones():
        raise ValueError("a time zone such as Europe/Berlin is needed")
    return found


def duration_ms(raw: object) -> int:
    """Return milliseconds for a duration such as ``30s``, ``10m``, ``48h`` or ``390d``."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text(raw))
    if match is None:
        raise ValueError("a duration such as 30s, 10m, 48h or 390d is needed")
    return int(match[1]) * _DURATION_UNITS[match[2]]


def span_text(milliseconds: int) -> str:
    """Return a duration of whole seconds as it would be typed, in the largest unit that fits."""
    unit, size_ms = next(each for each in reversed(_DURATION_UNITS.items()) if milliseconds % each[1] == 0)
    return f"{milliseconds // size_ms}{unit}"


def one_of(choices: Any) -> Callable[[object], str]:
    """Return a function that takes the texts of a ``Literal`` and nothing else."""
    allowed = get_args(choices)

    def parse(raw: object) -> str:
        if raw not in allowed:
            raise ValueError(f"one of {', '.join(allowed)} is needed")
        return str(raw)

    return parse


def _within(number: int, least: int, most: int | None, needed: str) -> int:
    if number < least or (most is not None and number > most):
        raise ValueError(f"{needed} is needed")
    return number
