"""What a ``delete`` would take, as the operator sees it before anything goes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from usertrack_cli import console
from usertrack_cli.commands.person import list_sessions
from usertrack_cli.console import Heading
from usertrack_cli.options import Call
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from usertrack_cli.lifecycle.matching import Match
    from usertrack_cli.lifecycle.request import Epoch
    from usertrack_cli.queries.visitors import Narrowing, VisitorSession

SHOWN_MAX = 50
VALUES_SHOWN = 5


def searched(call: Call, address: str, ua: str | None, narrowing: Narrowing | None = None) -> Match:
    """Return the sessions of a visitor; say where they were looked for, and what cannot be found any more."""
    from usertrack_cli.lifecycle.matching import find_visitor

    match = find_visitor(call.home, ip=address, user_agent=ua, site=call.site, narrowing=narrowing)
    sites = sorted({each.site for each in match.tried})
    agents = "the agent given" if ua is not None else f"each of {count(match.agents, 'agent')} seen"
    console.note(
        f"searched {call.home.root}, sites {', '.join(sites) or 'none'},"
        f" {count(len(match.tried), 'key')} ({_epochs(match.tried)}) with {agents}"
    )
    if match.unlinkable:
        gone = ", ".join(f"{each.site} {each.epoch}" for each in match.unlinkable[:VALUES_SHOWN])
        console.note(
            f"{count(len(match.unlinkable), 'key')} destroyed ({gone}):"
            " what they named cannot be linked to anybody"
        )
    if match.unsearchable:
        console.note(f"{count(match.unsearchable, 'damaged file')} in quarantine could not be searched")
    return match


def show_match(call: Call, match: Match, *, knows_agent: bool) -> None:
    """Print the sessions, what they have in common, and any doubt that they are one person's."""
    from usertrack_cli.lifecycle.matching import doubt_of

    sessions = match.sessions
    if not sessions:
        return
    list_sessions(call, sessions[:SHOWN_MAX])
    if len(sessions) > SHOWN_MAX:
        console.note(f"{len(sessions) - SHOWN_MAX} more sessions are not shown")
    console.note(_summary(call, sessions))
    if not knows_agent and match.per_agent:
        _list_agents(match.per_agent)
        if len(match.per_agent) > 1:
            console.note(
                f"careful: {count(len(match.per_agent), 'agent')} at this address;"
                " --ua, --browser or --os narrow it to one"
            )
    doubt = doubt_of(sessions)
    if (match.tried or not knows_agent) and (doubt.overlapping or doubt.screens > 1):
        overlap = [f"{count(doubt.overlapping, 'session')} at the same time as another"] * bool(
            doubt.overlapping
        )
        screens = [count(doubt.screens, "screen")] * (doubt.screens > 1)
        console.note(
            f"careful: {' and '.join(overlap + screens)} with one address and agent:"
            " several people may share it"
        )


def show_outputs(files: Sequence[Path], *, removes: bool) -> None:
    """Name the files that were made of the sessions."""
    for file in files:
        fate = "is removed too" if removes else "stays; --with-outputs removes it"
        console.note(f"{file} holds such a session and {fate}")


def show_damaged(files: int, rows: int) -> None:
    """Say that what cannot be read goes with all that it holds."""
    if files:
        fate = (
            "may hold them and cannot be read, so it goes"
            if files == 1
            else "may hold them and cannot be read, so they go"
        )
        console.note(
            f"careful: {count(files, 'damaged file')} in quarantine {fate} whole,"
            f" {count(rows, 'row')} of others and theirs alike"
        )


def show_rest(call: Call, backup: tuple[Path, int] | None, *, started_at: int | None) -> None:
    """Say what an erasure does not reach, and which backup still holds the data."""
    console.note("not covered: logs of your web server, and copies and backups that others made")
    if backup is not None and started_at is not None and backup[1] >= started_at:
        made_at = console.instant_text(backup[1], call.zone)
        console.note(
            f"the backup {backup[0]} of {made_at} still holds them, and those before it may;"
            " usertrack restore erases them again"
        )


def _epochs(tried: Sequence[Epoch]) -> str:
    shown = [str(epoch) for epoch in sorted({each.epoch for each in tried})]
    return ", ".join(shown[:VALUES_SHOWN]) + (", …" if len(shown) > VALUES_SHOWN else "") or "none"


def _summary(call: Call, sessions: Sequence[VisitorSession]) -> str:
    days = sorted({_day(call, each.started_at) for each in sessions if each.started_at})
    span = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days)
    countries = sorted({each.country for each in sessions if each.country})
    screens = sorted({_screen(each) for each in sessions if each.screen_w})
    return (
        f"{count(len(sessions), 'session')} with {count(sum(each.events for each in sessions), 'event')}"
        f" on {count(len(days), 'day')}{f' ({span})' if span else ''};"
        f" countries: {_some(countries)}; screens: {_some(screens)}"
    )


def _some(values: Sequence[str]) -> str:
    more = f" and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else ""
    return (", ".join(values[:VALUES_SHOWN]) or "none") + more


def _day(call: Call, moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, tz=call.zone).date().isoformat()


def _screen(each: VisitorSession) -> str:
    return f"{each.screen_w or '?'}×{each.screen_h or '?'}"


def _list_agents(per_agent: Sequence[tuple[str, int]]) -> None:
    headings = (Heading("sessions", "SESSIONS", "right"), Heading("agent", "AGENT", is_flexible=True))
    rows = [{"agent": agent, "sessions": number} for agent, number in per_agent[:SHOWN_MAX]]
    console.result("")
    console.listing(headings, rows, console.chosen_format())
