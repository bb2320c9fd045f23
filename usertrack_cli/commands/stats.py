"""``usertrack stats``: the traffic in figures."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from usertrack_cli import api, console
from usertrack_cli.console import Format, Heading
from usertrack_cli.errors import UsageError
from usertrack_cli.options import Call, one_of, shared
from usertrack_cli.plural import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from usertrack_cli.naming import Conversion
    from usertrack_cli.queries.overview import Figures

_BYS = (
    "page", "entry", "exit", "route", "country", "browser", "os", "device", "referrer", "utm_source",
    "language", "screen", "hour", "weekday", "day", "tag",
)  # fmt: skip
_TICKS = "▁▂▃▄▅▆▇█"
_DAYS_MAX = 30
_TICKS_FROM = ((140, _DAYS_MAX), (100, 15), (0, 8))
"""Where there is less room a tick stands for several days, and columns beside them are not crowded out."""
_KEY_LEAST = 12
_KEYS_LEAST = {"page": 20, "entry": 20, "exit": 20, "referrer": 24, "route": 40}
"""Keys that begin alike need more room, and get it from the columns that say least."""


@shared(filters=True, outputs=True)
def command(
    *,
    call: Call,
    by: Annotated[str | None, typer.Option("--by", help=f"Tell sessions apart by {', '.join(_BYS)}.")] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, max=1000, help="Rows at the most: 20, of hours and days all."),
    ] = None,
    compare: Annotated[str | None, typer.Option("--compare", help="previous: beside the span before.")] = None,
    conversion: Annotated[
        str | None, typer.Option("--conversion", metavar="NAME", help="A [[conversion]] of the settings.")
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="With --by page: propose [[page]] groups.")
    ] = False,
    define: Annotated[str | None, typer.Option("--define", metavar="FIGURE", help="Say what it means.")] = None,
) -> None:
    """Show the traffic in figures.

    COUNTED are pageviews before consent, of nobody, where before_consent = "count". Pages that a [[page]]
    of the settings matches count as one; --suggest prints some to copy there.

    A narrow terminal has no room for DEAD, RAGE (of 1,000 clicks), COUNTED, DAYS, CONV, VISITORS and
    BEFORE, and leaves them out in this order; a pipe has them all. Access logs (--source log) know no
    BOUNCE, ACTIVE or DEPTH.

    Example:  usertrack stats --by page --last 7d --compare previous
    """
    if define is not None:
        _define(define)
        return
    if by is not None:
        one_of(by, "--by", _BYS)
    if compare is not None:
        one_of(compare, "--compare", ("previous",))
    if suggest:
        _suggest(call, by)
        return
    chosen = _conversion(call, conversion)
    found = api.overview(
        call.home,
        call.filter(),
        by=by,
        zone=call.zone,
        limit=limit,
        with_previous=compare is not None,
        conversion=chosen,
    )
    rows = _rows(found)
    form = console.chosen_format(**call.wants)
    if by is None and form is Format.TABLE:
        _vertical(found, rows, chosen)
    else:
        console.listing(_headings(by, rows), rows, form)
    if found.has_more:
        console.note(f"there are more than these {len(found.groups)}; --limit says how many to list")
    _notes(call, found)


def _define(figure: str) -> None:
    from usertrack_cli.queries.overview import DEFINITIONS

    if figure not in DEFINITIONS:
        raise UsageError(f"{figure!r} is not a figure", hint=f"one of {', '.join(DEFINITIONS)}")
    console.result(f"{figure}: {DEFINITIONS[figure]}")


def _suggest(call: Call, by: str | None) -> None:
    if by != "page":
        raise UsageError(
            "--suggest proposes groups of pages", hint="write: usertrack stats --by page --suggest"
        )
    found = api.suggested_groups(call.home, call.filter())
    for group, pages in found:
        console.result(f"[[page]]  # {count(pages, 'page')}")
        console.result(f"match = {_toml(group.match)}")
        console.result(f"name = {_toml(group.name)}\n")
    console.note(
        "copy what you want into usertrack.toml; of two groups that match a page the first counts"
        if found
        else "no place in the paths holds so many values that a group would help"
    )


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _conversion(call: Call, name: str | None) -> Conversion | None:
    """Return the conversion of that name, the first of the settings where none was named."""
    known = call.settings.conversion
    if name is None:
        return known[0] if known else None
    for each in known:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in known)
    hint = f"one of {names}" if names else "name one in usertrack.toml: [[conversion]] name = …, steps = […]"
    raise UsageError(f"there is no conversion {name!r} in the settings", hint=hint)


def _rows(found: api.Overview) -> list[dict[str, Any]]:
    """Return the groups, the span before, and the total, in this order."""
    rows = [_row(each) for each in found.groups]
    counted = found.counted if found.counted and found.counted.pageviews else None
    for row in rows:
        row["sessions_before"] = None if found.before is None else found.sessions_before.get(row["key"], 0)
        row["counted"] = counted.by_key.get(row["key"]) if counted else None
    total = _row(found.total, key="total")
    if found.before is not None:
        rows.append(_row(found.before, key="before"))
        total["sessions_before"] = found.before.sessions
    if found.counted is not None:
        total["counted"] = found.counted.pageviews or None
        total |= {name: getattr(found.counted, name) for name in _BANNER}
    total["bot_sessions"] = found.bots
    return [*rows, total]


_BANNER = ("banner_shown", "banner_accepted", "banner_declined")


def _row(figures: Figures, *, key: str | None = None) -> dict[str, Any]:
    converted = figures.conversions
    ratio = None if converted is None or not figures.sessions else converted / figures.sessions
    own = {"key": key if key is not None else figures.key, "days": list(figures.days)}
    nothing = dict.fromkeys(("sessions_before", "counted", *_BANNER, "bot_sessions"))
    return asdict(figures) | own | {"conversion_ratio": ratio} | nothing


def _headings(by: str | None, rows: list[dict[str, Any]]) -> tuple[Heading, ...]:
    days = sorted({day for row in rows for day, _ in row["days"]})
    width = console.terminal_width()
    ticks = next(ticks for least, ticks in _TICKS_FROM if width >= least)
    return (
        Heading("key", (by or "").upper(), is_flexible=True, least=_KEYS_LEAST.get(by or "", _KEY_LEAST)),
        Heading("sessions", "SESSIONS", "right"),
        Heading("sessions_before", "BEFORE", "right", is_optional=True),
        Heading("visitors", "VISITORS", "right", is_optional=True),
        Heading("pageviews", "VIEWS", "right"),
        Heading("bounce_ratio", "BOUNCE", "right", shows=lambda value: f"{value:.0%}"),
        Heading("active_ms", "ACTIVE", "right", shows=lambda value: console.duration_text(round(value))),
        Heading("depth_ratio", "DEPTH", "right", shows=lambda value: f"{value:.0%}"),
        Heading("conversion_ratio", "CONV", "right", shows=console.share_text, is_optional=True),
        Heading("days", "DAYS", shows=lambda value: _sparkline(value, days, ticks), is_optional=True),
        Heading("counted", "COUNTED", "right", is_optional=True),
        Heading("rage_per_1000", "RAGE‰", "right", shows=lambda value: f"{value:.0f}", is_optional=True),
        Heading("dead_per_1000", "DEAD‰", "right", shows=lambda value: f"{value:.0f}", is_optional=True),
    )


def _vertical(found: api.Overview, rows: list[dict[str, Any]], conversion: Conversion | None) -> None:
    """Print the totals one figure a line, which fits everything into eighty columns."""
    total, before = rows[-1], rows[0] if found.before is not None else None
    names: list[tuple[str, str, Callable[[Any], str]]] = [
        ("sessions", "sessions", str),
        ("visitors", "visitors", str),
        ("pageviews", "pageviews", str),
        ("bounce_ratio", "bounce", console.share_text),
        ("active_ms", "active time, mean", lambda value: console.duration_text(round(value))),
        ("depth_ratio", "scroll depth, mean", console.share_text),
        ("rage_per_1000", "rage clicks of 1,000", lambda value: f"{value:.1f}"),
        ("dead_per_1000", "dead clicks of 1,000", lambda value: f"{value:.1f}"),
        ("conversion_ratio", f"conversion: {conversion.name if conversion else ''}", console.share_text),
        ("bot_sessions", "sessions of bots", str),
    ]
    if found.counted is not None and any(total[name] for name in ("counted", *_BANNER)):
        names += [
            ("counted", "pageviews not recorded", str),
            *((name, name.replace("_", " "), str) for name in _BANNER),
        ]
    shown = [
        {
            "figure": title,
            "value": shows(total[key]),
            "before": None if before is None or before[key] is None else shows(before[key]),
            "change": _change(total[key], before[key]) if before else None,
        }
        for key, title, shows in names
        if total[key] is not None
    ]
    days = sorted({day for row in rows for day, _ in row["days"]})
    if len(days) > 1:
        each = {"figure": "sessions a day", "value": _sparkline(total["days"], days, _DAYS_MAX)}
        shown.insert(1, each | dict.fromkeys(("before", "change")))
    console.listing(
        (
            Heading("figure", "FIGURE"),
            Heading("value", "VALUE", "right"),
            Heading("before", "BEFORE", "right", is_optional=True),
            Heading("change", "CHANGE", "right", is_optional=True),
        ),
        shown,
        Format.TABLE,
    )


def _change(now: float | None, before: float | None) -> str | None:
    if now is None or not before:
        return None
    percent = round(100 * (now / before - 1))
    return f"{percent:+}%" if percent else "0%"


def _sparkline(counts: list[tuple[str, int]], days: list[str], ticks: int) -> str:
    """Return a tick for each day from the first to the last of ``days``, at most the newest thirty.

    Where there is room for fewer ticks each stands for as many days, the last for the newest.
    """
    if not counts or len(days) < 2:
        return ""
    by_day: dict[str, int] = dict(counts)
    last = date.fromisoformat(days[-1])
    span = min(_DAYS_MAX, (last - date.fromisoformat(days[0])).days + 1)
    each = -(-span // ticks)
    series = [
        sum(by_day.get(str(last - timedelta(days=back + more)), 0) for more in range(each))
        for back in reversed(range(0, span, each))
    ]
    peak = max(series) or 1
    return "".join(" " if not count else _TICKS[min(7, count * 8 // (peak + 1))] for count in series)


def _notes(call: Call, found: api.Overview) -> None:
    chosen = call.filter()
    fate = "counted too" if chosen.includes_bots else "left out; --include-bots counts them"
    console.note(f"{_range(call)}; {count(found.bots, 'session')} of bots {fate}")
    more = found.counted
    if more is not None and more.pageviews:
        console.note(
            f"{more.pageviews} pageviews were counted and not recorded,"
            f" {more.pageviews + found.total.pageviews} in all; banner shown {more.banner_shown},"
            f" accepted {more.banner_accepted}, declined {more.banner_declined}"
        )
    if call.settings.key_epoch != "never" and found.total.visitors:
        console.note(
            f"visitor keys are {call.settings.key_epoch}: a person who came in two of them counts twice"
        )


def _range(call: Call) -> str:
    chosen = call.filter()
    first = "the beginning" if chosen.from_ms is None else console.instant_text(chosen.from_ms, call.zone)
    last = "now" if chosen.to_ms is None else console.instant_text(chosen.to_ms, call.zone)
    return f"from {first} to {last}, {call.zone}"
