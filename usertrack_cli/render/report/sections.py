"""The sections of a report, each from plain values to markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usertrack_cli.render.numbers import count_text, duration_text
from usertrack_cli.render.report.charts import column_chart, share_bar
from usertrack_cli.render.report.markup import Html, joined, tag
from usertrack_cli.render.report.tables import Column, table
from usertrack_cli.render.transcript import selector_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from usertrack_cli.render.report.content import (
        Breakdown,
        FunnelShown,
        PageShown,
        Report,
        ScriptError,
        SessionShown,
        Snag,
        Tile,
    )

_MINUTE_MS = 60_000
_SAME = 0.005
"""A change of less than half a per cent is none."""


def section(name: str, title: str, *children: str | None, lead: str | None = None) -> Html:
    """Return a section with a heading that the navigation leads to."""
    said = tag("p", lead, class_="quiet") if lead else None
    return tag("section", tag("h2", title, id=name), said, *children, aria_labelledby=name)


def figures(tiles: Sequence[Tile]) -> Html:
    """Return the figures of the whole range."""
    return tag("dl", *(_tile(each) for each in tiles), class_="tiles")


def when(report: Report) -> Html:
    """Return when the sessions were."""
    charts = [column_chart(report.hours, title=f"Sessions by hour of the day, {report.zone}", unit="sessions")]
    if len(report.days) > 1:
        charts.insert(0, column_chart(report.days, title="Sessions by day", unit="sessions"))
    return tag("div", *charts, class_="stack")


def breakdowns(found: Sequence[Breakdown]) -> Html:
    """Return the sessions told apart by one property after the other."""
    return tag("div", *(_breakdown(each) for each in found), class_="two")


def page(shown: PageShown) -> Html:
    """Return one page: its pictures and what was clicked on it."""
    drawn = [
        tag(
            "figure",
            tag("figcaption", figure.title),
            tag(
                "div",
                tag(
                    "img",
                    src=figure.data,
                    width=figure.width,
                    height=figure.height,
                    alt=". ".join((f"{figure.title} of {shown.page}", *figure.facts)),
                ),
                class_="paper",
                tabindex=0,
                role="region",
                aria_label=f"{figure.title} of {shown.page}, scrolls",
            ),
        )
        for figure in shown.figures
    ]
    return tag(
        "article",
        tag("h3", shown.page, " ", tag("small", count_text(shown.sessions, "session"))),
        tag("div", *drawn, class_="pictures") if drawn else None,
        _elements(shown.elements, of=shown.page) if shown.elements else None,
        class_="card",
    )


def friction(snags: Sequence[Snag], errors: Sequence[ScriptError], sessions: Sequence[SessionShown]) -> Html:
    """Return where people got stuck, what broke, and which sessions show it."""
    parts = [_snags(snags) if snags else None, _errors(errors) if errors else None]
    parts.append(_sessions(sessions) if sessions else None)
    if not any(parts):
        return tag("p", "No rage click, no dead click and no script error in this range.", class_="quiet")
    return tag("div", *parts, class_="stack")


def funnels(found: Sequence[FunnelShown]) -> Html:
    """Return the funnels, each step with its loss."""
    return tag("div", *(_funnel(each) for each in found), class_="stack")


def definitions(tiles: Iterable[Tile], footnotes: Iterable[str]) -> Html:
    """Return what the figures mean and what they leave out."""
    pairs = [part for each in tiles for part in (tag("dt", each.title), tag("dd", each.meaning))]
    notes = [tag("li", each) for each in footnotes]
    return joined(tag("dl", *pairs, class_="meanings"), tag("ul", *notes, class_="quiet") if notes else None)


def _tile(tile: Tile) -> Html:
    value = "–" if tile.value is None else value_text(tile.value, tile.shows)
    return tag("div", tag("dt", tile.title), tag("dd", tag("b", value), _change(tile)))


def value_text(value: float, shows: str) -> str:
    """Return a figure the way it is counted: ``count``, ``share``, ``duration`` or ``rate``."""
    if shows == "share":
        return f"{value:.0%}"
    if shows == "duration":
        return f"{value / 1000:.1f}s" if value < _MINUTE_MS else duration_text(round(value))
    return f"{value:,.0f}" if shows == "count" or value >= 10 else f"{value:.1f}"


def _change(tile: Tile) -> Html | None:
    if tile.value is None or tile.before is None:
        return None
    before = value_text(tile.before, tile.shows)
    change = tile.value / tile.before - 1 if tile.before else tile.value
    if abs(change) < _SAME or value_text(tile.value, tile.shows) == before:
        return tag("span", "as before", class_="same")
    if not tile.before:
        return tag("span", f"from {before}", class_="same")
    is_up = change > 0
    kind = "same" if tile.is_better_higher is None else "good" if is_up is tile.is_better_higher else "bad"
    shown = f"{abs(change):.0%}" if abs(change) < 10 else f"{tile.value / tile.before:,.0f}×"
    words = "more" if is_up else "less"
    arrow = tag("span", "▲" if is_up else "▼", aria_hidden="true")
    return tag("span", arrow, f" {shown} ", tag("span", words, class_="unseen"), f" from {before}", class_=kind)


def _breakdown(found: Breakdown) -> Html:
    most = max((each.sessions for each in found.groups), default=1) or 1
    columns = (
        Column(found.heading),
        Column("sessions", is_number=True),
        Column("", is_bar=True),
        Column("bounce", is_number=True, is_minor=True),
        Column("active", is_number=True, is_minor=True),
    )
    rows = [
        (
            each.label,
            f"{each.sessions:,}",
            share_bar(each.sessions / most),
            "" if each.bounce_ratio is None else f"{each.bounce_ratio:.0%}",
            "" if each.active_ms is None else duration_text(round(each.active_ms)),
        )
        for each in found.groups
    ]
    return table(found.title, columns, rows)


def _elements(elements: Sequence[Snag], *, of: str) -> Html:
    columns = (
        Column("element"),
        Column("sessions", is_number=True),
        Column("clicks", is_number=True),
        Column("rage", is_number=True),
        Column("dead", is_number=True),
    )
    rows = [
        (_element(each), f"{each.sessions:,}", f"{each.clicks:,}", _few(each.rage), _few(each.dead))
        for each in elements
    ]
    return table(f"Most clicked on {of}", columns, rows, is_card=False)


def _snags(snags: Sequence[Snag]) -> Html:
    columns = (
        Column("element"),
        Column("page"),
        Column("sessions", is_number=True),
        Column("rage", is_number=True),
        Column("dead", is_number=True),
        Column("of clicks", is_number=True, is_minor=True),
    )
    rows = [
        (_element(each), each.page, f"{each.sessions:,}", _few(each.rage), _few(each.dead), f"{each.clicks:,}")
        for each in snags
    ]
    return table("Elements that people got stuck on", columns, rows)


def _errors(errors: Sequence[ScriptError]) -> Html:
    columns = (
        Column("script error"),
        Column("page"),
        Column("sessions", is_number=True),
        Column("times", is_number=True),
    )
    rows = [(each.message, each.page, f"{each.sessions:,}", f"{each.times:,}") for each in errors]
    return table("Script errors", columns, rows)


def _sessions(sessions: Sequence[SessionShown]) -> Html:
    columns = (
        Column("session"),
        Column("started", is_short=True),
        Column("lasted", is_number=True),
        Column("pages", is_number=True, is_minor=True),
        Column("clicks", is_number=True, is_minor=True),
        Column("rage", is_number=True),
        Column("dead", is_number=True),
        Column("errors", is_number=True),
        Column("entry", is_long=True),
        Column("device", is_minor=True),
    )
    rows = [
        (
            tag("code", each.session[:8]),
            each.started,
            duration_text(each.duration_ms),
            f"{each.pageviews:,}",
            f"{each.clicks:,}",
            _few(each.rage),
            _few(each.dead),
            _few(each.errors),
            each.entry_page,
            each.device,
        )
        for each in sessions
    ]
    return table("Sessions to watch", columns, rows, note="Each with: usertrack replay SESSION")


def _funnel(found: FunnelShown) -> Html:
    if not found.steps:
        return tag(
            "figure", tag("figcaption", found.title), tag("p", found.note, class_="quiet"), class_="card"
        )
    first = found.steps[0].sessions or 1
    rows = []
    for number, step in enumerate(found.steps):
        before = found.steps[number - 1].sessions if number else step.sessions
        lost = before - step.sessions
        rows.append(
            (
                step.step,
                f"{step.sessions:,}",
                f"{step.sessions / first:.0%}",
                share_bar(step.sessions / first, kind="step"),
                f"−{lost:,} ({lost / before:.0%})" if number and before else "",
                duration_text(step.median_ms) if number and step.sessions else "",
            )
        )
    columns = (
        Column("step"),
        Column("sessions", is_number=True),
        Column("of first", is_number=True),
        Column("", is_bar=True, is_minor=True),
        Column("lost before it", is_number=True),
        Column("median time", is_number=True, is_minor=True),
    )
    return table(found.title, columns, rows)


def _element(snag: Snag) -> Html:
    where = selector_text(snag.selector)
    if not snag.text:
        return tag("code", where or "the page itself")
    return joined(snag.text, " ", tag("code", where) if where else None)


def _few(count: int) -> str:
    return f"{count:,}" if count else "–"
