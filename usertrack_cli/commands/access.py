"""``usertrack access``: a copy of everything about one visitor, for that visitor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.commands import person
from usertrack_cli.commands.preview import searched, show_match
from usertrack_cli.errors import CheckFailedError, NothingMatchedError
from usertrack_cli.options import LANG, Call, language_of, shared
from usertrack_cli.plural import count
from usertrack_cli.settings import resolve

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.matching import Match


@shared()
def command(
    *,
    call: Call,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR|ZIP", help="New folder, or a file that ends with .zip."),
    ],
    ip: person.IP = None,
    ip_file: person.IP_FILE = None,
    ua: person.UA = None,
    session: person.SESSION = None,
    identity_checked: Annotated[
        str,
        typer.Option("--identity-checked", metavar="HOW", help="How you know that all of it is this person's."),
    ] = "",
    lang: LANG = "en",
    request: person.REQUEST = "",
) -> None:
    """Write a copy of everything about one visitor.

    What is stored and what is derived from it, as JSON, CSV and a page to read, with purposes, retention and
    source from the settings. Every site is searched unless --site is typed. Where what matches may be several
    people's it is refused, unless sessions are named or --identity-checked says how you know; that stands in
    the ledger, as does that a copy was given.

    Example:  usertrack access --ip 203.0.113.7 --ua "Mozilla/5.0 …" -o copy.zip --request 2026-17
    """
    from usertrack_cli.controller import controller_of
    from usertrack_cli.lifecycle.access import copy_of, log_access
    from usertrack_cli.lifecycle.request import request_number

    number, language = request_number(request), language_of(lang)
    address = person.address_of(ip, ip_file)
    person.require_one(address, session)
    if address is not None:
        match = _found(call, address, ua, identity=identity_checked)
        places, agents = match.places, [agent for agent, _ in match.per_agent]
    else:
        places, agents = person.named(call, session or []), []
    copy = copy_of(call.home, places, agents=agents)
    if not copy.sessions:
        log_access(call.home, [], request=number, identity=identity_checked)
        raise NothingMatchedError(
            "nothing is stored about this visitor", hint="the ledger says that you looked"
        )
    site = call.site or copy.sessions[0]["site"]
    settings = resolve(call.table, site=site).settings
    controller = controller_of(call.table, site)
    written = api.write_copy(api.copy_files(copy, settings, controller, language), output)
    api.note_outputs(call.home, written, places)
    log_access(call.home, places, request=number, identity=identity_checked)
    for path in written:
        console.result(str(path))
    console.note(f"{count(len(copy.sessions), 'session')}, {count(len(copy.events), 'event')}")
    controller.require(consequence="the copy says [controller.…] there; fill them in for the next one")


def _found(call: Call, address: str, ua: str | None, *, identity: str) -> Match:
    from usertrack_cli.lifecycle.access import why_ambiguous

    match = searched(call, address, ua)
    reason = why_ambiguous(match, knows_agent=ua is not None)
    if reason is not None and not identity.strip():
        show_match(call, match, knows_agent=ua is not None)
        raise CheckFailedError(
            f"nothing was written: it may be several people's ({reason})",
            hint="name sessions with --session, or say how you know with --identity-checked",
        )
    return match
