"""``usertrack doctor``: is everything that was acknowledged still there, and is anything overdue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.commands.pii import look_for_personal_data
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import CheckFailedError, StoreError, UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import is_public_url, resolve

_HEADINGS = (
    Heading("check", "CHECK"),
    Heading("status", "STATUS"),
    Heading("detail", "DETAIL", is_flexible=True),
)

_TRAFFIC = (
    Heading("site", "SITE"),
    Heading("check", "CHECK"),
    Heading("page", "PAGE", is_flexible=True),
    Heading("status", "STATUS"),
    Heading("now", "24 HOURS", "right", shows=lambda value: f"{value:,.10g}"),
    Heading("low", "FROM", "right", shows=lambda value: f"{value:,.10g}"),
    Heading("high", "TO", "right", shows=lambda value: f"{value:,.10g}"),
)


@shared(site=False, outputs=True)
def command(
    *,
    call: Call,
    deep: Annotated[
        bool, typer.Option("--deep", help="Decode every page of every segment and database too.")
    ] = False,
    pii: Annotated[
        bool, typer.Option("--pii", help="Look for personal data that slipped into stored texts instead.")
    ] = False,
    traffic: Annotated[
        bool,
        typer.Option("--traffic", help="Hold the last 24 hours of traffic against the weeks before instead."),
    ] = False,
) -> None:
    """Check the store, and say what needs attention.

    Looks at files, digests, rows, rights, keys, space, clock, retention, erasures and backups. Exits with 0
    where all is well, 4 where something needs attention, 6 where something is damaged.
    Damaged segments are moved to quarantine; nothing is deleted. With --pii it looks through pages, titles,
    labels, tags and events for e-mail addresses, card numbers, tokens and telephone numbers, prints them
    masked and names the rule that keeps each out.

    --traffic ends with 4 where events for each pageview, or the pageviews of the site or a page, fall out of
    their own baseline: a broken snippet records nothing, and that cannot be had later.

    Example:  usertrack doctor --deep

    Example, for cron, which mails only what is wrong:  7 * * * *  usertrack doctor --traffic > /dev/null
    """
    from usertrack_cli.store.doctor import Status, examine

    if traffic and (pii or deep):
        raise UsageError("--traffic is a check of its own", hint="leave the other flag out")
    chosen = console.chosen_format(**call.wants)
    if traffic:
        _traffic(call, chosen)
        return
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


def _traffic(call: Call, chosen: Format) -> None:
    from usertrack_cli.api.traffic import examine_traffic

    sites = [(site, resolve(call.table, site=site).settings.page) for site in call.sites]
    found = examine_traffic(call.home, sites, now_ms=clock.now_ms())
    console.listing(_TRAFFIC, [asdict(each) for each in found], chosen)
    # Cron mails what stands here, and a small site never has a baseline.
    if console.is_terminal() and not any(each.low is not None for each in found):
        console.note("there is no baseline yet: it needs 7 days with 50 pageviews each")
    wrong = [f"{each.check} of {each.page or each.site}" for each in found if each.status == "warning"]
    if wrong:
        raise CheckFailedError(
            f"out of the usual range: {', '.join(wrong)}",
            hint="is the tag still on every page? usertrack snippet",
        )
