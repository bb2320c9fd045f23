"""Filters that questions share, as SQL conditions whose values are always bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events a question is about; ``None`` leaves a matter open.

    Attributes:
        page: A path, or a glob with ``*``, ``?`` and ``[…]``.
        from_ms: First instant, UTC; ``to_ms`` the first instant after the range.
        session: A whole session id.
        tag: On the session, of the page's own script or of an operator.
    """

    site: str | None = None
    page: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    device: str | None = None
    width_class: str | None = None
    country: str | None = None
    browser: str | None = None
    session: str | None = None
    tag: str | None = None
    includes_bots: bool = False


_CONDITIONS = {
    "site": "site = $site",
    "device": "device = $device",
    "width_class": "width_class = $width_class",
    "country": "country = $country",
    "browser": "browser = $browser",
    "session": "session = $session",
    "tag": (
        "session IN (SELECT t.session FROM events t WHERE t.kind = 'tag' AND t.name = $tag"
        " UNION SELECT l.session FROM labels l WHERE l.tag = $tag)"
    ),
    "from_ms": "occurred_at >= make_timestamptz($from_ms * 1000)",
    "to_ms": "occurred_at < make_timestamptz($to_ms * 1000)",
}
_PAGE_EXACT = "page = $page"
_PAGE_GLOB = "page GLOB $page"
_NO_BOTS = "is_bot IS NOT TRUE"


def is_glob(page: str) -> bool:
    """Return True where ``page`` names several pages."""
    return any(character in page for character in "*?[")


def conditions(chosen: Filter, *, without: frozenset[str] = frozenset()) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition and its parameters; ``TRUE`` where nothing is narrowed.

    Args:
        without: Fields of the filter to leave out.
    """
    parts: list[str] = [] if chosen.includes_bots else [_NO_BOTS]
    values: dict[str, Any] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(chosen, name)
        if value is not None and name not in without:
            parts.append(condition)
            values[name] = value
    if chosen.page is not None and "page" not in without:
        parts.append(_PAGE_GLOB if is_glob(chosen.page) else _PAGE_EXACT)
        values["page"] = chosen.page
    return " AND ".join(parts) or "TRUE", values
