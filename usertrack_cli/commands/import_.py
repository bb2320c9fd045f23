"""``usertrack import``: bring recordings of other tools in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import api, clock, console
from usertrack_cli.options import Call, one_of, shared

FORMATS = ("rrweb",)


@shared()
def command(
    *,
    call: Call,
    kind: Annotated[str, typer.Argument(metavar="FORMAT", help="rrweb.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON of what rrweb's record() emitted.")],
) -> None:
    """Import a recording as a session of its own, with source rrweb.

    Pointer, clicks, scrolling, sizes, custom events and the length of what was typed come in; the document
    itself and typed text do not. The same file twice is one session.

    Example:  usertrack import rrweb session.json
    """
    one_of(kind, "FORMAT", FORMATS)
    settings = call.settings
    done = api.import_rrweb(call.home, file, site=settings.site, settings=settings)
    if not done.is_new:
        console.note("it had been imported before; nothing was changed")
    elif done.skipped:
        console.note(f"{done.skipped} of its events have no counterpart here and were left out")
    if done.started_at < clock.now_ms() - settings.max_age:
        console.note("it is older than max_age; the next prune removes it")
    console.result(done.session)
