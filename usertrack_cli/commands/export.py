"""``usertrack export``: a session in the format of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.options import Call, one_of, shared

FORMATS = ("rrweb",)


@shared()
def command(
    *,
    call: Call,
    session: Annotated[
        str, typer.Option("--session", metavar="SESSION", help="A session id, its beginning, or @3.")
    ],
    format_: Annotated[str, typer.Option("--format", help="rrweb: what rrweb-player plays.")] = "rrweb",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File; standard output if unsaid.")
    ] = None,
) -> None:
    """Write a session as rrweb events.

    Pointer, clicks, scrolling, and a page made from the layout. A file is noted in the
    store, so that erasing the session names it.

    Example:  usertrack export --format rrweb --session 4fKp -o session.json
    """
    from usertrack_cli.render.rrweb import rrweb

    one_of(format_, "--format", FORMATS)
    site, whole = api.session_by_prefix(call.home, session, site=call.site)
    lines = rrweb(api.recording(call.home, site=site, session=whole))
    if output is None:
        console.lines(lines)
        return
    from usertrack_cli.store.outputs import write_private

    write_private(output, "".join(f"{line}\n" for line in lines).encode("ascii"))
    api.SessionLabels(call.home, site=site, session=whole).note_output(output)
    console.result(str(output))
