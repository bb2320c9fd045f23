"""``usertrack delete``: erase one visitor, found by address and, where known, user agent."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, clock, console
from usertrack_cli.commands import person
from usertrack_cli.commands.preview import searched, show_damaged, show_match, show_outputs, show_rest
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, day_of, shared
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.erasure import Erased
    from usertrack_cli.lifecycle.matching import Match
    from usertrack_cli.lifecycle.request import Request
    from usertrack_cli.queries.visitors import Narrowing

_WHOLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{21}")
_FILTER_NAMES = {"from_ms": "from", "to_ms": "to", "width_class": "width-class"}


@shared(filters=True)
def command(
    *,
    call: Call,
    ip: person.IP = None,
    ip_file: person.IP_FILE = None,
    ua: person.UA = None,
    os: Annotated[str | None, typer.Option("--os", help="Operating system, such as Windows or iOS.")] = None,
    session: person.SESSION = None,
    page: Annotated[
        str | None, typer.Option("--page", metavar="PATH", help="Sessions that saw it; * matches several.")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DATE", help="Sessions that had ended before that day.")
    ] = None,
    request: person.REQUEST = "",
    with_outputs: Annotated[
        bool, typer.Option("--with-outputs", help="Remove files that were made of these sessions too.")
    ] = False,
    and_object: Annotated[
        bool, typer.Option("--and-object", help="Record nothing of the visitor any more either.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a visitor for good, and leave a signed receipt.

    By address every site is searched, unless --site is typed, under every key that still exists; filters
    narrow it. Without an address or --session the filters alone say which sessions go. Sessions go whole.
    New sessions of the visitor are collected again, unless --and-object is typed.

    With --ip-file the address stays out of the shell's history.

    Example:  usertrack delete --ip-file - --request 2026-17
    """
    from usertrack_cli.lifecycle.erasure import erase
    from usertrack_cli.lifecycle.request import request_number

    home, number = call.home, request_number(request)
    address = person.address_of(ip, ip_file)
    narrowing, by = _narrowing(call, page=page, os=os, before=before)
    if session and (address is not None or by):
        raise UsageError("--session excludes --ip and filters", hint="leave one of them")
    if address is None and not session and not by:
        raise UsageError(
            "nothing says whose data is to go",
            hint="name a visitor with --ip, sessions with --session, or a filter such as --before 2026-01-01",
        )
    if (ua is not None or and_object) and address is None:
        raise UsageError("--ua and --and-object need the address too", hint="add --ip, or --ip-file -")
    if address is not None:
        by = ["address", *(["agent"] if ua is not None else []), *by]
        match = searched(call, address, ua, narrowing if len(by) > 1 + (ua is not None) else None)
    elif session:
        by, match = ["session"], _of_sessions(call, session)
    else:
        match = _of_filter(call, narrowing)
    show_match(call, match, knows_agent=ua is not None or address is None)
    wanted = _request(call, match, by=by, number=number, with_outputs=with_outputs)
    _show_what_stays(call, match, removes_outputs=with_outputs)
    if dry_run:
        if not match.sessions:
            console.result("nothing found, nothing would be erased")
        return
    if match.sessions:
        console.confirm(f"Erase {count(len(match.sessions), 'session')} for good?", yes=yes)
    if and_object and address is not None:
        _object(call, address, ua, number)
    done = erase(home, match.places, wanted)
    _destroy_keys(call)
    _say_done(done)


def _of_sessions(call: Call, names: list[str]) -> Match:
    from usertrack_cli.lifecycle.matching import find_sessions

    ids = [
        name
        if _WHOLE_ID.fullmatch(name)
        else api.session_by_prefix(call.home, name, site=call.site, shows_hidden=True)[1]
        for name in names
    ]
    return find_sessions(call.home, ids, site=call.site)


def _of_filter(call: Call, narrowing: Narrowing) -> Match:
    from usertrack_cli.lifecycle.matching import find_meant

    if not narrowing.chosen.includes_bots:
        console.note("automated browsers stay; --include-bots takes them too")
    return find_meant(call.home, narrowing)


def _object(call: Call, address: str, ua: str | None, number: str) -> None:
    """Record the objection first, so that nothing comes in between."""
    from usertrack_cli.commands.object import escape_text
    from usertrack_cli.lifecycle.objection import record_objection

    record_objection(call.home, ip=address, user_agent=ua, sites=call.sites, request=number)
    console.result(f"objection holds on {', '.join(call.sites)}")
    for line in escape_text(call, has_agent=ua is not None).splitlines():
        console.note(line)


def _narrowing(
    call: Call, *, page: str | None, os: str | None, before: str | None
) -> tuple[Narrowing, list[str]]:
    """Return what the filters leave, and the names of those that were typed."""
    from usertrack_cli.queries.visitors import Narrowing

    chosen = call.typed_filter(page=page)
    open_ones = {"site", "includes_bots"}
    typed = [each.name for each in fields(chosen) if each.name not in open_ones and getattr(chosen, each.name)]
    named = [_FILTER_NAMES.get(name, name) for name in typed]
    named += [name for name, value in (("os", os), ("before", before)) if value]
    before_ms = call.midnight(day_of(before)) if before else None
    return Narrowing(chosen=chosen, os=os, before_ms=before_ms), named


def _request(call: Call, match: Match, *, by: list[str], number: str, with_outputs: bool) -> Request:
    from usertrack_cli.lifecycle.request import Request
    from usertrack_cli.store.backup import last_backup

    backup, started_at = last_backup(call.home), _first_at(match)
    holds = backup is not None and started_at is not None and backup[1] >= started_at
    return Request(
        by=tuple(by),
        sites=(call.site,) if call.site else tuple(sorted({*call.sites, *(each.site for each in match.tried)})),
        epochs=match.tried,
        unlinkable=match.unlinkable,
        agents=match.agents if "address" in by and "agent" not in by else 0,
        unsearchable=match.unsearchable,
        number=number,
        backup_made_at=backup[1] if backup is not None and holds else None,
        removes_outputs=with_outputs,
    )


def _first_at(match: Match) -> int | None:
    return min((each.started_at for each in match.sessions if each.started_at), default=None)


def _show_what_stays(call: Call, match: Match, *, removes_outputs: bool) -> None:
    from contextlib import closing

    from usertrack_cli.lifecycle.survey import going_whole
    from usertrack_cli.store import catalog
    from usertrack_cli.store.backup import last_backup
    from usertrack_cli.store.outputs import outputs_of

    with closing(catalog.connect(call.home)) as con:
        show_outputs(outputs_of(con, match.places), removes=removes_outputs)
    show_damaged(*going_whole(call.home, match.places))
    show_rest(call, last_backup(call.home), started_at=_first_at(match))


def _destroy_keys(call: Call) -> None:
    from usertrack_cli.lifecycle.keys import destroy_idle_keys

    for site, epoch in destroy_idle_keys(call.home, now_ms=clock.now_ms()):
        console.note(f"the key of {site}, epoch {epoch}, named nothing any more and was destroyed")


def _say_done(done: Erased) -> None:
    receipt = done.receipt
    if not done.sessions:
        console.result("nothing found, nothing erased")
    else:
        parts = [f"{count(done.rows, 'event')} in {count(done.segments, 'segment')}"]
        batches = done.tables.get("batches", 0)
        parts.append(count(batches, "batch", "batches"))
        parts.append(f"texts of {count(done.layouts, 'layout')}")
        parts += [count(done.outputs, "written file")] if done.outputs else []
        console.result(f"erased {count(done.sessions, 'session')}: {', '.join(parts)}")
        console.result("verified: no file and no table holds them any more")
    console.result(f"receipt {receipt.number}: {receipt.file}")
    console.result(f"chain head: {receipt.head}")
    console.note(
        f"keep the head elsewhere; the answer to the person: usertrack receipt letter {receipt.number}"
    )
