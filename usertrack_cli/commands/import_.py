"""``usertrack import``: bring access logs and recordings of other tools in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import api, clock, console
from usertrack_cli.commands.progress import progress
from usertrack_cli.options import Call, one_of, shared

FORMATS = ("access-log", "rrweb")


@shared()
def command(
    *,
    call: Call,
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="access-log or rrweb.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The log, packed by gzip or not; or what rrweb's record() emitted."
        ),
    ],
) -> None:
    """Import an access log, or a recording of rrweb.

    access-log: the combined format of nginx and Apache. Pageviews come in with source log, which figures
    leave out unless --source log asks for them; they have max_sessions of their own and push no recording
    out. Run it as often as you like: a file that has grown, was renamed or was packed goes on where it was
    read to. Bots are marked, visitors are hashed as ever, and exclude_pages, ignore_addresses and objections
    hold.

    rrweb: pointer, clicks, scrolling, sizes, custom events and the length of what was typed come in; the
    document itself and typed text do not. The same file twice is one session.

    Example:  usertrack import access-log /var/log/nginx/access.log && usertrack stats --source log

    Example:  usertrack import rrweb session.json
    """
    if one_of(kind, "FORMAT", FORMATS) == "rrweb":
        _rrweb(call, file)
    else:
        _access_log(call, file)


def _access_log(call: Call, file: Path) -> None:
    with progress() as on_step:
        done = api.import_access_log(
            call.home, file, settings=call.settings, note=console.note, on_step=on_step
        )
    if done.skipped_bytes:
        console.note(f"the first {console.bytes_text(done.skipped_bytes)} had been imported before")
    for why, count in done.skipped.items():
        console.note(f"left out: {count:,} {why}")
    bots = f", {done.bots:,} of them of bots" if done.bots else ""
    console.result(
        f"{done.lines:,} lines: {done.pageviews:,} new pageviews{bots}, {done.sessions:,} new sessions"
    )


def _rrweb(call: Call, file: Path) -> None:
    settings = call.settings
    done = api.import_rrweb(call.home, file, settings=settings)
    if not done.is_new:
        console.note("it had been imported before; nothing was changed")
    elif done.skipped:
        console.note(f"{done.skipped} of its events have no counterpart here and were left out")
    if done.started_at < clock.now_ms() - settings.max_age:
        console.note("it is older than max_age; the next prune removes it")
    console.result(done.session)
