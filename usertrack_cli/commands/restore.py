"""``usertrack restore``: a backup becomes a store again, without who was erased since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import console
from usertrack_cli.errors import StoreError, UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count


@shared(site=False)
def command(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A backup, or a folder of them: then the newest.")
    ],
    *,
    call: Call,
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FOLDER", help="Ledger of the lost store; default: DATA/ledger."),
    ] = None,
    no_ledger: Annotated[
        bool, typer.Option("--no-ledger", help="Restore although erasures since the backup are not known.")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="keys.sqlite, for a backup that was made without."),
    ] = None,
) -> None:
    """Restore a backup into a data directory without a store.

    Everybody whom the ledger says was erased since is erased from the restored store too, before
    it is put in place. Where no ledger is found nothing is restored, unless --no-ledger is typed.

    Example:  usertrack restore /mnt/backup/latest --data /var/lib/usertrack
    """
    from usertrack_cli.lifecycle.restoration import restore

    if ledger is not None and no_ledger:
        raise UsageError("--ledger and --no-ledger exclude each other")
    known = ledger if ledger is not None else call.data / "ledger"
    if not no_ledger and not known.is_dir():
        raise StoreError(
            f"no ledger in {known}: who was erased since the backup is not known",
            hint="name the ledger of the lost store with --ledger, or type --no-ledger",
        )
    done = restore(source.absolute(), call.data, ledger=None if no_ledger else known.absolute(), keys=keys)
    held = f"{count(done.segments, 'segment')}, {count(done.rows, 'row')}"
    console.result(f"restored {call.data} from {done.backup.name}: {held}")
    console.result(f"erased again: {count(done.erased_again, 'session')}")
    if done.promised.restricted:
        console.result(f"restricted again: {count(done.promised.restricted, 'session')}")
    if done.promised.lost:
        console.note(
            f"void: {count(done.promised.lost, 'objection')}; without their key nobody can be matched with them"
        )
    if not done.has_keys:
        console.note("without keys: visitors from before now can be found by session id only")
    console.note("see that all is well with: usertrack doctor --deep")
