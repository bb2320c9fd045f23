"""``usertrack funnel``: how many sessions get from step to step, and which ones do not."""

from __future__ import annotations

from typing import Annotated

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, shared
from usertrack_cli.values import duration_ms

_HEADINGS = (
    Heading("step", "STEP", is_flexible=True),
    Heading("sessions", "SESSIONS", "right"),
    Heading("share", "OF FIRST", "right", shows=lambda value: f"{value:.0%}"),
    Heading("kept", "OF PREVIOUS", "right", shows=lambda value: f"{value:.0%}"),
    Heading("dropped", "DROPPED", "right"),
    Heading("median_ms", "MEDIAN TIME", "right", shows=console.duration_text),
)


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    steps: Annotated[
        list[str], typer.Argument(metavar="STEP...", help="Pages, event:NAME, tag:NAME or click:SELECTOR.")
    ],
    within: Annotated[
        str | None, typer.Option("--within", metavar="SPAN", help="All steps within 30m, 2h … of the first.")
    ] = None,
    dropped: Annotated[
        int | None, typer.Option("--dropped", metavar="N", min=1, help="Print the sessions lost after step N.")
    ] = None,
) -> None:
    """Count the sessions that go through some steps in order.

    Example:  usertrack funnel /shop /cart 'event:checkout' /thanks --within 30m

    Watch who was lost:  usertrack replay "$(usertrack funnel /shop /cart --dropped 1 | head -1)"
    """
    found = api.funnel(call.home, call.filter(), steps, within_ms=_span(within))
    if dropped is not None:
        if dropped >= len(found):
            raise UsageError(f"after step {dropped} there is no further step", hint="--dropped counts from 1")
        console.lines(found[dropped - 1].dropped)
        return
    rows = []
    for number, step in enumerate(found):
        before = found[max(0, number - 1)].sessions
        rows.append(
            {
                "step": step.step,
                "sessions": step.sessions,
                "share": step.sessions / found[0].sessions,
                "kept": step.sessions / before if before else 0.0,
                "dropped": len(step.dropped),
                "median_ms": step.median_ms,
            }
        )
    console.listing(_HEADINGS, rows, console.chosen_format(**call.wants))


def _span(within: str | None) -> int | None:
    try:
        return None if within is None else duration_ms(within)
    except ValueError as error:
        raise UsageError(f"--within cannot be {within!r}: {error}") from error
