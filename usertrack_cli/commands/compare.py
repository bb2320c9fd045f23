"""``usertrack compare``: one page in two periods, for two devices or with two tags."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from usertrack_cli import api, console
from usertrack_cli.commands.picture import (
    BACKGROUND,
    OUTPUT,
    PAGE,
    PIXEL_RATIO,
    PREVIEW,
    kind_of,
    preview_of,
    write,
)
from usertrack_cli.commands.progress import progress
from usertrack_cli.console import Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import DEVICES, Call, one_of, shared
from usertrack_cli.queries.filters import Filter

_HEADINGS = (
    Heading("element", "ELEMENT", is_flexible=True, least=16, keeps_end=True),
    Heading("text", "LABEL", is_flexible=True),
    Heading("a_sessions", "A", "right"),
    Heading("b_sessions", "B", "right"),
    Heading("a_share", "A SHARE", "right", console.share_text),
    Heading("b_share", "B SHARE", "right", console.share_text),
    Heading("change", "POINTS", "right", lambda share: f"{share * 100:+.1f}"),
    Heading("change_ratio", "CHANGE", "right", lambda ratio: f"{ratio:+.0%}"),
    Heading("p", "P", "right", lambda p: f"{p:.3f}"),
    Heading("p_adjusted", "P ADJ", "right", lambda p: f"{p:.3f}"),
    Heading("is_significant", "SURE", "right", lambda sure: "yes" if sure else "no"),
)
PERIOD = "2026-10, 2026-10-05 or 2026-10-01..2026-10-15"


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    page: PAGE,
    a: Annotated[str | None, typer.Option("--a", metavar="PERIOD", help=f"Before: {PERIOD}.")] = None,
    b: Annotated[str | None, typer.Option("--b", metavar="PERIOD", help="After, likewise.")] = None,
    a_device: Annotated[str | None, typer.Option("--a-device", help="Or before: this device.")] = None,
    b_device: Annotated[str | None, typer.Option("--b-device", help="After: this one.")] = None,
    a_tag: Annotated[str | None, typer.Option("--a-tag", help="Or before: sessions with this tag.")] = None,
    b_tag: Annotated[str | None, typer.Option("--b-tag", help="After: with this one.")] = None,
    element: Annotated[
        str | None, typer.Option("--element", metavar="SELECTOR", help="Check this element's share …")
    ] = None,
    max_drop: Annotated[
        str | None, typer.Option("--max-drop", metavar="PERCENT", help="… and exit 4 if it fell by more.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="Of the picture: click, move, attention, rage, dead or first-click.")
    ] = "click",
    output: OUTPUT = None,
    background: BACKGROUND = None,
    pixel_ratio: PIXEL_RATIO = 1.0,
    preview: PREVIEW = False,
) -> None:
    """Say which elements of a page are clicked more, which less.

    Side a is before, side b after: two periods, two devices or two tags.

    SHARE is the sessions that clicked it among all of the page. P is the chance of such a difference
    without a cause (two proportions; Fisher's exact test for small counts), P ADJ the same knowing how
    many elements were asked (Holm); SURE means below 0.05. With -o a picture of the difference is drawn.

    Example:  usertrack compare --page /shop --a 2026-10 --b 2026-11 --element '#buy' --max-drop 20%
    """
    both = call.filter(page=page)
    sides = [
        _side(call, both, side, period=period, device=device, tag=tag)
        for side, period, device, tag in (("a", a, a_device, a_tag), ("b", b, b_device, b_tag))
    ]
    if sides[0].chosen == sides[1].chosen:
        raise UsageError("both sides are the same", hint=f"say how they differ: --a and --b {PERIOD}")
    if (element is None) != (max_drop is None):
        raise UsageError("--element and --max-drop belong together", hint="give both or none")
    drop = None if max_drop is None else _drop_max(max_drop)
    with progress() as on_step:
        on_step(0.1, "reading clicks")
        changes = api.compare(call.home, *sides)
        picture = None
        if preview or output is not None:
            picture = api.difference_map(
                call.home,
                *sides,
                kind=kind_of(kind),
                zone=call.zone,
                background=background,
                pixel_ratio=pixel_ratio,
                on_step=on_step,
            )
    if picture is not None:
        if preview:
            preview_of(picture)
        if output is not None:
            console.note(f"{write(picture, output)} is drawn")
    console.listing(_HEADINGS, [asdict(row) for row in changes], console.chosen_format(**call.wants))
    if element is not None and drop is not None:
        held = api.check_drop(changes, element, drop_max=drop)
        console.note(f"{element} holds: from {held.a_share:.1%} to {held.b_share:.1%} of the sessions")


def _side(
    call: Call, both: Filter, name: str, *, period: str | None, device: str | None, tag: str | None
) -> api.Side:
    said: list[str] = []
    changes: dict[str, Any] = {}
    if period is not None:
        first, last = days_of(period)
        changes["from_ms"] = call.midnight(first)
        changes["to_ms"] = call.midnight(last + timedelta(days=1))
        said.append(period)
    if device is not None:
        changes["device"] = one_of(device, f"--{name}-device", DEVICES)
        said.append(device)
    if tag is not None:
        changes["tag"] = tag
        said.append(f"tag {tag}")
    return api.Side(chosen=replace(both, **changes), name=", ".join(said) or name)


def days_of(period: str) -> tuple[date, date]:
    """Return the first and the last day of ``2026``, ``2026-10``, ``2026-10-05`` or ``FIRST..LAST``.

    Raises:
        UsageError: It is none of these.
    """
    start, dots, end = period.partition("..")
    first, last = _days(start, period), _days(end if dots else start, period)
    if last[1] < first[0]:
        raise UsageError(f"{period!r} ends before it begins", hint=f"write it as {PERIOD}")
    return first[0], last[1]


def _days(text: str, period: str) -> tuple[date, date]:
    try:
        parts = [int(part) for part in text.split("-")]
        if not 1 <= len(parts) <= 3 or len(text.split("-")[0]) != 4:
            raise ValueError(text)
        first = date(*[*parts, 1, 1][:3])
        if len(parts) == 3:
            return first, first
        # The first day of the next month or year, less one.
        following = date(first.year + 1, 1, 1)
        if len(parts) == 2 and first.month < 12:
            following = date(first.year, first.month + 1, 1)
        return first, following - timedelta(days=1)
    except ValueError as error:
        raise UsageError(f"{period!r} is not a period", hint=f"write it as {PERIOD}") from error


def _drop_max(text: str) -> float:
    try:
        drop = float(text.removesuffix("%")) / 100
    except ValueError as error:
        raise UsageError(f"--max-drop cannot be {text!r}", hint="write it as 20%") from error
    if not 0 <= drop <= 1:
        raise UsageError(f"--max-drop cannot be {text!r}", hint="choose 0% to 100%")
    return drop
