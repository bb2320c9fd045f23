"""``usertrack live``: what is going on at this moment, until somebody has seen enough."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from usertrack_cli import api, clock, console
from usertrack_cli.options import Call, shared, span_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from usertrack_cli.render.grid import Capabilities
    from usertrack_cli.render.live import Shown

    Look = Callable[[], Shown]

KEYS_WAIT_S = 0.2


@shared()
def command(
    *,
    call: Call,
    every: Annotated[str, typer.Option("--every", metavar="SPAN", help="Look again after so long.")] = "2s",
    within: Annotated[
        str, typer.Option("--within", metavar="SPAN", help="Who was heard of within so long is there.")
    ] = "5m",
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="Look so often, then end; without it until q.")
    ] = None,
    include_bots: Annotated[bool, typer.Option("--include-bots", help="Count automated browsers too.")] = False,
) -> None:
    """Show sessions, pages and clicks as they happen.

    A session is there when it was heard of within five minutes and has not left. The inbox is read too, so
    that what was acknowledged a moment ago shows. Events per second are those of the last minute. In a pipe it
    is a line for each look. q and Ctrl-C end it.

    Example:  usertrack live

    Example:  usertrack live --every 1m --count 60 >> present.txt
    """
    every_s, within_ms = span_ms(every, "--every") / 1000, span_ms(within, "--within")

    def look() -> Shown:
        return _shown(call, within_ms=within_ms, include_bots=include_bots)

    is_drawn = console.is_terminal() and sys.stdin.isatty() and not console.is_dumb()
    (_screen if is_drawn else _lines)(look, console.capabilities(), every_s=every_s, count=count)


def _shown(call: Call, *, within_ms: int, include_bots: bool) -> Shown:
    from usertrack_cli.render.live import Shown

    site = call.settings.site
    now = api.present(
        call.home, site=site, within_ms=within_ms, includes_bots=include_bots, groups=call.settings.page
    )
    return Shown(
        site=site,
        zone=call.zone,
        at_ms=now.at_ms,
        sessions=now.sessions,
        mobile=sum(page.mobile for page in now.pages),
        per_second=now.events_per_second,
        pageviews=now.pageviews,
        pages=[(page.page, page.sessions) for page in now.pages],
        events=now.events,
        clicks=[(click.at_ms, click.page, click.selector, click.text) for click in now.clicks],
        bots=now.bots,
    )


def _lines(look: Look, able: Capabilities, *, every_s: float, count: int | None) -> None:
    from usertrack_cli.render.live import line

    done = 0
    while True:
        console.lines([line(look(), is_unicode=able.is_unicode)])
        sys.stdout.flush()
        done += 1
        if done == count:
            return
        clock.pause_s(every_s)


def _screen(look: Look, able: Capabilities, *, every_s: float, count: int | None) -> None:
    from usertrack_cli.commands.screen import Screen, Stopped
    from usertrack_cli.render.live import screen

    terminal = Screen(sys.stdin.fileno(), sys.stdout.fileno(), able)
    number = 0
    try:
        with terminal.taken():
            done, due_s, shown = 1, clock.monotonic_s() + every_s, look()
            while True:
                if clock.monotonic_s() >= due_s:
                    shown, done = look(), done + 1
                    due_s = clock.monotonic_s() + every_s
                width, height = terminal.size()
                terminal.show(screen(shown, width=width, height=height, capabilities=able))
                if "q" in terminal.keys(KEYS_WAIT_S) or done == count:
                    return
    except Stopped as stopped:
        number = stopped.number
    if number != signal.SIGINT:  # Ctrl-C is a way to quit; anything else ends the process as it would have
        signal.raise_signal(number)
