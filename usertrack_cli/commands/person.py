"""What commands about one person share: how the person is named, and the sessions that match."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.queries.visitors import VisitorSession

IP = Annotated[str | None, typer.Option("--ip", metavar="ADDRESS", help="The visitor's address.")]
IP_FILE = Annotated[
    str | None,
    typer.Option("--ip-file", metavar="FILE", help="File with the address; - reads it, or asks for it."),
]
UA = Annotated[
    str | None, typer.Option("--ua", metavar="AGENT", help="User agent; without it every one seen is tried.")
]
SESSION = Annotated[
    list[str] | None, typer.Option("--session", metavar="ID", help="A session; may be repeated.")
]
REQUEST = Annotated[
    str, typer.Option("--request", metavar="NUMBER", help="Your own number for it; stands in the ledger.")
]


def address_of(ip: str | None, ip_file: str | None) -> str | None:
    """Return the address that was typed, or that a file or standard input holds.

    Raises:
        UsageError: Both were named, or the file cannot be read.
    """
    if ip is not None and ip_file is not None:
        raise UsageError("--ip and --ip-file exclude each other")
    if ip_file is None:
        return ip.strip() if ip is not None else None
    if ip_file == "-":
        return console.asked("Address: " if sys.stdin.isatty() else "").strip()
    try:
        with open(ip_file, encoding="utf-8") as file:  # noqa: PTH123 - a name typed by the operator
            return file.readline().strip()
    except OSError as error:
        raise UsageError(f"the file with the address cannot be read: {error.strerror}") from error


def require_one(address: str | None, sessions: Sequence[str] | None) -> None:
    """Refuse a call that names neither a visitor nor sessions, or both.

    Raises:
        UsageError: It does.
    """
    if (address is None) == (not sessions):
        raise UsageError(
            "name either a visitor or sessions",
            hint="with --ip or --ip-file, or with --session",
        )


def named(call: Call, prefixes: Sequence[str]) -> list[tuple[str, str]]:
    """Return ``(site, session)`` of sessions that were named, those that nobody gets to see included."""
    return [api.session_by_prefix(call.home, each, site=call.site, shows_hidden=True) for each in prefixes]


def list_sessions(call: Call, sessions: Sequence[VisitorSession]) -> None:
    """Print sessions as what they are: when, where from and with what, never their content."""
    zone = call.zone
    headings = (
        Heading("site", "SITE"),
        Heading("session", "SESSION", shows=lambda value: str(value)[:8]),
        Heading("started_at", "STARTED", shows=lambda at: console.instant_text(at, zone) if at else "–"),
        Heading("pageviews", "PAGES", "right"),
        Heading("events", "EVENTS", "right"),
        Heading("country", "CC"),
        Heading("browser", "BROWSER", is_flexible=True),
        Heading("os", "OS", is_flexible=True),
        Heading("screen", "SCREEN"),
    )
    rows = [
        {heading.key: getattr(each, heading.key) for heading in headings if heading.key != "screen"}
        | {"screen": f"{each.screen_w or '?'}×{each.screen_h or '?'}"}
        for each in sessions
    ]
    console.listing(headings, rows, console.chosen_format())
