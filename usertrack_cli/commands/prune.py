"""``usertrack prune``: apply the retention rules, by hand or from cron."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usertrack_cli import clock, console
from usertrack_cli.console import Heading
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count
from usertrack_cli.settings import Settings, resolve

if TYPE_CHECKING:
    from usertrack_cli.lifecycle.retention import Due


_HEADINGS = (
    Heading("site", "SITE"),
    Heading("rule", "RULE"),
    Heading("what", "WHAT GOES", is_flexible=True),
    Heading("count", "NUMBER", "right"),
    Heading("events", "EVENTS", "right"),
    Heading("bytes", "ABOUT", "right", shows=console.bytes_text),
)


@shared(settings=("max_sessions", "max_age", "moves"), outputs=True)
def command(
    *,
    call: Call,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Go ahead with stricter rules, or after the clock jumped.")
    ] = False,
) -> None:
    """Remove what the retention settings no longer keep.

    serve does this every hour by itself. Whole sessions go, the oldest first; those of the last seven days go
    by age only, or for a --max-sessions typed here; restricted ones stay. Layouts, agent strings and consents
    go when they were not seen within max_age, the anonymous hourly counts when they are older. Nothing goes
    where the clock jumped by more than a day.

    Where serve does not run, this line in your crontab does it:

    17 * * * *  usertrack prune

    usertrack print cron and usertrack print systemd write lines and timers for it, backups and checks, ready
    to install.

    Example:  usertrack prune --dry-run
    """
    from usertrack_cli.lifecycle.keys import destroy_idle_keys
    from usertrack_cli.lifecycle.retention import due, forecast, prune, sites_kept

    home, now_ms = call.home, clock.now_ms()
    typed = {name: call.values[name] for name in ("max_sessions", "max_age", "moves")}
    rows: list[dict[str, Any]] = []
    for site in [call.site] if call.site else sites_kept(home, call.table):
        own = resolve(call.table, site=site).settings
        wanted = resolve(call.table, site=site, flags=typed).settings
        # A cap typed here is meant, whatever it removes; one from the settings spares the last week.
        means_it = wanted.max_sessions < own.max_sessions
        if dry_run or _is_stricter(wanted, own):
            what = due(home, wanted, now_ms=now_ms, spares_young=not means_it)
            found = [{"site": site} | asdict(rule) for rule in forecast(home, what)]
            if dry_run:
                rows += found
                console.note(_stays(what))
                continue
            console.listing(_HEADINGS, found, console.chosen_format(**call.wants))
            if not what.is_nothing:
                console.confirm("Remove them for good?", yes=yes)
        gone = prune(home, wanted, now_ms=now_ms, spares_young=not means_it, trusts_clock=yes)
        console.result(
            f"{site}: removed {count(gone.sessions, 'session')}, {count(gone.rows, 'event')},"
            f" {console.bytes_text(gone.bytes)}"
        )
    if dry_run:
        console.listing(_HEADINGS, rows, console.chosen_format(**call.wants))
        return
    for site, epoch in destroy_idle_keys(home, now_ms=now_ms):
        console.result(f"{site}: destroyed the key of epoch {epoch}, which nothing belongs to any more")


def _stays(what: Due) -> str:
    kept = f"{what.site}: {count(what.kept, 'session')} {'stays' if what.kept == 1 else 'stay'}"
    restricted = f", {len(what.restricted)} of them restricted" if what.restricted else ""
    jumped = "" if what.is_steady else "; for now everything does: the clock jumped by more than a day"
    return f"{kept}{restricted}{jumped}"


def _is_stricter(wanted: Settings, own: Settings) -> bool:
    return wanted.max_sessions < own.max_sessions or wanted.max_age < own.max_age or wanted.moves < own.moves
