"""Charts as inline SVG: shapes alone, so that they stretch; their words stand beside them as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.render.report.markup import Html, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.report.content import Bar

_HEIGHT = 100
_BAR_WIDTH = 0.74
"""Of the room that one bar has."""
_LABELS_MAX = 7


def column_chart(bars: Sequence[Bar], *, title: str, unit: str) -> Html:
    """Return a chart of upright bars, with the same values as a table behind it."""
    peak = max((bar.value for bar in bars), default=0)
    top = _round_up(peak)
    shapes = tag(
        "svg",
        *(_column(place, bar, top=top, unit=unit) for place, bar in enumerate(bars)),
        viewBox=f"0 0 {len(bars)} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=_summary(bars, title=title, unit=unit),
        class_="columns",
    )
    scale = tag(
        "div", *(tag("span", f"{value:,}") for value in (top, top // 2, 0)), class_="scale", aria_hidden="true"
    )
    return tag(
        "figure",
        tag("figcaption", title),
        tag("div", scale, tag("div", shapes, class_="plot"), class_="chart"),
        _axis(bars),
        _as_table(bars, title=title, unit=unit),
        class_="card",
    )


def share_bar(share: float, *, kind: str = "") -> Html:
    """Return one lying bar for a share, 0 to 1; the share itself stands beside it in words."""
    width = f"{max(0.0, min(share, 1.0)) * 100:.2f}"
    return tag(
        "svg",
        tag("rect", width=width, height=8, rx=1),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        class_=f"share {kind}".strip(),
        aria_hidden="true",
        focusable="false",
    )


def _column(place: int, bar: Bar, *, top: int, unit: str) -> Html:
    height = bar.value / top * _HEIGHT
    # A day that had anything at all shows something.
    height = max(height, 1.0) if bar.value else 0.0
    named = f"{bar.label}: {_counted(bar.value, unit)}"
    room = tag("rect", x=place, y=0, width=1, height=_HEIGHT, class_="room")
    shape = tag(
        "rect",
        x=f"{place + (1 - _BAR_WIDTH) / 2:.3f}",
        y=f"{_HEIGHT - height:.2f}",
        width=_BAR_WIDTH,
        height=f"{height:.2f}",
    )
    return tag("g", tag("title", named), room, shape)


def _as_table(bars: Sequence[Bar], *, title: str, unit: str) -> Html:
    rows = [
        tag("tr", tag("th", bar.label, scope="row"), tag("td", f"{bar.value:,}", class_="n")) for bar in bars
    ]
    table = tag(
        "table",
        tag("caption", title, class_="unseen"),
        tag("thead", tag("tr", tag("th", "", scope="col"), tag("th", unit, scope="col", class_="n"))),
        tag("tbody", *rows),
    )
    return tag("details", tag("summary", "as a table"), tag("div", table, class_="scroll"))


def _summary(bars: Sequence[Bar], *, title: str, unit: str) -> str:
    if not bars:
        return f"{title}: nothing"
    most = max(bars, key=lambda bar: bar.value)
    total = sum(bar.value for bar in bars)
    return f"{title}: {_counted(total, unit)} in all, most at {most.label} with {most.value:,}"


def _counted(value: int, unit: str) -> str:
    return f"{value:,} {unit.removesuffix('s') if value == 1 else unit}"


def _axis(bars: Sequence[Bar]) -> Html:
    """Return the names below the first of every few bars; cells of a table keep them below theirs."""
    step = max(1, -(-len(bars) // _LABELS_MAX))
    step = next((each for each in range(step, len(bars)) if len(bars) % each == 0 and each <= 2 * step), step)
    cells = []
    for place in range(0, len(bars), step):
        span = min(step, len(bars) - place)
        # Where fewer bars are left than a name is wide, none stands there.
        cells.append(tag("td", bars[place].short if 2 * span > step else "", colspan=span))
    return tag("table", tag("tr", *cells), class_="axis", aria_hidden="true")


def _round_up(peak: int) -> int:
    """Return the next round number whose half is round too, such as 2, 4, 10, 20, 40 or 100."""
    size = 1
    while True:
        for step in (2, 4, 6, 8, 10):
            if peak <= step * size:
                return step * size
        size *= 10
