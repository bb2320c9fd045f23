"""``usertrack doctor``: is everything that was acknowledged still there, and is anything overdue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.commands.pii import look_for_personal_data
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import CheckFailedError, StoreError
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import is_public_url

_HEADINGS = (
    Heading("check", "CHECK"),
    Heading("status", "STATUS"),
    Heading("detail", "DETAIL", is_flexible=True),
)


@shared(site=False)
def command(
    *,
    call: Call,
    deep: Annotated[
        bool, typer.Option("--deep", help="Decode every page of every segment and database too.")
    ] = False,
    pii: Annotated[
        bool, typer.Option("--pii", help="Look for personal data that slipped into stored texts instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check the store: files, digests, rows, rights, keys, space, clock, retention, erasures.

    Exits with 0 where all is well, 4 where something needs attention, 6 where something is damaged.
    Damaged segments are moved to quarantine; nothing is deleted. With --pii it looks through pages, titles,
    labels, tags and events for e-mail addresses, card numbers, tokens and telephone numbers, prints them
    masked and names the rule that keeps each out.

    From cron, which mails only what is wrong:  usertrack doctor > /dev/null
    """
    from usertrack_cli.store.doctor import Status, examine

    chosen = Format.JSON if as_json else console.chosen_format(as_json=False, as_nl=False, as_csv=False)
    if pii:
        look_for_personal_data(call, chosen)
        return
    is_public = is_public_url(call.settings.public_url)
    findings = examine(call.home, sites=call.sites, now_ms=clock.now_ms(), is_deep=deep, is_public=is_public)
    console.listing(_HEADINGS, [asdict(each) for each in findings], chosen)
    damaged = [each.check for each in findings if each.status is Status.DAMAGE]
    warned = [each.check for each in findings if each.status is Status.WARNING]
    if damaged:
        raise StoreError(
            f"damage found: {', '.join(damaged)}", hint="compare with a backup; restore with: usertrack restore"
        )
    if warned:
        raise CheckFailedError(f"needs attention: {', '.join(warned)}")
