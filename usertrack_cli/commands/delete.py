"""``usertrack delete``: erase one visitor, found by address and, where known, user agent."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.matching import Match
    from usertrack_cli.queries.visitors import VisitorSession


@shared()
def command(
    *,
    call: Call,
    ip: Annotated[str | None, typer.Option("--ip", metavar="ADDRESS", help="The visitor's address.")] = None,
    ip_file: Annotated[
        str | None,
        typer.Option("--ip-file", metavar="FILE", help="File with the address, or - for standard input."),
    ] = None,
    ua: Annotated[
        str | None,
        typer.Option("--ua", metavar="AGENT", help="User agent; without it every one seen is tried."),
    ] = None,
    session: Annotated[
        list[str] | None, typer.Option("--session", metavar="ID", help="A session; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a visitor for good.

    Every site is searched unless --site is typed.

    The address can stay out of the shell history:  usertrack delete --ip-file -
    """
    from usertrack_cli.lifecycle.erasure import erase

    home = call.home
    address = _address(ip, ip_file)
    if (address is None) == (not session):
        raise UsageError("name either a visitor with --ip or sessions with --session")
    if address is not None:
        wanted = _of_visitor(call, address, ua)
    else:
        wanted = [api.session_by_prefix(home, each, site=call.site) for each in session or []]
        console.note(f"{len(wanted)} sessions are to go")
    if not wanted:
        console.result("nothing found, nothing erased")
        return
    if dry_run:
        return
    console.confirm(f"Erase {_count(len(wanted), 'session')} for good?", yes=yes)
    done = erase(home, wanted)
    console.result(
        f"erased {_count(done.sessions, 'session')}: {done.rows} events in {_count(done.segments, 'segment')},"
        f" {_count(done.batches, 'batch', 'batches')}, texts of {_count(done.layouts, 'layout')}"
    )
    console.result("verified: no file and no table holds them any more")
    console.note(
        "not covered: logs of your web server and files made before; a restored backup loses them again"
    )


def _of_visitor(call: Call, address: str, ua: str | None) -> list[tuple[str, str]]:
    from usertrack_cli.lifecycle.matching import find_visitor

    match = find_visitor(call.home, ip=address, user_agent=ua, site=call.site)
    _explain(call, match, knows_agent=ua is not None)
    _list(call, match.sessions)
    return [(found.site, found.session) for found in match.sessions]


def _explain(call: Call, match: Match, *, knows_agent: bool) -> None:
    sites = sorted({site for site, _ in match.epochs})
    agents = "the agent given" if knows_agent else f"each of {_count(match.agents, 'agent')} seen"
    console.note(
        f"searched {call.home.root}, sites {', '.join(sites) or 'none'},"
        f" {_count(len(match.epochs), 'key')} with {agents}"
    )
    if match.destroyed:
        keys = _count(len(match.destroyed), "key")
        console.note(f"{keys} destroyed: what they named cannot be linked to anybody")
    overlapping = [
        later
        for earlier, later in zip(match.sessions, match.sessions[1:], strict=False)
        if earlier.site == later.site and later.started_at < earlier.ended_at
    ]
    screens = {(found.screen_w, found.screen_h) for found in match.sessions if found.screen_w}
    if overlapping or len(screens) > 1:
        console.note(
            f"careful: {_count(len(overlapping), 'session')} overlap, {_count(len(screens), 'screen')} match:"
            " several people may share this address"
        )


def _list(call: Call, sessions: tuple[VisitorSession, ...]) -> None:
    if not sessions:
        return
    zone = call.zone
    headings = (
        Heading("site", "SITE"),
        Heading("session", "SESSION", shows=lambda value: str(value)[:8]),
        Heading("started_at", "STARTED", shows=lambda value: console.instant_text(value, zone)),
        Heading("pageviews", "PAGES", "right"),
        Heading("events", "EVENTS", "right"),
        Heading("country", "CC"),
        Heading("browser", "BROWSER", is_flexible=True),
        Heading("os", "OS", is_flexible=True),
        Heading("screen", "SCREEN"),
    )
    rows = [
        asdict(found) | {"screen": f"{found.screen_w or '?'}×{found.screen_h or '?'}"} for found in sessions
    ]
    console.listing(headings, rows, console.chosen_format(as_json=False, as_nl=False, as_csv=False))


def _address(ip: str | None, ip_file: str | None) -> str | None:
    if ip is not None and ip_file is not None:
        raise UsageError("--ip and --ip-file exclude each other")
    if ip_file is None:
        return ip.strip() if ip is not None else None
    if ip_file == "-":
        return sys.stdin.readline().strip()
    try:
        with open(ip_file, encoding="utf-8") as file:  # noqa: PTH123 - a name typed by the operator
            return file.readline().strip()
    except OSError as error:
        raise UsageError(f"the file with the address cannot be read: {error.strerror}") from error


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
