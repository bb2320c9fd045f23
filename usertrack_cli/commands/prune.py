"""``usertrack prune``: apply the retention rules, by hand or from cron."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import clock, console
from usertrack_cli.options import Call, shared
from usertrack_cli.settings import Settings, resolve


@shared(settings=("max_sessions", "max_age", "moves"))
def command(
    *,
    call: Call,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Go ahead with stricter rules, or after the clock jumped.")
    ] = False,
) -> None:
    """Remove what the retention settings no longer keep.

    Sessions of the last seven days go by age only, or for a --max-sessions typed here.

    From cron, hourly:  17 * * * *  usertrack prune --data /var/lib/usertrack
    """
    from usertrack_cli.lifecycle.keys import destroy_idle_keys
    from usertrack_cli.lifecycle.retention import due, prune

    home, now_ms = call.home, clock.now_ms()
    typed = {name: call.values[name] for name in ("max_sessions", "max_age", "moves")}
    for site in call.sites:
        own = resolve(call.table, site=site).settings
        wanted = resolve(call.table, site=site, flags=typed).settings
        # A cap typed here is meant, whatever it removes; one from the settings spares the last week.
        means_it = wanted.max_sessions < own.max_sessions
        if dry_run or _is_stricter(wanted, own):
            what = due(home, wanted, now_ms=now_ms, spares_young=not means_it)
            console.result(
                f"{site}: {len(what.too_old)} sessions too old, {len(what.over_cap)} over the cap,"
                f" {what.rows} events; pointer movements of {len(what.aged_segments)} segments;"
                f" {what.kept} sessions stay"
            )
            if dry_run:
                continue
            if not what.is_nothing:
                console.confirm("Remove them for good?", yes=yes)
        gone = prune(home, wanted, now_ms=now_ms, spares_young=not means_it, trusts_clock=yes)
        console.result(
            f"{site}: removed {gone.sessions} sessions, {gone.rows} events, {console.bytes_text(gone.bytes)}"
        )
    if not dry_run:
        for site, epoch in destroy_idle_keys(home, now_ms=now_ms):
            console.result(f"{site}: destroyed the key of epoch {epoch}, which nothing belongs to any more")


def _is_stricter(wanted: Settings, own: Settings) -> bool:
    return wanted.max_sessions < own.max_sessions or wanted.max_age < own.max_age or wanted.moves < own.moves
