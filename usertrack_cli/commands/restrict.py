"""``usertrack restrict``: keep a visitor's sessions and show them to nobody."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.commands import person
from usertrack_cli.commands.preview import searched
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count


@shared(outputs=True)
def command(
    *,
    call: Call,
    ip: person.IP = None,
    ip_file: person.IP_FILE = None,
    ua: person.UA = None,
    session: person.SESSION = None,
    lift: Annotated[bool, typer.Option("--lift", help="Show them again.")] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List what is restricted, and change nothing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what matches, and change nothing.")] = False,
    request: person.REQUEST = "",
) -> None:
    """Keep a visitor's sessions out of every answer and picture.

    They are in no export and are not pruned either; only delete and access still reach them. Every site is
    searched unless --site is typed. New sessions are recorded as usual: usertrack object stops that.

    Example:  usertrack restrict --ip 203.0.113.7 --request 2026-14
    """
    from usertrack_cli.lifecycle.request import request_number
    from usertrack_cli.lifecycle.restriction import restrict

    if listed:
        _list(call)
        return
    number, address = request_number(request), person.address_of(ip, ip_file)
    person.require_one(address, session)
    if address is not None:
        found = searched(call, address, ua).sessions
        if found:
            person.list_sessions(call, found)
        wanted = [(each.site, each.session) for each in found]
    else:
        wanted = person.named(call, session or [])
    if dry_run:
        return
    changed = restrict(call.home, wanted, is_lifted=lift, request=number) if wanted else 0
    said = "shown again" if lift else "restricted"
    console.result(f"{said}: {count(changed, 'session')}" if wanted else "nothing found, nothing changed")
    if len(wanted) > changed:
        console.note(f"{count(len(wanted) - changed, 'session')} were so already")


def _list(call: Call) -> None:
    from usertrack_cli.store import catalog
    from usertrack_cli.store.restrictions import restricted_sessions

    with closing(catalog.connect(call.home)) as con:
        rows = [
            {"site": site, "session": session, "since": since}
            for site, session, since in restricted_sessions(con, site=call.site)
        ]
    headings = (
        Heading("site", "SITE"),
        Heading("session", "SESSION"),
        Heading("since", "SINCE", shows=partial(console.instant_text, zone=call.zone)),
    )
    console.listing(headings, rows, console.chosen_format(**call.wants))
