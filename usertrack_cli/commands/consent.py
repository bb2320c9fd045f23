"""``usertrack consent``: the records of what visitors agreed to."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.commands import person
from usertrack_cli.console import Heading
from usertrack_cli.errors import NothingMatchedError, UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.registry import group

TOKEN_PREFIX_MIN = 4

commands = group("consent", example="usertrack consent list --in-force")


@commands.command("list")
@shared(outputs=True)
def listing(
    *,
    call: Call,
    version: Annotated[
        str | None, typer.Option("--text-version", metavar="V", help="Of the text that was shown.")
    ] = None,
    withdrawn: Annotated[
        bool | None, typer.Option("--withdrawn/--in-force", help="Only those taken back, or only the others.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Records to list.")] = 50,
) -> None:
    """List consent records, the newest first.

    A record holds a random token that stands in the visitor's browser, and no address. Every site is
    listed unless --site is typed.

    Example:  usertrack consent list --in-force --csv
    """
    from usertrack_cli.store import catalog
    from usertrack_cli.store.consents import consents

    with closing(catalog.connect(call.home)) as con:
        found = consents(con, site=call.site, version=version, is_withdrawn=withdrawn, limit=limit)
    if not found:
        raise NothingMatchedError(
            "no consent is on record",
            hint="they are kept where consent is banner or api; see: usertrack config",
        )

    instant = partial(console.instant_text, zone=call.zone)
    headings = (
        Heading("site", "SITE"),
        Heading("token", "TOKEN"),
        Heading("version", "TEXT", is_flexible=True),
        Heading("scope", "SCOPE", is_flexible=True),
        Heading("granted_at", "GRANTED", shows=instant),
        Heading("withdrawn_at", "WITHDRAWN", shows=instant),
        Heading("last_used_at", "LAST SESSION", shows=instant, is_optional=True),
    )
    console.listing(headings, [asdict(each) for each in found], console.chosen_format(**call.wants))


@commands.command("stats")
@shared(outputs=True)
def stats(*, call: Call) -> None:
    """Count consents by site and version of the text.

    How the banner was answered is said too: its own figures are there where before_consent is count.

    Example:  usertrack consent stats --json
    """
    from usertrack_cli.store import catalog
    from usertrack_cli.store.consents import consent_counts
    from usertrack_cli.store.counts import counted_totals

    with closing(catalog.connect(call.home)) as con:
        found = consent_counts(con, site=call.site)
        banner = {
            each.site: counted_totals(con, site=each.site, from_ms=0, until_ms=clock.now_ms()) for each in found
        }
    if not found:
        raise NothingMatchedError("no consent is on record")
    for site, totals in banner.items():
        if shown := totals.get("banner_shown", 0):
            accepted, declined = totals.get("banner_accepted", 0), totals.get("banner_declined", 0)
            console.note(
                f"site {site}: banner shown {shown} times, accepted {accepted} ({accepted / shown:.0%}),"
                f" declined {declined} ({declined / shown:.0%})"
            )

    instant = partial(console.instant_text, zone=call.zone)
    headings = (
        Heading("site", "SITE"),
        Heading("version", "TEXT", is_flexible=True),
        Heading("granted", "GRANTED", "right"),
        Heading("withdrawn", "WITHDRAWN", "right"),
        Heading("in_force", "IN FORCE", "right"),
        Heading("first_at", "FIRST", shows=instant),
        Heading("last_at", "LAST", shows=instant),
    )
    console.listing(headings, [asdict(each) for each in found], console.chosen_format(**call.wants))


@commands.command("revoke")
@shared()
def revoke(
    *,
    call: Call,
    token: Annotated[str, typer.Argument(help="The token, or its first characters.")],
    request: person.REQUEST = "",
) -> None:
    """Take back a consent in its visitor's stead.

    The server tells browsers that still have the token to stop, and records nothing under it.
    What was recorded before holds no token; it is found by address: usertrack delete.

    Example:  usertrack consent revoke q3Vn0tJc
    """
    from usertrack_cli.lifecycle.request import request_number
    from usertrack_cli.lifecycle.revocation import revoke_consent

    number = request_number(request)
    site, whole = _one(call, token)
    revoke_consent(call.home, site=site, token=whole, request=number)
    console.result(f"revoked {whole} of site {site}")


def _one(call: Call, prefix: str) -> tuple[str, str]:
    from usertrack_cli.store import catalog
    from usertrack_cli.store.consents import tokens_like

    if len(prefix) < TOKEN_PREFIX_MIN:
        raise UsageError(f"a token needs at least {TOKEN_PREFIX_MIN} characters")
    with closing(catalog.connect(call.home)) as con:
        found = tokens_like(con, prefix, site=call.site)
    exact = [each for each in found if each[1] == prefix]
    if not found:
        raise NothingMatchedError(f"no consent starts with {prefix}", hint="see: usertrack consent list")
    if len(found) > 1 and len(exact) != 1:
        raise UsageError(f"several consents start with {prefix}", hint="type more of it, or name the --site")
    return (exact or found)[0]
