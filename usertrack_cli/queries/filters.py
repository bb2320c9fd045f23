"""Filters that questions share, as SQL conditions whose values are always bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from usertrack_cli.naming import GLOB_CHARACTERS, PageGroup, TagRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events a question is about; ``None`` leaves a matter open.

    Attributes:
        page: A path, a glob with ``*``, ``?`` and ``[…]``, or the name of a group of pages.
        from_ms: First instant, UTC; ``to_ms`` the first instant after the range.
        session: A whole session id.
        referrer: Part of the address that a session came from; ``utm`` one of its campaign parameters,
            with or without its name: ``spring`` or ``campaign=spring``.
        clicked: Selector of an element that the session clicked.
        tag: On the session, of the page's own script, of an operator or of a rule.
        source: ``tracker``, ``rrweb``, ``log`` or ``all``; ``None`` is what was recorded in browsers, which
            logs are not. A session that is named is found whatever its source.
        groups: Pages that count as one; the first that matches names a page.
        rules: Tags that follow from the sessions; they are looked at where tags are asked for.
    """

    site: str | None = None
    page: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    device: str | None = None
    width_class: str | None = None
    country: str | None = None
    browser: str | None = None
    referrer: str | None = None
    utm: str | None = None
    clicked: str | None = None
    session: str | None = None
    tag: str | None = None
    source: str | None = None
    includes_bots: bool = False
    groups: tuple[PageGroup, ...] = ()
    rules: tuple[TagRule, ...] = ()


# No condition for the site: a segment holds one site, and ``ask`` reads the segments of the chosen one only.
_CONDITIONS = {
    "device": "device = $device",
    "width_class": "width_class = $width_class",
    "country": "country = $country",
    "browser": "browser = $browser",
    "session": "session = $session",
    "referrer": (
        "session IN (SELECT r.session FROM events r"
        " WHERE r.kind = 'pageview' AND contains(lower(r.referrer), lower($referrer)))"
    ),
    "utm": (
        "session IN (SELECT u.session FROM events u WHERE u.kind = 'pageview' AND ("
        "$utm IN (u.utm_source, u.utm_medium, u.utm_campaign, u.utm_term, u.utm_content)"
        " OR $utm IN ('source=' || u.utm_source, 'medium=' || u.utm_medium, 'campaign=' || u.utm_campaign,"
        " 'term=' || u.utm_term, 'content=' || u.utm_content)))"
    ),
    "clicked": "session IN (SELECT c.session FROM events c WHERE c.kind = 'click' AND c.selector = $clicked)",
    "tag": (
        "session IN (SELECT t.session FROM events t WHERE t.kind = 'tag' AND t.name = $tag"
        " UNION SELECT l.session FROM labels l WHERE l.tag = $tag)"
    ),
    # What is known before the first row is read falls away, and with it the reading of all instants.
    "from_ms": (
        "(coalesce($from_ms <= getvariable('first_at'), FALSE)"
        " OR occurred_at >= make_timestamptz($from_ms * 1000))"
    ),
    "to_ms": (
        "(coalesce($to_ms > getvariable('last_at'), FALSE) OR occurred_at < make_timestamptz($to_ms * 1000))"
    ),
}
_RECORDED = "source <> 'log'"
_SOURCE = "source = $source"
SOURCES = ("tracker", "rrweb", "log", "all")
EVERY_SOURCE = "all"
_NO_BOTS = "NOT is_bot"
_NO_LATE_BOTS = "session NOT IN (SELECT b.session FROM bots b)"
"""A session that gave itself away late is a bot's from its beginning."""
LATE_BOTS = "late_bots"
"""Leaving this out of the conditions saves reading the session of every row: for pointer movements, of which
a program that hurries makes none."""


def is_glob(page: str) -> bool:
    """Return True where ``page`` names several pages."""
    return any(character in page for character in GLOB_CHARACTERS)


def page_name(chosen: Filter, column: str = "page") -> tuple[str, dict[str, Any]]:
    """Return SQL for the name that a page goes by, that of its group or its own, and its parameters."""
    if not chosen.groups:
        return column, {}
    values: dict[str, Any] = {}
    cases = []
    for number, group in enumerate(chosen.groups):
        values |= {f"group_{number}": group.match, f"group_{number}_name": group.name}
        cases.append(f"WHEN {column} GLOB $group_{number} THEN $group_{number}_name")
    return f"CASE {' '.join(cases)} ELSE {column} END", values


def page_matches(
    chosen: Filter, page: str, *, column: str = "page", value: str = "page"
) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition that ``column`` is ``page``, one of its glob or of its group.

    Args:
        value: What the parameter is called.
    """
    if any(group.name == page for group in chosen.groups):
        name, values = page_name(chosen, column)
        return f"{name} = ${value}", values | {value: page}
    return f"{column} {'GLOB' if is_glob(page) else '='} ${value}", {value: page}


def _source(chosen: Filter) -> tuple[list[str], dict[str, Any]]:
    if chosen.source is None:
        return ([] if chosen.session else [_RECORDED]), {}
    return ([], {}) if chosen.source == EVERY_SOURCE else ([_SOURCE], {"source": chosen.source})


def conditions(chosen: Filter, *, without: frozenset[str] = frozenset()) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition and its parameters; ``TRUE`` where nothing is narrowed.

    Args:
        without: Fields of the filter to leave out.
    """
    parts: list[str] = []
    if not chosen.includes_bots and "includes_bots" not in without:
        parts = [_NO_BOTS] if LATE_BOTS in without else [_NO_BOTS, _NO_LATE_BOTS]
    more, values = _source(chosen)
    parts += more
    for name, condition in _CONDITIONS.items():
        value = getattr(chosen, name)
        if value is not None and name not in without:
            parts.append(condition)
            values[name] = value
    if chosen.page is not None and "page" not in without:
        condition, of_page = page_matches(chosen, chosen.page)
        parts.append(condition)
        values |= of_page
    return " AND ".join(parts) or "TRUE", values
