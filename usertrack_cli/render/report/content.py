"""What a report shows, as plain values; nothing of it is markup yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usertrack_cli.render.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure of the range.

    Attributes:
        before: The same figure of the span before, ``None`` where it is not known.
        is_better_higher: ``None`` where neither direction is good.
    """

    title: str
    value: float | None
    before: float | None
    shows: str
    is_better_higher: bool | None
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart: its name, what stands below it where there is room, and how high it is."""

    label: str
    short: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sessions that have one property in common."""

    label: str
    sessions: int
    bounce_ratio: float | None
    active_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Sessions told apart by one property, the largest group first."""

    title: str
    heading: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture inside the file.

    Attributes:
        data: ``data:`` address.
        facts: What its caption says, a sentence each.
    """

    title: str
    data: str
    width: int
    height: int
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snag:
    """An element that people got stuck on."""

    page: str
    selector: str
    text: str
    sessions: int
    clicks: int
    rage: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptError:
    """An error of the site's own scripts."""

    page: str
    message: str
    sessions: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShown:
    """One page with its pictures and the elements that were clicked most."""

    page: str
    sessions: int
    figures: tuple[Figure, ...]
    elements: tuple[Snag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStep:
    """One step of a funnel; ``median_ms`` from the step before."""

    step: str
    sessions: int
    dropped: int
    median_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelShown:
    """A funnel; ``note`` says why it has no steps to show."""

    title: str
    steps: tuple[FunnelStep, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionShown:
    """One session of the list that is worth watching."""

    session: str
    started: str
    duration_ms: int
    pageviews: int
    clicks: int
    rage: int
    dead: int
    errors: int
    entry_page: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report shows.

    Attributes:
        dates: The range in words; ``facts`` are further sentences about it, filters included.
        days: Sessions by day, days without any included.
        hours: Sessions by hour of the day.
        replays: Sessions with a player of their own.
        footnotes: What the figures leave out.
    """

    site: str
    dates: str
    zone: str
    written_at: str
    version: str
    facts: tuple[str, ...]
    tiles: tuple[Tile, ...]
    days: tuple[Bar, ...]
    hours: tuple[Bar, ...]
    breakdowns: tuple[Breakdown, ...]
    pages: tuple[PageShown, ...]
    snags: tuple[Snag, ...]
    errors: tuple[ScriptError, ...]
    sessions: tuple[SessionShown, ...]
    funnels: tuple[FunnelShown, ...]
    replays: tuple[Recording, ...]
    footnotes: tuple[str, ...]
