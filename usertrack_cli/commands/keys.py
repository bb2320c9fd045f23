"""``usertrack keys``: which visitor keys there are, and their backup."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usertrack_cli import clock, console
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.keys import KeyState

commands = typer.Typer(rich_markup_mode=None, add_completion=False)


@commands.callback(invoke_without_command=True)
@shared(outputs=True)
def _list(context: typer.Context, *, call: Call) -> None:
    """List the visitor keys, and back them up apart.

    A key turns an address and an agent into the visitor of one site and epoch. It is destroyed when its
    epoch is over and nothing stored belongs to it: what it named can then be linked to nobody.

    Example:  usertrack keys backup /mnt/safe/usertrack-keys
    """
    if context.invoked_subcommand is not None:
        return
    from usertrack_cli.lifecycle.keys import key_states

    instant = partial(console.instant_text, zone=call.zone)
    headings = (
        Heading("site", "SITE", is_flexible=True),
        Heading("epoch", "EPOCH", "right", shows=lambda epoch: str(epoch) if epoch else "never ends"),
        Heading("state", "STATE"),
        Heading("rows", "ROWS", "right"),
        Heading("created_at", "MADE", shows=instant),
        Heading("destroyed_at", "DESTROYED", shows=instant),
        Heading("ipv6_prefix", "IPV6", "right", shows=lambda bits: f"/{bits}", is_optional=True),
    )
    rows = [_row(each) for each in key_states(call.home, call.site)]
    console.listing(headings, rows, console.chosen_format(**call.wants))
    _say_when_backed_up(call, rows)


def _row(each: KeyState) -> dict[str, Any]:
    state = ("live" if each.is_used else "idle") if each.is_live else "destroyed"
    return {
        "site": each.site,
        "epoch": each.epoch,
        "state": state,
        "rows": each.rows,
        "created_at": each.created_at,
        "destroyed_at": each.destroyed_at,
        "ipv6_prefix": each.ipv6_prefix,
    }


def _say_when_backed_up(call: Call, rows: list[dict[str, Any]]) -> None:
    from usertrack_cli.lifecycle.keys import backed_up_at

    done_at = backed_up_at(call.home)
    if done_at is None:
        console.note(
            "never backed up: without the keys no visitor can be found; see: usertrack keys backup --help"
        )
        return
    since = sum(1 for row in rows if (row["destroyed_at"] or 0) > done_at)
    new = sum(1 for row in rows if row["created_at"] > done_at)
    console.note(f"backed up {console.instant_text(done_at, call.zone)}")
    if since or new:
        console.note(
            f"since then {count(new, 'key')} made and {since} destroyed; the backup knows with its next run"
        )


@commands.command("backup")
@shared(site=False)
def _backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where they are put; an earlier backup is replaced.")
    ],
    *,
    call: Call,
) -> None:
    """Write the keys that still exist to a file apart from the store.

    The signing key goes with them, and keys that were destroyed since its last run leave the file. It belongs
    on another machine than the backups of the store: who has both can link visitors. Best daily, from cron.

    Example:  usertrack keys backup /mnt/safe/usertrack-keys
    """
    from usertrack_cli.lifecycle.keys import note_backed_up
    from usertrack_cli.store.keysafe import back_up_keys

    home = call.home
    kept, left = back_up_keys(home, file.absolute())
    note_backed_up(home, now_ms=clock.now_ms())
    console.result(str(file))
    console.note(f"{count(kept, 'key')}; {left} that the file held before are destroyed and left it")
    console.note("bring them back with: usertrack restore SRC --keys FILE")
