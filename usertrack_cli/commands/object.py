"""``usertrack object``: record nothing of a visitor any more."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.commands import person
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import Settings, resolve

OPT_OUT = "?ust-opt-out"
"""Switches recording off in the browser itself; the tracker shows a short confirmation."""


@shared()
def command(
    *,
    call: Call,
    ip: person.IP = None,
    ip_file: person.IP_FILE = None,
    ua: Annotated[
        str | None,
        typer.Option("--ua", metavar="AGENT", help="Only this browser; without it every one at the address."),
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Let the visitor be recorded again.")] = False,
    request: person.REQUEST = "",
) -> None:
    """Record nothing of a visitor any more.

    The server answers as usual and stores nothing, from the next batch on, on every site unless --site is
    typed. What is stored already stays: usertrack delete erases it, usertrack restrict hides it. Only a hash
    is kept, under a key that never rotates and serves nothing else.

    Example:  usertrack object --ip 203.0.113.7 --request 2026-14
    """
    from usertrack_cli.lifecycle.objection import record_objection
    from usertrack_cli.lifecycle.request import request_number

    number, address = request_number(request), person.address_of(ip, ip_file)
    if address is None:
        raise UsageError("name the visitor with --ip", hint="or read the address from a file with --ip-file")
    done = record_objection(
        call.home, ip=address, user_agent=ua, sites=call.sites, is_lifted=lift, request=number
    )
    what = "lifted" if lift else "objection holds"
    if done.sites:
        console.result(f"{what} on {', '.join(done.sites)}")
    if done.unchanged:
        already = "no objection there" if lift else "it held there already"
        console.result(f"unchanged on {', '.join(done.unchanged)}: {already}")
    if not lift:
        console.result(escape_text(call, has_agent=ua is not None))


def escape_text(call: Call, *, has_agent: bool) -> str:
    """Return what an objection by address cannot do, and the link that can."""
    if has_agent:
        escapes = "another browser, a new version of this one or a new address escapes it"
    else:
        escapes = "a new address escapes it; everybody behind this one is left out"
    links = [link for site in call.sites if (link := _link(resolve(call.table, site=site).settings))]
    sent = "  ".join(links) if links else f"any page of yours with {OPT_OUT} at the end of its address"
    return f"{escapes}\nto switch recording off in the browser itself, send this link: {sent}"


def _link(settings: Settings) -> str:
    base = settings.site_url or next(iter(settings.origins), "")
    return f"{base}/{OPT_OUT}" if base else ""
