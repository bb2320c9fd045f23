"""Layouts: from the catalog's boxes to what is drawn."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from usertrack_cli.queries.filters import Filter
from usertrack_cli.store.home import Home

if TYPE_CHECKING:
    from usertrack_cli.queries.friction import Field
    from usertrack_cli.render.layout import Layout


def fields_of(home: Home, chosen: Filter) -> tuple[Field, ...]:
    """Return the elements of the site's pages that take input; a click there is never dead."""
    from usertrack_cli.store import catalog
    from usertrack_cli.store.layouts import fields

    with closing(catalog.connect(home)) as con:
        return tuple(fields(con, site=chosen.site))


def nearest_layout(home: Home, site: str, page: str, viewport_w: int) -> list[Layout]:
    """Return the page's layout that was measured at the nearest width, in a list; empty where it has none."""
    from usertrack_cli.store import catalog
    from usertrack_cli.store.layouts import nearest_layout_hash

    with closing(catalog.connect(home)) as con:
        found = nearest_layout_hash(con, site=site, page=page, viewport_w=viewport_w)
    return layouts(home, site, {found}) if found else []


def layouts(home: Home, site: str, hashes: set[tuple[str, str]]) -> list[Layout]:
    """Return the stored layouts among these ``(page, hash)``."""
    from usertrack_cli.render.layout import Box, BoxKind, Layout
    from usertrack_cli.store import catalog
    from usertrack_cli.store.layouts import stored_layouts

    with closing(catalog.connect(home)) as con:
        stored = stored_layouts(con, site=site, hashes=hashes)
    return [
        Layout(
            page=each.page,
            hash=each.hash,
            document_w=each.document_w,
            document_h=each.document_h,
            viewport_w=each.viewport_w,
            viewport_h=each.viewport_h,
            boxes=tuple(Box(BoxKind(box[0]), *box[1:]) for box in each.boxes),
        )
        for each in stored
    ]
