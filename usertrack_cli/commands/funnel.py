"""``usertrack funnel``: how many sessions get from step to step, and which ones do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, one_of, shared, span_ms

if TYPE_CHECKING:
    from usertrack_cli.queries.funnel import Step

_BYS = ("device", "width_class", "country", "browser", "os", "language")
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
        list[str],
        typer.Argument(
            metavar="STEP...", help="Pages, event:NAME, tag:NAME, click:SELECTOR; or a conversion's name."
        ),
    ],
    within: Annotated[
        str | None, typer.Option("--within", metavar="SPAN", help="All steps within 30m, 2h … of the first.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help=f"Tell sessions apart by {', '.join(_BYS)}.")] = None,
    dropped: Annotated[
        int | None, typer.Option("--dropped", metavar="N", min=1, help="Print the sessions lost after step N.")
    ] = None,
) -> None:
    """Count the sessions that go through some steps in order.

    MEDIAN TIME is from the step before. A [[conversion]] of the settings can be named instead of its steps.

    Example:  usertrack funnel /shop /cart 'event:checkout' /thanks --within 30m --by device

    Example, to watch who was lost:  usertrack funnel /shop /cart --dropped 1 | usertrack replay -
    """
    if by is not None:
        one_of(by, "--by", _BYS)
    path, within_ms = _steps(call, steps, within)
    if dropped is not None and not dropped < len(path):
        raise UsageError(f"after step {dropped} there is no further step", hint="--dropped counts from 1")
    found = api.funnel(call.home, call.filter(), path, within_ms=within_ms, by=by)
    if dropped is not None:
        lost = (session for step in found[dropped - 1 :: len(path)] for session in step.dropped)
        console.lines(sorted(lost))
        return
    key = () if by is None else (Heading("key", by.upper(), is_flexible=True),)
    rows = [row for start in range(0, len(found), len(path)) for row in _rows(found[start : start + len(path)])]
    console.listing((*key, *_HEADINGS), rows, console.chosen_format(**call.wants))


def _rows(found: list[Step]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, step in enumerate(found):
        before = found[max(0, number - 1)].sessions
        rows.append(
            ({} if step.key is None else {"key": step.key})
            | {
                "step": step.step,
                "sessions": step.sessions,
                "share": step.sessions / found[0].sessions if found[0].sessions else 0.0,
                "kept": step.sessions / before if before else None,
                "dropped": len(step.dropped),
                "median_ms": step.median_ms if step.sessions else None,
            }
        )
    return rows


def _steps(call: Call, steps: list[str], within: str | None) -> tuple[list[str], int | None]:
    """Return the steps, those of a conversion where its name stands for them, and their span."""
    within_ms = None if within is None else span_ms(within, "--within")
    known = next((each for each in call.settings.conversion if [each.name] == steps), None)
    if known is None:
        return steps, within_ms
    return list(known.steps), known.within_ms if within_ms is None else within_ms
