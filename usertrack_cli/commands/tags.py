"""``usertrack tags``: which tags sessions carry; put on by hand, or by rules of the settings."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.naming import TagRule
from usertrack_cli.options import Call, shared
from usertrack_cli.plural import count
from usertrack_cli.registry import group

TRIAL = "(rule on trial)"
"""Stands for the tag of a condition that has no name yet; no tag holds it twice."""
SESSIONS_MAX = 100_000
"""A list of ids on standard input; a store keeps as many sessions unless told otherwise."""

commands = group("tags", example="usertrack tags add seen-by-anna @1 @3")

_SESSIONS = Annotated[
    list[str],
    typer.Argument(metavar="SESSION...", help="Ids, beginnings of them, @3, or - for standard input."),
]
_TAG = Annotated[str, typer.Argument(metavar="TAG", help="1 to 64 characters.")]

_HEADINGS = (
    Heading("tag", "TAG", is_flexible=True),
    Heading("sessions", "SESSIONS", "right"),
    Heading("by_page", "BY PAGE", "right"),
    Heading("by_others", "BY HAND OR RULE", "right"),
    Heading("rule", "RULE", is_flexible=True, is_optional=True),
)


@commands.command("list")
@shared(filters=True, outputs=True)
def listing(*, call: Call) -> None:
    """List the tags of sessions, and the rules that put them there.

    Example:  usertrack tags list --last 7d
    """
    rules = {rule.name: rule.where for rule in call.settings.tag}
    found = [asdict(each) for each in api.tag_counts(call.home, call.filter())]
    rows = [row | {"rule": rules.get(str(row["tag"]))} for row in found]
    idle = sorted(set(rules) - {str(row["tag"]) for row in found})
    console.listing(_HEADINGS, rows, console.chosen_format(**call.wants))
    if idle:
        console.note(f"rules that catch no session in this range: {', '.join(idle)}")


@commands.command("add")
@shared()
def add(*, call: Call, tag: _TAG, sessions: _SESSIONS) -> None:
    """Put a tag on sessions.

    Example:  usertrack funnel /shop /cart --dropped 1 | usertrack tags add "lost in the shop" -
    """
    changed = api.tag_sessions(call.home, _names(sessions), tag, site=call.site)
    console.note(f"tag put on {count(changed, 'session')}")


@commands.command("remove")
@shared()
def remove(*, call: Call, tag: _TAG, sessions: _SESSIONS) -> None:
    """Take a tag away that was put on by hand.

    Those of pages and rules stay.

    Example:  usertrack tags remove "lost in the shop" @3
    """
    changed = api.tag_sessions(call.home, _names(sessions), tag, site=call.site, removes=True)
    console.note(f"tag taken from {count(changed, 'session')}")


@commands.command("test")
@shared(filters=True, outputs=True)
def test(
    *,
    call: Call,
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="Name of a rule of the settings, or a condition in SQL.")
    ],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Sessions at the most.")] = 20,
) -> None:
    """Show the sessions that a rule catches.

    Nothing is put on them. A rule is a condition over the view sessions; see its columns with: usertrack sql
    --schema

    Example:  usertrack tags test "list_contains(route, '/cart') AND exit_page = '/cart'"
    """
    named = {each.name: each for each in call.settings.tag}
    found = api.caught_sessions(
        call.home, call.filter(), named.get(rule) or TagRule(TRIAL, rule), limit=SESSIONS_MAX
    )
    from usertrack_cli.commands.sessions import print_sessions

    api.remember(call.home, found[:limit])
    tagless = [replace(row, tags=tuple(tag for tag in row.tags if tag != TRIAL)) for row in found[:limit]]
    print_sessions(call, tagless)
    console.note(f"the rule catches {count(len(found), 'session')} in this range")


def _names(sessions: list[str]) -> list[str]:
    from usertrack_cli.commands.replay import read_names

    return read_names(sessions, most=SESSIONS_MAX)
