"""``usertrack backup``: a consistent copy of the store while it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count


@shared(site=False)
def command(
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="Folder that backups are put in.")],
    *,
    call: Call,
    keep: Annotated[
        int | None,
        typer.Option("--keep", min=1, metavar="N", help="Backups that stay, the newest; default all."),
    ] = None,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Copy the visitor keys and the signing key too.")
    ] = False,
) -> None:
    """Back the store up into a new folder.

    The folder is made below DEST, and segments that DEST holds already are linked, not copied.

    Without the keys a lost backup cannot be linked to anybody, but visitors of a store restored
    from it can be found by session id only.

    Example:  usertrack backup /srv/backups --keep 14
    """
    from usertrack_cli.store.backup import back_up

    home = call.home
    target, made = back_up(home, destination.absolute(), now_ms=clock.now_ms(), with_keys=with_keys, keep=keep)
    console.result(str(target))
    console.note(
        f"{count(made.segments, 'segment')}, {count(made.rows, 'row')}, {console.bytes_text(made.bytes)}:"
        f" {made.linked} linked, {made.copied} copied; keys {'included' if with_keys else 'not included'}"
    )
    if made.damaged:
        damaged = count(made.damaged, "segment")
        console.note(f"missing or unreadable and not in it: {damaged}; see: usertrack doctor")
    console.note("visitors erased from now on stay in this backup until it is removed; restore leaves them out")
