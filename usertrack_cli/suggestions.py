"""What a shell proposes on TAB: names from the catalog, which answers without opening a segment.

What is proposed is typed for the operator and then run by a shell, and visitors choose the names of pages:
only names that no shell reads anything into are proposed.
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any

from usertrack_cli.errors import UsertrackError
from usertrack_cli.settings import data_dir, read_file, resolve, site_slugs
from usertrack_cli.store.home import Home, open_home

HARMLESS = re.compile(r"[A-Za-z0-9/@_.~-]+")
_FAILURES = (UsertrackError, OSError, ValueError)
"""Nobody asked anything yet: a shell that waits for proposals is told of no failure, it gets none."""


def pages(ctx: Any, incomplete: str) -> list[str]:
    """Return the pages that are known and start with what was typed, the last seen first."""
    from usertrack_cli.store.layouts import known_pages

    return _from_catalog(ctx, incomplete, known_pages)


def sessions(ctx: Any, incomplete: str) -> list[str]:
    """Return the sessions of the last days that start with what was typed, the newest first."""
    from usertrack_cli.store.inbox import recent_sessions

    return _from_catalog(ctx, incomplete, recent_sessions)


def sites(ctx: Any, incomplete: str) -> list[str]:
    """Return the sites of the settings file."""
    try:
        return [slug for slug in site_slugs(read_file(_data(ctx))) if slug.startswith(incomplete)]
    except _FAILURES:
        return []


def _from_catalog(ctx: Any, incomplete: str, question: Any) -> list[str]:
    from usertrack_cli.store import catalog

    try:
        home: Home = open_home(_data(ctx))
        site = ctx.params.get("site") or resolve(read_file(home.root)).settings.site
        with closing(catalog.connect(home)) as con:
            found = question(con, site=site, prefix=incomplete)
    except _FAILURES:
        return []
    return [name for name in found if HARMLESS.fullmatch(name)]


def _data(ctx: Any) -> Path:
    given = ctx.params.get("data")
    return data_dir(None if given is None else Path(given))
