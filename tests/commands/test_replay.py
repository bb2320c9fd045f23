"""Replay without a terminal: text, JSON, files that appear whole, and what is refused."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import api
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home


@pytest.fixture
def session(sender: Sender) -> str:
    """A session with a move, a click that was slow, an input and a custom event."""
    sender.send(
        0,
        pageview(),
        ["m", 500, 0, 0, 100, 100, [60, 10, 5, 60, 10, 5]],
        click(1_000, 120, 110, text="Add to cart", reaction_ms=-1),
        ["i", 3_000, "#name", 7, 0],
        ["x", 4_000, "signup", {"plan": "b"}],
        pageview(5_000, "/cart", title="Cart", number=2),
        click(6_000, 60, 60, text="Checkout"),
    )
    return sender.session


def outputs_of(home: Home) -> list[tuple[str, str]]:
    with closing(catalog.connect(home)) as con:
        return con.execute("SELECT path, session FROM outputs ORDER BY path").fetchall()


def test_a_pipe_gets_a_storyboard_and_nothing_is_marked_as_watched(run: Run, session: str) -> None:
    done = run("replay", session[:8])

    assert done.code == 0, done.err
    assert "clicked “Add to cart” (#buy) → nothing for 5 s" in done.out
    assert "\x1b" not in done.out
    assert json.loads(run("sessions", "--json").out)[0]["is_watched"] is False


def test_a_transcript_is_a_line_a_moment(run: Run, session: str) -> None:
    lines = run("replay", session, "--transcript").out.splitlines()

    assert [line.split(" ", 1)[1].split(" ")[0] for line in lines] == [
        "opened",
        "clicked",
        "typed",
        "event",
        "opened",
        "clicked",
    ]


def test_one_frame_has_the_size_that_was_asked_for(run: Run, session: str) -> None:
    done = run("replay", session, "--at", "1", "--size", "60x20")

    assert len(done.out.splitlines()) == 20
    assert max(len(line) for line in done.out.splitlines()) <= 60


def test_json_has_the_events_and_what_follows_from_them(run: Run, session: str) -> None:
    found: dict[str, Any] = json.loads(run("replay", session, "--json").out)

    clicks = [event for event in found["events"] if event["kind"] == "click"]
    assert found["session"] == session
    assert [page["page"] for page in found["pages"]] == ["/shop", "/cart"]
    assert [(each["is_dead"], each["is_rage"]) for each in clicks] == [(True, False), (False, False)]
    assert clicks[0]["moment"].startswith("clicked “Add to cart”")
    assert (clicks[0]["viewport_x"], clicks[0]["viewport_y"]) == (120, 110)
    assert found["watched_ms"] <= found["duration_ms"]


def test_json_has_the_tags_of_the_page_and_those_given_by_hand(run: Run, home: Home, session: str) -> None:
    Sender(home, session).send(1, ["g", 7_000, "vip"])
    api.SessionLabels(home, site="default", session=session).add_tag("call back")

    assert json.loads(run("replay", session, "--json").out)["tags"] == ["call back", "vip"]


def test_notes_are_read_where_they_were_written_and_stay_out_of_files(
    run: Run, home: Home, session: str, tmp_path: Path
) -> None:
    labels = api.SessionLabels(home, site="default", session=session)
    labels.add_note("asks \x1b[2Jtwice", at_ms=1_500)
    labels.add_note("call back")

    assert json.loads(run("replay", session, "--json").out)["notes"] == [
        {"at_ms": 1_500, "note": "asks \x1b[2Jtwice"},
        {"at_ms": 0, "note": "call back"},
    ]
    told = run("replay", session, "--transcript").out.splitlines()
    assert "00:00 note: call back" in told
    assert "00:01 note: asks ·[2Jtwice" in told
    assert "note: call back" in run("replay", session).out
    for file, call in (
        ("a.cast", ["replay", session, "--cast"]),
        ("a.svg", ["replay", session, "--at", "1.6", "--svg"]),
        ("a.json", ["export", "--session", session, "-o"]),
        ("a.html", ["report", "--replays", "1", "-o"]),
    ):
        assert run(*call, str(tmp_path / file)).code == 0
        content = (tmp_path / file).read_text(encoding="utf-8")
        assert "call back" not in content and "twice" not in content, file


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_signs_gets_ascii_in_a_pipe_too(
    run: Run, session: str, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert not run("replay", session).out.isascii()

    monkeypatch.setenv(name, value)

    assert run("replay", session).out.isascii()
    assert run("replay", session, "--transcript").out.isascii()


@pytest.mark.parametrize(
    ("said", "is_ascii"),
    [
        ({"LANG": "C"}, True),
        ({"LC_ALL": "POSIX"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({}, False),
    ],
)
def test_a_locale_without_utf8_gets_ascii(
    home: Home, session: str, said: dict[str, str], *, is_ascii: bool
) -> None:
    command = [sys.executable, "-m", "usertrack_cli", "replay", session, "--at", "1", "--data", str(home.root)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "PYTHON"))}

    done = subprocess.run(command, capture_output=True, timeout=60, check=True, env=kept | said)

    assert done.stdout.isascii() is is_ascii
    assert done.stderr == b""


def test_several_sessions_follow_each_other(run: Run, session: str, sender: Sender) -> None:
    sender.again(session=session_id(2)).send(0, pageview(path="/help"))

    lines = run("replay", session, session_id(2), session, "--json").out.splitlines()

    assert [json.loads(line)["session"] for line in lines] == [session, session_id(2)]


def test_ids_are_read_from_standard_input(
    run: Run, session: str, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.again(session=session_id(2)).send(0, pageview(path="/help"))
    listing = run("sessions").out
    monkeypatch.setattr(sys, "stdin", io.StringIO(listing))

    lines = run("replay", "-", "--json").out.splitlines()

    assert {json.loads(line)["session"] for line in lines} == {session, session_id(2)}


def test_the_next_is_the_newest_that_nobody_has_watched(
    run: Run, home: Home, session: str, sender: Sender
) -> None:
    newer = sender.again(session=session_id(2), started_at=sender.batch(0).received_at - 5_000)
    newer.send(0, pageview(path="/help"), ["g", 900, "vip"])

    first = json.loads(run("replay", "--next", "--json").out)["session"]
    api.SessionLabels(home, site="default", session=first).mark_watched()
    second = json.loads(run("replay", "--next", "--json").out)["session"]

    assert (first, second) == (session_id(2), session)
    assert run("replay", "--next", "--tag", "vip", "--json").code == 3
    assert json.loads(run("replay", "--worst", "--json").out)["session"] == session


def test_files_are_whole_private_and_noted(run: Run, home: Home, session: str, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"replay.{kind}" for kind in ("cast", "gif", "svg", "png")}

    for kind, file in files.items():
        done = run("replay", session, f"--{kind}", str(file), "--size", "60x20")
        assert (done.code, done.out) == (0, f"{file}\n"), done.err

    assert json.loads(files["cast"].read_text().splitlines()[0])["version"] == 2
    with Image.open(files["gif"]) as picture:
        assert picture.n_frames > 5  # type: ignore[attr-defined]
    with Image.open(files["png"]) as picture:
        assert picture.size == (60 * 10 + 20, 20 * 20 + 20)
    assert files["svg"].read_text().startswith("<svg ")
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        ["data", *(file.name for file in files.values())]
    )
    assert outputs_of(home) == sorted((str(file), session) for file in files.values())


def test_a_file_that_cannot_be_written_leaves_what_was_there(
    run: Run, home: Home, session: str, tmp_path: Path
) -> None:
    done = run("replay", session, "--cast", str(tmp_path / "nowhere" / "x.cast"))

    assert (done.code, done.out) == (2, "")
    assert "cannot write" in done.err
    assert outputs_of(home) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--next", "--worst"],
        ["s000", "--next"],
        ["s000", "--tag", "vip"],
        ["s000", "--json", "--transcript"],
        ["s000", "--gif", "a.gif", "--svg", "a.svg"],
        ["s000", "--size", "9x9"],
        ["s000", "--size", "٣x٤"],
        ["s000", "--at", "nan"],
        ["s000", "--at", "inf"],
    ],
)
def test_calls_that_contradict_themselves_are_refused(run: Run, session: str, arguments: list[str]) -> None:
    done = run("replay", *[session if word == "s000" else word for word in arguments])

    assert (done.code, done.out) == (2, "")
    assert "hint" in done.err


def test_a_page_without_a_layout_borrows_one_of_its_width(run: Run, session: str, home: Home) -> None:
    boxes = json.dumps([["h", 40, 300, 300, 40, "Our nine desks", 0, "h1", -1]]).encode()
    with closing(catalog.connect(home)) as con:
        for width in (390, 1280):
            con.execute(
                "INSERT INTO layouts (site, page, hash, document_w, document_h, viewport_w, viewport_h, boxes,"
                " first_seen_at, last_seen_at) VALUES ('default', '/shop', ?, ?, 900, ?, 800, ?, 1, 1)",
                (f"w{width}", width, width, boxes),
            )

    shown = run("replay", session, "--at", "1", "--size", "100x30").out

    assert "Our nine desks" in shown
    assert "borrowed layout" in shown.splitlines()[0]
    assert "no layout of /cart was kept" in run("replay", session, "--at", "6").out
    with closing(catalog.connect(home)) as con:
        con.execute("DELETE FROM layouts WHERE viewport_w = 1280")
    assert "no layout of /shop was kept" in run("replay", session, "--at", "1").out
