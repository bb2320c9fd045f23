"""``usertrack report``: a range on one page, as an HTML file that needs nothing but itself."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from usertrack_cli import api, console, suggestions
from usertrack_cli.commands.progress import progress
from usertrack_cli.errors import UsageError
from usertrack_cli.naming import Conversion
from usertrack_cli.options import Call, shared, span_ms
from usertrack_cli.plural import count

_SAID = ("device", "width_class", "country", "browser", "referrer", "utm", "clicked", "tag", "source")


@shared(filters=True)
def command(
    *,
    call: Call,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="HTML to write; report-SITE.html if unsaid."),
    ] = None,
    pages: Annotated[
        int, typer.Option("--pages", metavar="N", min=0, max=20, help="Draw the N most seen pages.")
    ] = 3,
    page: Annotated[
        list[str] | None,
        typer.Option(
            "--page",
            metavar="PATH",
            help="Draw this page instead; may be repeated.",
            autocompletion=suggestions.pages,
        ),
    ] = None,
    funnel: Annotated[
        list[str] | None,
        typer.Option(
            "--funnel",
            metavar="STEPS",
            help="Steps of a funnel in one text, beside the conversions of the settings; may be repeated.",
        ),
    ] = None,
    within: Annotated[
        str | None, typer.Option("--within", metavar="SPAN", help="All steps of --funnel within 30m, 2h …")
    ] = None,
    replays: Annotated[
        int, typer.Option("--replays", metavar="N", min=0, max=20, help="Add players of the N worst sessions.")
    ] = 0,
) -> None:
    """Write traffic, pages, friction and funnels as one HTML file.

    The file loads nothing, has no script unless it has replays, follows the light or dark of its reader,
    prints, and is below 2 MB unless more than 3 pages are drawn or sessions replayed. It names single
    sessions, so it is readable by its owner only, and an erasure says that it has to be deleted.

    Example:  usertrack report --last 7d -o week.html

    Example:  usertrack report --funnel '/shop /cart event:checkout /thanks' --replays 3
    """
    path = output or Path(f"report-{call.settings.site}.html")
    within_ms = None if within is None else span_ms(within, "--within")
    funnels = [_funnel(each, within_ms) for each in funnel or ()] + list(call.settings.conversion)
    with progress() as on_step:
        written = api.report(
            call.home,
            call.filter(),
            zone=call.zone,
            page_count=pages,
            only_pages=page or (),
            funnels=funnels,
            replay_count=replays,
            facts=_facts(call),
            on_step=on_step,
        )
        size = api.write_report(call.home, written, path)
    for each in written.notes:
        console.note(each)
    single = count(len(written.sessions), "single session")
    console.note(f"{console.bytes_text(size)}, with {single} in it")
    console.result(str(path))


def _funnel(text: str, within_ms: int | None) -> Conversion:
    try:
        steps = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--funnel cannot be {text!r}: {error}") from error
    if len(steps) < 2:
        raise UsageError(
            f"--funnel cannot be {text!r}: it has one step",
            hint="name them in one text: --funnel '/shop /cart'",
        )
    return Conversion(" → ".join(steps), tuple(steps), within_ms)


def _facts(call: Call) -> list[str]:
    """Return what the sessions were chosen by, in words."""
    said = [f"{name.replace('_', ' ')} {call.values[name]}" for name in _SAID if call.values.get(name)]
    said += ["bots included"] if call.values.get("include_bots") else []
    return [f"Only {', '.join(said)}."] if said else []
