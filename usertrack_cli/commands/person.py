"""What commands about one person share: how the person is named, and the sessions that match."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.lifecycle.matching import Match
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
        if sys.stdin.isatty():
            sys.stderr.write("Address: ")
            sys.stderr.flush()
        return sys.stdin.readline().strip()
    try:
        with open(ip_file, encoding="utf-8") as file:  # noqa: PTH123 - a name typed by the operator
            return file.readline().strip()
    except OSError as error:
        raise UsageError(f"the file with the address cannot be read: {error.strerror}") from error


def matching(call: Call, address: str, ua: str | None) -> Match:
    """Return the sessions of a visitor, and say on standard error where they were looked for."""
    from usertrack_cli.lifecycle.matching import find_visitor

    match = find_visitor(call.home, ip=address, user_agent=ua, site=call.site)
    sites = sorted({site for site, _ in match.epochs})
    agents = "the agent given" if ua is not None else f"each of {count(match.agents, 'agent')} seen"
    console.note(
        f"searched {call.home.root}, sites {', '.join(sites) or 'none'},"
        f" {count(len(match.epochs), 'key')} with {agents}"
    )
    if match.destroyed:
        console.note(
            f"{count(len(match.destroyed), 'key')} destroyed: what they named cannot be linked to anybody"
        )
    return match


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
    console.listing(headings, rows, console.chosen_format(as_json=False, as_nl=False, as_csv=False))
