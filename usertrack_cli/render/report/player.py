"""Replays inside the file: frames of text that a small script turns over, and what happened as a list."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from usertrack_cli.render.frames import Screenplay
from usertrack_cli.render.grid import Capabilities
from usertrack_cli.render.numbers import count_text, duration_text
from usertrack_cli.render.report.markup import Html, joined, tag, text
from usertrack_cli.render.storyboard import thinned
from usertrack_cli.render.transcript import MomentKind, clock_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usertrack_cli.render.recording import Recording
    from usertrack_cli.render.transcript import Moment

COLUMNS, ROWS = 80, 24
MOMENTS_MAX = 120
"""Moments of one session that get a frame; each is a few changed lines, some 300 bytes."""
_CONTROLS = (
    ("first", "|◀", "first moment"),
    ("before", "◀", "previous moment"),
    ("play", "▶ play", None),
    ("after", "▶", "next moment"),
)

_EVERYWHERE = str.maketrans(
    {chr(code): "·" for code in range(0x2801, 0x2900)} | dict(zip("▨✖↖▸◌★╌┄▮◉▶", "▒×▲►○*──▌●►", strict=True))
)
"""A character that the reader's font lacks comes from another, as wide as that likes, and shifts its line."""


@cache
def script() -> str:
    """Return the script that turns the frames over; the same in every report."""
    return (files("usertrack_cli.render.report") / "player.js").read_text(encoding="utf-8")


def player(recording: Recording, *, number: int, zone: str) -> Html:
    """Return one session: its facts, its player, and what happened as a list."""
    screenplay = Screenplay(recording)
    told = screenplay.timeline.moments
    moments = thinned(told, MOMENTS_MAX)
    frames = [_frame(screenplay, moment.at_ms) for moment in moments]
    still = _still(screenplay.timeline.highlight_ms, moments)
    title = f"Session {recording.session[:8]}"
    heading = tag("h3", title, id=f"replay-{number}")
    left_out = len(told) - len(moments)
    return tag(
        "article",
        heading,
        tag("p", _about(recording, zone), class_="quiet"),
        tag(
            "div",
            tag(
                "div",
                tag("pre", _lines(frames[still] if frames else ()), class_="screen", aria_hidden="true"),
                _controls(title, moments, still),
                class_="stage",
            ),
            _list(moments, still, title=title),
            class_="player",
            data_still=still,
        ),
        tag("p", f"{count_text(left_out, 'moment')} left out.", class_="quiet") if left_out else None,
        _data(moments, frames),
        class_="card",
        aria_labelledby=f"replay-{number}",
    )


def _frame(screenplay: Screenplay, at_ms: int) -> list[str]:
    grid = screenplay.frame(at_ms, width=COLUMNS, height=ROWS, capabilities=Capabilities())
    return [line.translate(_EVERYWHERE) for line in grid.lines()]


def _lines(frame: Sequence[str]) -> Html:
    # Line by line: the guard makes a space of every line end.
    return Html("\n".join(text(line) for line in frame))


def _still(highlight_ms: int, moments: Sequence[Moment]) -> int:
    """Return which moment stands there before anything is pressed: the one most worth seeing."""
    return min(range(len(moments)), key=lambda place: abs(moments[place].at_ms - highlight_ms), default=0)


def _about(recording: Recording, zone: str) -> str:
    started = datetime.fromtimestamp(recording.started_at_ms / 1000, tz=ZoneInfo(zone)).strftime(
        "%Y-%m-%d %H:%M"
    )
    facts = [f"{started} {zone}", f"lasted {duration_text(recording.duration_ms)}"]
    facts += [each for each in (recording.country, recording.browser, recording.os, recording.device) if each]
    facts += [f"#{name}" for name in recording.tags]
    return " · ".join(facts)


def _controls(title: str, moments: Sequence[Moment], still: int) -> Html:
    buttons = [
        tag("button", label, type="button", data_does=does, aria_label=spoken)
        for does, label, spoken in _CONTROLS
    ]
    slider = tag(
        "input",
        type="range",
        min=0,
        max=max(len(moments) - 1, 0),
        value=still,
        step=1,
        aria_label=f"{title}: moment",
    )
    at = clock_text(moments[still].at_ms, tenths=True) if moments else ""
    said = f"{at}  {moments[still].text}" if moments else ""
    return joined(
        tag("p", tag("output", said, aria_live="polite"), class_="now"),
        tag("div", *buttons, slider, class_="controls", role="group", aria_label=f"{title}: player"),
    )


def _list(moments: Sequence[Moment], still: int, *, title: str) -> Html:
    items = [
        tag(
            "li",
            tag(
                "button",
                tag("time", clock_text(moment.at_ms, tenths=True)),
                " ",
                tag("span", moment.text),
                type="button",
                data_frame=place,
                aria_current="step" if place == still else None,
                class_=_kind(moment),
            ),
        )
        for place, moment in enumerate(moments)
    ]
    return tag("ol", *items, class_="moments", aria_label=f"{title}: what happened")


def _kind(moment: Moment) -> str | None:
    if moment.kind in {MomentKind.RAGE, MomentKind.ERROR} or moment.nothing:
        return "bad"
    return "page" if moment.kind is MomentKind.PAGE else None


def _data(moments: Sequence[Moment], frames: Sequence[Sequence[str]]) -> Html:
    """Return the frames for the script: most lines of a frame are those of the frame before it."""
    places: dict[str, int] = {}
    rows = [[places.setdefault(line, len(places)) for line in frame] for frame in frames]
    content = {"lines": list(places), "at": [moment.at_ms for moment in moments], "frames": rows}
    # Inside a script element nothing is unescaped, so no "<" may stand there at all.
    written = json.dumps(content, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return tag("script", Html(written), type="application/json")
