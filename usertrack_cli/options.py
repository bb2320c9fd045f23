"""Options that several commands share, each declared once, and what they add up to."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, wraps
from pathlib import Path
from typing import Annotated, Any, cast, get_args
from zoneinfo import ZoneInfo

import typer

from usertrack_cli import clock, suggestions
from usertrack_cli.controller import Language
from usertrack_cli.errors import UsageError
from usertrack_cli.queries.filters import SOURCES, Filter
from usertrack_cli.settings import (
    SETTINGS,
    Resolved,
    Settings,
    data_dir,
    read_file,
    resolve,
    site_slugs,
    zone_of,
)
from usertrack_cli.store.home import Home, open_home
from usertrack_cli.values import duration_ms

DEFAULT_RANGE = "30d"
DEVICES = ("desktop", "tablet", "mobile")
WIDTH_CLASSES = ("wide", "medium", "narrow")

DATA = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data directory; USERTRACK_DATA names it too.")
]
LANG = Annotated[str, typer.Option("--lang", help="Language of the text: en or de.")]
_SITE = Annotated[
    str | None,
    typer.Option(
        "--site", metavar="SLUG", help="Site; every site where it says so.", autocompletion=suggestions.sites
    ),
]

_FILTERS: dict[str, Any] = {
    "from_day": Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, for example 2026-11-01.")
    ],
    "to_day": Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, which is included.")],
    "last": Annotated[
        str | None,
        typer.Option("--last", metavar="SPAN", help=f"Or the last 12h, 7d …; {DEFAULT_RANGE} if unsaid."),
    ],
    "tz": Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Time zone of the dates.")],
    "device": Annotated[str | None, typer.Option("--device", help="desktop, tablet or mobile.")],
    "width_class": Annotated[
        str | None, typer.Option("--width-class", help="wide (from 1200 px), medium (from 768 px) or narrow.")
    ],
    "country": Annotated[str | None, typer.Option("--country", metavar="CC", help="Two letters, such as DE.")],
    "browser": Annotated[str | None, typer.Option("--browser", help="Family, such as Firefox.")],
    "referrer": Annotated[
        str | None, typer.Option("--referrer", metavar="TEXT", help="Only sessions that came from there.")
    ],
    "utm": Annotated[
        str | None,
        typer.Option("--utm", metavar="[NAME=]VALUE", help="Only of this campaign, such as source=news."),
    ],
    "clicked": Annotated[
        str | None,
        typer.Option("--clicked", metavar="SELECTOR", help="Only sessions that clicked this element."),
    ],
    "tag": Annotated[
        str | None,
        typer.Option("--tag", help="Only sessions with this tag, of the page, an operator or a rule."),
    ],
    "source": Annotated[
        str | None,
        typer.Option("--source", help="tracker, rrweb, log or all; what browsers recorded if unsaid, no logs."),
    ],
    "include_bots": Annotated[bool, typer.Option("--include-bots", help="Count automated browsers too.")],
}
_OUTPUTS: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print a JSON list.")],
    "as_nl": Annotated[bool, typer.Option("--nl", help="Print one JSON object a line.")],
    "as_csv": Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")],
}


@dataclass(frozen=True)
class Call:
    """What the shared options of one command add up to."""

    values: dict[str, Any]

    def __post_init__(self) -> None:
        """Refuse a contradiction before anything is read.

        Raises:
            UsageError: More than one output format was asked for.
        """
        if sum(self.wants.values()) > 1:
            raise UsageError("--json, --nl and --csv exclude each other", hint="leave one of them")

    @cached_property
    def data(self) -> Path:
        """The data directory, whether it exists or not."""
        return data_dir(self.values.get("data"))

    @cached_property
    def home(self) -> Home:
        """The data directory, which must exist."""
        return open_home(self.data)

    @cached_property
    def table(self) -> dict[str, Any]:
        """The settings file."""
        return read_file(self.data)

    @cached_property
    def resolved(self) -> Resolved:
        """The settings in force and where they came from."""
        flags = {n: value for n, value in self.values.items() if n in SETTINGS and n not in _FILTERS}
        if self.values.get("tz") is not None:
            flags["timezone"] = _zone_name(self.values["tz"])
        return resolve(self.table, site=self.values.get("site"), flags=flags)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.resolved.settings

    @property
    def site(self) -> str | None:
        """The site that was typed, or ``None``: some commands then mean every site."""
        return self.values.get("site")

    @property
    def sites(self) -> tuple[str, ...]:
        """The site that was typed, or every site of the settings."""
        return (self.site,) if self.site else site_slugs(self.table)

    @property
    def wants(self) -> dict[str, bool]:
        """The output flags, as :func:`usertrack_cli.console.chosen_format` takes them."""
        return {name: bool(self.values.get(name)) for name in _OUTPUTS}

    @cached_property
    def zone(self) -> ZoneInfo:
        """Zone that dates are read and printed in."""
        return zone_of(self.settings)

    def filter(self, *, page: str | None = None) -> Filter:
        """Return the shared filters; dates are whole days in the zone."""
        from_ms, to_ms = self._range()
        return Filter(
            site=self.settings.site,
            page=page,
            from_ms=from_ms,
            to_ms=to_ms,
            device=self._one_of("device", DEVICES),
            width_class=self._one_of("width_class", WIDTH_CLASSES),
            country=self.values.get("country"),
            browser=self.values.get("browser"),
            referrer=self.values.get("referrer"),
            utm=self.values.get("utm"),
            clicked=self.values.get("clicked"),
            tag=self.values.get("tag"),
            source=self._one_of("source", SOURCES),
            includes_bots=bool(self.values.get("include_bots")),
            groups=self.settings.page,
            rules=self.settings.tag,
        )

    def typed_filter(self, *, page: str | None = None) -> Filter:
        """Return the shared filters as far as they were typed: no site and no range unless asked for."""
        has_range = any(self.values.get(name) for name in ("from_day", "to_day", "last"))
        chosen = replace(self.filter(page=page), site=self.site)
        return chosen if has_range else replace(chosen, from_ms=None, to_ms=None)

    def midnight(self, day: date) -> int:
        """Return the instant at which a day begins in the zone, ms."""
        return int(datetime.combine(day, time(), tzinfo=self.zone).timestamp() * 1000)

    def _one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        value: str | None = self.values.get(name)
        return None if value is None else one_of(value, f"--{name.replace('_', '-')}", choices)

    def _range(self) -> tuple[int | None, int | None]:
        first, final, last = (self.values.get(name) for name in ("from_day", "to_day", "last"))
        if last is not None and (first or final):
            raise UsageError("--last excludes --from and --to", hint="leave one of them")
        if first or final:
            start = None if first is None else self.midnight(day_of(first))
            end = None if final is None else self.midnight(day_of(final) + timedelta(days=1))
            return start, end
        return clock.now_ms() - span_ms(last or DEFAULT_RANGE, "--last"), None


def _zone_name(text: str) -> str:
    """Return the time zone that was typed.

    Raises:
        UsageError: There is none of this name.
    """
    try:
        return str(SETTINGS["timezone"].parse(text))
    except ValueError as error:
        raise UsageError(f"--tz cannot be {text!r}: {error}") from error


def day_of(text: str) -> date:
    """Return the date that was typed.

    Raises:
        UsageError: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a date", hint="write it as 2026-11-23") from error


def span_ms(text: str, flag: str) -> int:
    """Return the milliseconds of a duration such as ``30m``.

    Raises:
        UsageError: It is none.
    """
    try:
        return duration_ms(text)
    except ValueError as error:
        raise UsageError(f"{flag} cannot be {text!r}: {error}") from error


def language_of(text: str) -> Language:
    """Return the language of ``--lang``.

    Raises:
        UsageError: Nothing is written in it.
    """
    return cast("Language", one_of(text, "--lang", get_args(Language)))


def one_of(value: str, flag: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` where the option has it.

    Raises:
        UsageError: It is none of ``choices``.
    """
    if value not in choices:
        raise UsageError(f"{flag} cannot be {value!r}", hint=f"one of {', '.join(choices)}")
    return value


def shared(
    *, filters: bool = False, outputs: bool = False, site: bool = True, settings: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command shared options and hand their values to it as ``call``.

    Args:
        filters: The range and the filters.
        outputs: ``--json``, ``--nl`` and ``--csv``.
        site: ``--site``.
        settings: Settings that the command takes as flags too.
    """
    options: dict[str, Any] = {"data": DATA}
    options |= {"site": _SITE} if site else {}
    options |= _FILTERS if filters else {}
    options |= _OUTPUTS if outputs else {}
    options |= {name: _setting_option(name) for name in settings}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        hints = typing.get_type_hints(command, include_extras=True)
        own = [p for p in inspect.signature(command).parameters.values() if p.name != "call"]

        @wraps(command)
        def wrapper(**values: Any) -> Any:
            return command(call=Call({name: values.pop(name) for name in options}), **values)

        parameters = [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        for name, annotation in options.items():
            default = False if typing.get_args(annotation)[0] is bool else None
            parameters.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            )
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapper

    return decorate


def _setting_option(name: str) -> Any:
    setting = SETTINGS[name]
    is_flag = isinstance(setting.default, bool)
    flag = f"--{name.replace('_', '-')}"
    if is_flag:
        return Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", help=setting.help)]
    return Annotated[str | None, typer.Option(flag, help=f"{setting.help} [{_shown(setting.default)}]")]


def _shown(default: object) -> str:
    if isinstance(default, list):
        return ",".join(default) or "none"
    return str(default) or "none"
