"""Replays of hostile sessions as files and in the player: nothing that a terminal or a page would obey."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.commands.conftest import Run
from tests.commands.terminal import Terminal, usertrack
from tests.commands.test_hostile import HOSTILE, NAUGHTY_STRINGS, forbidden_in, hostile_session
from tests.senders import session_id
from usertrack_cli.store.home import Home

OUR_SEQUENCES = re.compile(r"\x1b\[(?:\??[0-9;]*[hlmHJK])")
"""Modes, colours, places and wiping: all that a frame is written with."""


@pytest.fixture
def session(home: Home) -> str:
    """A session that says every hostile text."""
    hostile_session(home, session_id(1), HOSTILE[0], *HOSTILE[1:])
    return session_id(1)


def test_a_cast_holds_no_sequence_but_those_of_frames(run: Run, session: str, tmp_path: Path) -> None:
    file = tmp_path / "a.cast"

    assert run("replay", session, "--cast", str(file)).code == 0

    header, *events = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    assert forbidden_in(header["title"]) == ""
    assert {code for _, code, _ in events} == {"o", "m"}
    for _, code, data in events:
        assert forbidden_in(OUR_SEQUENCES.sub("", data) if code == "o" else data) == ""


def test_a_picture_is_drawn_and_an_svg_is_nothing_but_text(run: Run, session: str, tmp_path: Path) -> None:
    svg, png, gif = (tmp_path / f"a.{kind}" for kind in ("svg", "png", "gif"))

    for at in ("0", "2", "4.4"):
        assert run("replay", session, "--svg", str(svg), "--at", at).code == 0
        root = ET.fromstring(svg.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
            "svg",
            "title",
            "rect",
            "text",
            "path",
            "g",
        }
        assert forbidden_in("".join(root.itertext())) == ""
        assert run("replay", session, "--png", str(png), "--at", at).code == 0
    assert run("replay", session, "--gif", str(gif), "--size", "40x12").code == 0
    for file in (png, gif):
        with Image.open(file) as picture:
            picture.load()


def test_the_player_writes_no_sequence_but_its_own(home: Home, session: str) -> None:
    terminal = Terminal(usertrack("replay", session, "--data", str(home.root)), width=120, height=40)

    try:
        terminal.wait_for("page 1/")
        terminal.type("e")
        for place in "0123456789":
            terminal.type(place)
            terminal.read()
        terminal.type("tmine\r")
        terminal.wait_for("tagged mine")
        terminal.type("q")
        status, is_given_back = terminal.exit_status(), terminal.is_given_back
    finally:
        terminal.close()

    assert (status, is_given_back) == (0, True)
    written = OUR_SEQUENCES.sub("", terminal.written.decode("utf-8"))
    assert forbidden_in(written.replace("\r", "")) == ""


@pytest.mark.skipif(
    not NAUGHTY_STRINGS.exists(), reason="blns.json is not beside the repository, so its strings are not tried"
)
def test_no_naughty_string_gets_into_a_cast_or_out_of_an_svg(run: Run, home: Home, tmp_path: Path) -> None:
    naughty = [text for text in json.loads(NAUGHTY_STRINGS.read_text(encoding="utf-8")) if text]
    for number, start in enumerate(range(0, len(naughty), 60), start=1):
        hostile_session(home, session_id(number), *naughty[start : start + 60])

        session, cast, svg = session_id(number), tmp_path / "a.cast", tmp_path / "a.svg"
        assert run("replay", session, "--cast", str(cast), "--size", "40x12").code == 0
        assert run("replay", session, "--svg", str(svg)).code == 0
        for line in cast.read_text(encoding="ascii").splitlines()[1:]:
            assert forbidden_in(OUR_SEQUENCES.sub("", json.loads(line)[2])) == ""
        root = ET.fromstring(svg.read_text(encoding="utf-8"))  # noqa: S314 - our own file
        assert forbidden_in("".join(root.itertext())) == ""
