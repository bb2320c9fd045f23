"""``usertrack stats``: the traffic in figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, one_of, shared

if TYPE_CHECKING:
    from usertrack_cli.queries.overview import Figures

_BYS = (
    "page", "entry", "exit", "route", "country", "browser", "os", "device", "referrer", "utm_source",
    "language", "screen", "hour", "weekday", "day", "tag",
)  # fmt: skip
_TICKS = "▁▂▃▄▅▆▇█"
_DAYS_MAX = 30


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    by: Annotated[str | None, typer.Option("--by", help=f"Tell sessions apart by {', '.join(_BYS)}.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Rows at the most.")] = 20,
    compare: Annotated[str | None, typer.Option("--compare", help="previous: beside the span before.")] = None,
    define: Annotated[str | None, typer.Option("--define", metavar="FIGURE", help="Say what it means.")] = None,
) -> None:
    """Show the traffic in figures.

    Example:  usertrack stats --by page --last 7d
    """
    if define is not None:
        _define(define)
        return
    if by is not None:
        one_of(by, "--by", _BYS)
    if compare is not None:
        one_of(compare, "--compare", ("previous",))
    found = api.overview(
        call.home, call.filter(), by=by, zone=call.zone, limit=limit, with_previous=compare is not None
    )
    rows = [_row(each) for each in found.groups]
    if found.before is not None:
        rows.append(_row(found.before, key="before"))
    rows.append(_row(found.total, key="total"))
    console.listing(_headings(by, rows), rows, console.chosen_format(**call.wants))
    console.note(f"{_range(call)}; {found.bots} sessions of bots are not counted")
    if call.settings.key_epoch != "never" and found.total.visitors:
        console.note(
            f"visitor keys are {call.settings.key_epoch}: a person who came in two of them counts twice"
        )


def _define(figure: str) -> None:
    from usertrack_cli.queries.overview import DEFINITIONS

    if figure not in DEFINITIONS:
        raise UsageError(f"{figure!r} is not a figure", hint=f"one of {', '.join(DEFINITIONS)}")
    console.result(f"{figure}: {DEFINITIONS[figure]}")


def _row(figures: Figures, *, key: str | None = None) -> dict[str, Any]:
    return asdict(figures) | {"key": figures.key or key, "days": list(figures.days)}


def _headings(by: str | None, rows: list[dict[str, Any]]) -> tuple[Heading, ...]:
    days = sorted({day for row in rows for day, _ in row["days"]})
    return (
        Heading("key", (by or "").upper(), is_flexible=True),
        Heading("sessions", "SESSIONS", "right"),
        Heading("visitors", "VISITORS", "right"),
        Heading("pageviews", "PAGES", "right"),
        Heading("bounce_ratio", "BOUNCE", "right", shows=lambda value: f"{value:.0%}"),
        Heading("active_ms", "ACTIVE", "right", shows=lambda value: console.duration_text(round(value))),
        Heading("depth_ratio", "DEPTH", "right", shows=lambda value: f"{value:.0%}"),
        Heading("rage_per_1000", "RAGE‰", "right", shows=lambda value: f"{value:.0f}", is_optional=True),
        Heading("dead_per_1000", "DEAD‰", "right", shows=lambda value: f"{value:.0f}", is_optional=True),
        Heading("days", "DAYS", shows=lambda value: _sparkline(value, days), is_optional=True),
    )


def _sparkline(counts: list[tuple[str, int]], days: list[str]) -> str:
    """Return one tick a day from the first to the last of ``days``, at most the newest thirty."""
    if not counts or len(days) < 2:
        return ""
    by_day: dict[str, int] = dict(counts)
    last = date.fromisoformat(days[-1])
    span = min(_DAYS_MAX, (last - date.fromisoformat(days[0])).days + 1)
    series = [by_day.get(str(last - timedelta(days=back)), 0) for back in reversed(range(span))]
    peak = max(series) or 1
    return "".join(" " if not each else _TICKS[min(7, each * 8 // (peak + 1))] for each in series)


def _range(call: Call) -> str:
    chosen = call.filter()
    first = "the beginning" if chosen.from_ms is None else console.instant_text(chosen.from_ms, call.zone)
    last = "now" if chosen.to_ms is None else console.instant_text(chosen.to_ms, call.zone)
    return f"from {first} to {last}, {call.zone}"
