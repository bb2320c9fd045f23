"""Frames as readers see them: golden ones, at any size, from any text, in any order."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any, cast

import pytest

from usertrack_cli.render.frames import Screenplay, frame
from usertrack_cli.render.grid import Capabilities, Colours
from usertrack_cli.render.layout import Layout
from usertrack_cli.render.recording import Event, Recording
from usertrack_cli.render.storyboard import storyboard
from usertrack_cli.render.text import cell_width
from usertrack_cli.render.transcript import transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "replay"
NAUGHTY_STRINGS = Path(__file__).parents[2].parent / "shared" / "data" / "blns.json"
UNICODE, ASCII = Capabilities(), Capabilities(is_unicode=False, colours=Colours.NONE)
SIZES = [(80, 24), (100, 30), (160, 50)]
INSTANTS = {
    "shop": [0, 3_300, 5_500, 7_400, 14_500, 18_600, 30_000, 98_900, 100_500, 102_000],
    "phone": [3_100, 6_000, 12_100],
}
HOSTILE = [
    "\x1b[2J\x1b[31mred",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://evil\x1b\\link",
    "\x9b31m\x9d0;title\x9c",
    "a\r\nb\x08\x7f\x00",
    "\u202egpj.exe\u2066x\u2069",
    "zero\u200bwidth\ufeff\u00ad",
    "Z" + "\u0335\u0321\u0301" * 40,
    "tag\U000e0041\U000e007f \ud800 \u2028\u2029",
    "[/nope] [link=file:///etc/passwd]x[/link] [bold red]",
    "漢字" * 30,
    "👩\u200d🚀👍🏽❤\ufe0f",
]
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[mHJ]")


@pytest.fixture(params=["shop", "phone"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def recording(name: str, request: pytest.FixtureRequest) -> Recording:
    made: Recording = request.getfixturevalue(f"{name}_recording")
    return made


@pytest.mark.parametrize("capabilities", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frames_look_as_they_did(
    name: str, recording: Recording, width: int, height: int, capabilities: Capabilities
) -> None:
    charset = "unicode" if capabilities.is_unicode else "ascii"
    path = GOLDEN / f"{name}-{width}x{height}-{charset}.txt"
    screenplay = Screenplay(recording)

    drawn = "".join(
        f"== {at_ms} ms\n" + "\n".join(grid.lines()) + "\n"
        for at_ms in INSTANTS[name][:: 3 if width > 100 else 1]
        for grid in [screenplay.frame(at_ms, width=width, height=height, capabilities=capabilities)]
    )

    if os.environ.get("REWRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "height"), [*SIZES, (40, 12), (39, 30), (20, 5), (7, 3), (1, 1)])
def test_a_frame_has_the_size_that_was_asked_for(recording: Recording, width: int, height: int) -> None:
    for at_ms in (-5, 0, 7_400, 10**9):
        grid = frame(recording, at_ms, width=width, height=height, capabilities=ASCII)

        assert len(grid.characters) == len(grid.styles) == height
        assert [sum(map(cell_width, row)) for row in grid.characters] == [width] * height
        assert "".join(grid.lines()).isascii()


def test_a_frame_does_not_depend_on_the_frames_before_it(recording: Recording) -> None:
    visited = Screenplay(recording)
    instants = [turn * 7_919 % recording.duration_ms for turn in range(60)]

    for at_ms in instants:
        seen = visited.frame(at_ms, width=90, height=28, capabilities=UNICODE)
        fresh = Screenplay(recording).frame(at_ms, width=90, height=28, capabilities=UNICODE)

        assert seen.characters == fresh.characters
        assert seen.styles == fresh.styles


def test_the_pointer_is_on_what_was_clicked(shop_recording: Recording) -> None:
    lines = frame(shop_recording, 97_200, width=100, height=30, capabilities=UNICODE).lines()

    assert any(re.search(r"\[ *S?e?◉n?d? *\]", line) for line in lines)


def test_typing_shows_as_dots_and_plain_values_as_text(shop_recording: Recording) -> None:
    events = [
        dataclasses.replace(event, value="Ada Lovelace") if event.selector == "#name" else event
        for event in shop_recording.events
    ]
    plain = dataclasses.replace(shop_recording, events=tuple(events))

    masked_lines = frame(shop_recording, 21_500, width=100, height=30, capabilities=UNICODE).lines()
    plain_lines = frame(plain, 21_500, width=100, height=30, capabilities=UNICODE).lines()

    assert any("[•••••••••••____" in line for line in masked_lines)
    assert any("[Ada Lovelace___" in line for line in plain_lines)


def test_a_window_without_the_focus_says_so_until_it_has_it_again() -> None:
    events = [
        Event(at_ms=at_ms, kind=kind, page="/x", pageview=1, value=value)
        for at_ms, kind, value in ((0, "pageview", None), (1_000, "focus", "0"), (5_000, "focus", "1"))
    ]
    recording = Recording(session="s", site="d", started_at_ms=0, duration_ms=9_000, events=tuple(events))

    shown = [
        "another window has the focus"
        in "\n".join(frame(recording, at_ms, width=80, height=24, capabilities=UNICODE).lines())
        for at_ms in (500, 1_000, 4_999, 5_000)
    ]

    assert shown == [False, True, True, False]


def test_a_recording_without_events_or_layouts_can_be_watched() -> None:
    empty = Recording(session="s", site="default", started_at_ms=0, duration_ms=0)
    bare = dataclasses.replace(
        empty, events=(Event(at_ms=5, kind="move", page="/x", pageview=3, x=9, y=9),), duration_ms=10
    )

    assert len(frame(empty, 0, width=80, height=24, capabilities=UNICODE).lines()) == 24
    assert transcript(empty) == list(storyboard(empty)) == []
    shown = "\n".join(frame(bare, 10, width=80, height=24, capabilities=UNICODE).lines())
    assert "no layout of /x was kept" in shown


def hostile_recording(recording: Recording, text: str) -> Recording:
    """Return the recording with ``text`` in every field that holds any."""
    fields = ("page", "container", "text", "name", "props", "title")
    events = tuple(
        dataclasses.replace(
            event,
            value=text if event.kind in {"input", "hash"} else event.value,
            **cast(Any, {field: text for field in fields if getattr(event, field) is not None}),
        )
        for event in recording.events
    )
    layouts = {
        name: Layout(
            text,
            layout.hash,
            layout.document_w,
            layout.document_h,
            layout.viewport_w,
            layout.viewport_h,
            tuple(dataclasses.replace(box, text=text) for box in layout.boxes),
        )
        for name, layout in recording.layouts.items()
    }
    return dataclasses.replace(
        recording,
        session=text,
        site=text,
        country=text,
        browser=text,
        os=text,
        device=text,
        tags=(text,),
        events=events,
        layouts=layouts,
    )


def naughty_strings() -> list[str]:
    if not NAUGHTY_STRINGS.exists():
        return []
    strings: list[str] = json.loads(NAUGHTY_STRINGS.read_text(encoding="utf-8"))
    return strings


def forbidden_in(text: str) -> str:
    return "".join(
        character
        for character in text
        if not character.isprintable() or unicodedata.category(character) in {"Cf", "Cs", "Co", "Cc"}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_stored_text_reaches_the_terminal_raw(shop_recording: Recording, text: str) -> None:
    recording = hostile_recording(shop_recording, text)
    screenplay = Screenplay(recording)

    for at_ms in INSTANTS["shop"]:
        grid = screenplay.frame(at_ms, width=100, height=30, capabilities=UNICODE, shows_events=True)

        assert [sum(map(cell_width, row)) for row in grid.characters] == [100] * 30
        assert forbidden_in("".join(grid.lines())) == ""
        assert forbidden_in(SEQUENCE.sub("", grid.changes(None, Colours.TRUECOLOR))) == ""
    assert forbidden_in("".join(transcript(recording))) == ""
    assert forbidden_in("".join(storyboard(recording, frames_max=4))) == ""


@pytest.mark.skipif(not NAUGHTY_STRINGS.exists(), reason="blns.json is not beside the repository")
def test_no_naughty_string_reaches_the_terminal_raw(phone_recording: Recording) -> None:
    for text in naughty_strings():
        recording = hostile_recording(phone_recording, text)

        grid = frame(recording, 9_100, width=80, height=24, capabilities=UNICODE)

        assert forbidden_in("".join(grid.lines())) == "", text
        assert [sum(map(cell_width, row)) for row in grid.characters] == [80] * 24, text
