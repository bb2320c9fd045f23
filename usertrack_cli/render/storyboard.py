"""A recording as plain text: one frame for each moment that changed something."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.text import ascii_text
from usertrack_cli.render.transcript import MomentKind, clock_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usertrack_cli.render.recording import Recording
    from usertrack_cli.render.transcript import Moment

FRAMES_MAX = 40
"""Frames of a storyboard unless asked otherwise: a thousand lines are read, more are scrolled past."""

_SHOWN = (
    MomentKind.NOTE,
    MomentKind.RAGE,
    MomentKind.ERROR,
    MomentKind.PAGE,
    MomentKind.CUSTOM,
    MomentKind.INPUT,
    MomentKind.CLICK,
)
"""Kinds that get a frame, the ones to keep first where there are too many."""


def storyboard(
    recording: Recording,
    *,
    width: int = 80,
    height: int = 24,
    frames_max: int = FRAMES_MAX,
    capabilities: Capabilities | None = None,
) -> Iterator[str]:
    """Yield the lines of a storyboard, without an escape sequence among them.

    Args:
        frames_max: Where there are more moments, pages, errors and rage clicks go before input and
            clicks, those are spread over the session, and the last line says how many were left out.
        capabilities: Of the reader; its colours are not used.
    """
    capabilities = capabilities or Capabilities()
    screenplay = Screenplay(recording)
    told = [moment for moment in screenplay.timeline.moments if moment.kind in _SHOWN]
    kept = thinned(told, frames_max)
    for moment in kept:
        heading = f"{clock_text(moment.at_ms, tenths=True)}  {moment.text}"
        yield heading if capabilities.is_unicode else ascii_text(heading)
        grid = screenplay.frame(moment.at_ms, width=width, height=height, capabilities=capabilities)
        yield from grid.lines()
        yield ""
    if len(kept) < len(told):
        yield f"{len(told) - len(kept)} of {len(told)} moments were left out"


def thinned(told: Sequence[Moment], moments_max: int) -> list[Moment]:
    """Return so many moments at the most, in their order; what says the least goes first."""
    if len(told) <= moments_max:
        return list(told)
    ranked = sorted(range(len(told)), key=lambda place: _rank(told[place].kind))
    kept: list[int] = []
    for _, same in groupby(ranked, key=lambda place: told[place].kind):
        places, room = list(same), max(moments_max - len(kept), 0)
        count = min(len(places), room)
        kept += [places[turn * len(places) // count] for turn in range(count)]
    return [told[place] for place in sorted(kept)]


def _rank(kind: MomentKind) -> int:
    return _SHOWN.index(kind) if kind in _SHOWN else len(_SHOWN)
