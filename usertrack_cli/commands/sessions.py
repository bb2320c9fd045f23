"""``usertrack sessions``: the stored sessions as a list."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from usertrack_cli import api, console, suggestions
from usertrack_cli.console import Format, Heading
from usertrack_cli.options import Call, one_of, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.queries.sessions import Order, SessionRow

_FIXED = 8
"""Columns of figures; what follows them gives way."""
_ORDERS = ("recent", "friction", "long", "events")


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    page: Annotated[
        str | None,
        typer.Option(
            "--page", help="Only sessions that showed this page or glob.", autocompletion=suggestions.pages
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            "--sort",
            help="recent, long, events, or friction: 3 for each rage click, 1 for each dead click and error.",
        ),
    ] = "recent",
    unwatched: Annotated[bool, typer.Option("--unwatched", help="Only what nobody has replayed yet.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Sessions at the most.")] = 50,
) -> None:
    """List sessions, the most recent first.

    In what follows @3 means the third row of the list: usertrack replay @3.

    RAGE counts bursts of three clicks within a second inside 30 px; DEAD counts clicks that nothing answered
    for 2.5 s, those on fields and those of unknown outcome left out. A narrow terminal has no room for device,
    browser, country and tags, and leaves them out in this order; a pipe has them all.

    Example:  usertrack sessions --sort friction --unwatched
    """
    order = cast("Order", one_of(sort, "--sort", _ORDERS))
    found = api.sessions(call.home, call.filter(page=page), order=order, limit=limit, is_unwatched=unwatched)
    api.remember(call.home, found)
    print_sessions(call, found)


def print_sessions(call: Call, found: Sequence[SessionRow]) -> None:
    """Print sessions in the format that was asked for."""
    rows = [_row(number, row) for number, row in enumerate(found, start=1)]
    chosen = console.chosen_format(**call.wants)
    headings: tuple[Heading, ...] = (
        Heading("session", "SESSION", shows=lambda value: str(value)[:8]),
        Heading("started_at", "STARTED", shows=partial(console.instant_text, zone=call.zone)),
        Heading("duration_ms", "LASTED", "right", shows=console.duration_text),
        Heading("active_ms", "ACTIVE", "right", shows=console.duration_text, is_optional=True),
        Heading("pageviews", "PAGES", "right"),
        Heading("clicks", "CLICKS", "right"),
        Heading("rage", "RAGE", "right", shows=_count_text),
        Heading("dead", "DEAD", "right", shows=_count_text),
        Heading("tags", "TAGS", shows=" ".join, is_flexible=True, is_optional=True),
        Heading("entry_page", "ENTRY", is_flexible=True),
        Heading("country", "CC", is_optional=True),
        Heading("browser", "BROWSER", is_flexible=True, is_optional=True),
        Heading("device", "DEVICE", is_optional=True),
    )
    bot = Heading("is_bot", "BOT", shows=lambda value: "bot" if value else "")
    if chosen is Format.TABLE:
        # No narrow terminal may leave out who is a bot.
        marked = (bot,) if any(row["is_bot"] for row in rows) else ()
        number = Heading("row", "@", "right", shows=lambda value: f"@{value}")
        headings = (number, *headings[:_FIXED], *marked, *headings[_FIXED:])
        rows = [row | {"tags": (*(["★"] if row["is_starred"] else []), *row["tags"])} for row in rows]
    else:
        headings = (*headings, bot)
        rows = [{key: value for key, value in row.items() if key != "row"} for row in rows]
    console.listing(headings, rows, chosen)


def _row(number: int, row: SessionRow) -> dict[str, Any]:
    return {"row": number} | asdict(row)


def _count_text(count: int) -> str:
    return str(count) if count else ""
