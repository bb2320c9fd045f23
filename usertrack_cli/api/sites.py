"""The sites of a store: their tables in the settings file, and what is recorded of each."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from usertrack_cli.errors import UsageError
from usertrack_cli.settings import SETTINGS_FILE, resolve, site_slugs
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.roster import live_segments

_BY_HAND = "edit it by hand"


@dataclass(frozen=True, slots=True)
class Site:
    """One site.

    Attributes:
        is_recorded: It stands in the settings; what is stored of others stays readable.
        last_at: When its newest event happened, ms.
    """

    site: str
    is_recorded: bool
    origins: tuple[str, ...]
    consent: str
    events: int
    last_at: int | None


def sites(home: Home, table: Mapping[str, Any]) -> list[Site]:
    """Return the sites of the settings, and those that only the store still knows."""
    with closing(catalog.connect(home)) as con:
        segments = live_segments(con)
    stored: dict[str, tuple[int, int]] = {}
    for each in segments:
        events, last_at = stored.get(each.site, (0, 0))
        stored[each.site] = (events + each.rows, max(last_at, each.last_at))
    known = site_slugs(table)
    found = []
    for slug in sorted({*known, *stored}):
        settings = resolve(table, site=slug).settings
        events, newest_at = stored.get(slug, (0, None))
        found.append(Site(slug, slug in known, settings.origins, settings.consent, events, newest_at))
    return found


def with_site(text: str, slug: str, *, origins: Sequence[str], consent: str = "") -> str:
    """Return a settings file with one more site.

    Raises:
        UsageError: It is there already, or the file cannot be added to.
    """
    before = _parsed(text)
    if slug in _tables(before):
        raise UsageError(f"site {slug} is there already", hint="see: usertrack sites list")
    own: dict[str, Any] = {"origins": list(origins)} | ({"consent": consent} if consent else {})
    lines = [f"[site.{slug}]", *(f"{name} = {toml_value(value)}" for name, value in own.items())]
    body = text.rstrip("\n")
    after = f"{body}\n\n" if body else ""
    return _checked(after + "\n".join(lines) + "\n", before | {"site": _tables(before) | {slug: own}})


def without_site(text: str, slug: str) -> str:
    """Return a settings file without a site; comments elsewhere stay as they are.

    Raises:
        UsageError: It is not there, or the file is written in another way than table by table.
    """
    before = _parsed(text)
    if slug not in _tables(before):
        raise UsageError(f"there is no [site.{slug}] in {SETTINGS_FILE}", hint="see: usertrack sites list")
    own = re.compile(rf"\s*\[\[?\s*site\s*\.\s*[\"']?{re.escape(slug)}[\"']?\s*(\..*)?\]")
    kept: list[str] = []
    # Comments right before a table are about that one, and go or stay with it.
    ahead: list[str] = []
    is_own = False
    for line in text.splitlines(keepends=True):
        if re.match(r"\s*(#|$)", line):
            ahead.append(line)
            continue
        if re.match(r"\s*\[", line):
            is_own = own.match(line) is not None
        kept += [] if is_own else [*ahead, line]
        ahead = []
    kept += [] if is_own else ahead
    rest = {name: table for name, table in _tables(before).items() if name != slug}
    wanted = {name: value for name, value in before.items() if name != "site"}
    return _checked("".join(kept), wanted | ({"site": rest} if rest else {}))


def toml_value(value: str | Sequence[str]) -> str:
    """Return a text or a list of texts as TOML."""
    if isinstance(value, str):
        return json.dumps(value)
    return f"[{', '.join(json.dumps(each) for each in value)}]"


def _parsed(text: str) -> dict[str, Any]:
    table = tomllib.loads(text)
    if not isinstance(table.get("site", {}), dict):
        raise UsageError(
            f'site = "…" in {SETTINGS_FILE} leaves no room for tables of sites',
            hint="take that line out, and name the site with USERTRACK_SITE",
        )
    return table


def _tables(table: Mapping[str, Any]) -> dict[str, Any]:
    return dict(table.get("site", {}))


def _checked(text: str, wanted: Mapping[str, Any]) -> str:
    """Return ``text`` if it says exactly what is wanted: a file is never guessed at."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        said = {}
    if said != wanted:
        raise UsageError(f"{SETTINGS_FILE} is written in a way that cannot be changed here", hint=_BY_HAND)
    return text
