"""To rrweb and back: an export is imported as the same session, once; other files are refused."""

from __future__ import annotations

import json
import re
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview
from usertrack_cli import api
from usertrack_cli.ingest.event import Box
from usertrack_cli.ingest.layout import layout_hash
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

BOXES: list[list[Any]] = [
    ["x", 0, 0, 1280, 64, "", 1, "header", -1],
    ["a", 40, 20, 100, 24, "Home", 1, "#home", -1],
    ["h", 40, 100, 600, 40, "Desks", 0, "h1", -1],
    ["f", 40, 180, 300, 40, "Name", 0, "#name", -1],
    ["b", 40, 240, 200, 40, "Buy", 0, "#buy", -1],
]


@pytest.fixture
def session(sender: Sender) -> str:
    name = layout_hash([Box(*box) for box in BOXES])
    layout = NewLayout(
        page="/shop",
        hash=name,
        document_w=1280,
        document_h=2400,
        viewport_w=1280,
        viewport_h=800,
        boxes=json.dumps(BOXES).encode(),
    )
    sender.send(
        0,
        pageview(),
        ["k", 500, name, 1280, 2400],
        ["m", 600, 0, 0, 300, 300, [60, -20, -10, 60, -20, -10]],
        click(1_500, 140, 260, selector="#buy", text="Buy"),
        ["s", 2_000, 0, 400],
        ["i", 3_000, "#name", 7, 0],
        ["x", 4_000, "signup", {"plan": "b"}],
        ["g", 4_500, "vip"],
        ["r", 5_000, 1000, 700, 1000, 2400],
        layouts=(layout,),
    )
    return sender.session


def rows_of(home: Home, session: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = ask(
        home,
        Filter(),
        lambda con: con.execute(
            "SELECT kind, x, y, scroll_y, value_length, source FROM events WHERE session = ? ORDER BY seq, idx",
            [session],
        ).fetchall(),
    )
    return found


def write(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(events)))
    return path


def foreign(at_ms: int = 1_795_000_000_000) -> list[dict[str, Any]]:
    """What rrweb's own recorder emits, shortened."""
    page = {
        "type": 0,
        "id": 1,
        "childNodes": [
            {
                "type": 2,
                "id": 2,
                "tagName": "body",
                "attributes": {},
                "childNodes": [
                    {
                        "type": 2,
                        "id": 3,
                        "tagName": "button",
                        "attributes": {"id": "pay"},
                        "childNodes": [{"type": 3, "id": 4, "textContent": "Pay 49 € as ada@example.org"}],
                    },
                    {"type": 2, "id": 5, "tagName": "input", "attributes": {}, "childNodes": []},
                ],
            }
        ],
    }
    size = {"width": 1000, "height": 700}
    moves = [{"x": 5 * n, "y": n, "id": 3, "timeOffset": -50 * (9 - n)} for n in range(10)]
    return [
        {
            "type": 4,
            "timestamp": at_ms,
            "data": {"href": "https://x.example/a?t=1#h", **size},
        },
        {
            "type": 2,
            "timestamp": at_ms + 1,
            "data": {"node": page, "initialOffset": {"left": 0, "top": 12}},
        },
        {"type": 3, "timestamp": at_ms + 900, "data": {"source": 1, "positions": moves}},
        {"type": 3, "timestamp": at_ms + 950, "data": {"source": 2, "type": 2, "id": 3, "x": 45, "y": 9.6}},
        {
            "type": 3,
            "timestamp": at_ms + 999,
            "data": {"source": 5, "id": 5, "text": "secret", "isChecked": False},
        },
        {"type": 3, "timestamp": at_ms + 1200, "data": {"source": 3, "id": 1, "x": 0, "y": 300}},
        {"type": 5, "timestamp": at_ms + 1300, "data": {"tag": "signup", "payload": {"plan": "b"}}},
        {"type": 3, "timestamp": at_ms + 1400, "data": {"source": 99}},
    ]


def test_an_export_comes_back_as_the_session_that_it_was(
    run: Run, home: Home, session: str, tmp_path: Path
) -> None:
    file = tmp_path / "session.json"

    exported = run("export", "--session", session[:22], "-o", str(file))
    done = run("import", "rrweb", str(file))

    assert (exported.code, exported.out) == (0, f"{file}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert done.code == 0, done.err
    twin = done.out.strip()
    told = ("pageview", "click", "scroll", "input", "custom", "tag", "resize", "layout")
    ours = [row[:5] for row in rows_of(home, session) if row[0] in told and row[0] != "layout"]
    theirs = [row[:5] for row in rows_of(home, twin) if row[0] in told and row[0] != "layout"]
    assert theirs == ours
    assert {row[5] for row in rows_of(home, twin)} == {"rrweb"}
    assert re.search(r"\[ +Buy +\]", run("replay", twin, "--at", "0.6").out)
    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT path, session FROM outputs").fetchall() == [(str(file), session)]


def test_the_same_file_twice_is_one_session(run: Run, home: Home, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", *foreign())
    first = run("import", "rrweb", str(file))
    before = rows_of(home, first.out.strip())

    again = run("import", "rrweb", str(file))
    with closing(catalog.connect(home)) as con:
        # What a store looks like 72 hours later: the batches are forgotten, the rows are not.
        con.execute("DELETE FROM batches")
    later = run("import", "rrweb", str(file))

    assert first.out == again.out == later.out
    assert "had been imported before" in again.err
    assert "had been imported before" in later.err
    assert rows_of(home, first.out.strip()) == before


def test_other_recorders_events_become_ours(run: Run, home: Home, tmp_path: Path) -> None:
    session = run("import", "rrweb", str(write(tmp_path / "a.json", *foreign()))).out.strip()

    recording = api.recording(home, site="default", session=session)
    rows = rows_of(home, session)
    clicked = next(event for event in recording.events if event.kind == "click")
    assert [row[0] for row in rows] == ["pageview", *["move"] * 10, "click", "input", "scroll", "custom"]
    assert (clicked.selector, clicked.text, clicked.x, clicked.y) == ("#pay", "Pay x € as x", 45, 9 + 12)
    assert recording.events[0].page == "/a"
    assert recording.started_at_ms == 1_795_000_000_001
    assert "secret" not in run("replay", session, "--json").out
    assert [event.value_length for event in recording.events if event.kind == "input"] == [6]


def test_lines_and_an_object_with_events_are_read_too(run: Run, tmp_path: Path) -> None:
    lines, wrapped = tmp_path / "a.jsonl", tmp_path / "b.json"
    lines.write_text("\n".join(json.dumps(event) for event in foreign()))
    wrapped.write_text(json.dumps({"events": foreign()}))

    assert run("import", "rrweb", str(lines)).out == run("import", "rrweb", str(wrapped)).out != ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"events": 3}',
        b"[1, 2, 3]",
        b'[{"type": 4, "timestamp": 1, "data": {}}]',
        b"[" * 100_000,
        json.dumps([{"type": 4, "timestamp": "x"}, {"type": 3, "timestamp": True}]).encode(),
    ],
)
def test_what_is_no_recording_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)

    done = run("import", "rrweb", str(file))

    assert (done.code, done.out) == (2, "")
    assert "hint" in done.err


def test_a_recording_that_lies_costs_only_its_lies(run: Run, home: Home, tmp_path: Path) -> None:
    events = foreign()
    start, nowhere = events[0]["timestamp"], {"x": "a", "y": 1e400}
    lies: list[dict[str, Any]] = [
        {
            "type": 3,
            "timestamp": start + 500,
            "data": {"source": 1, "positions": [None, nowhere]},
        },
        {"type": 3, "timestamp": start + 501, "data": {"source": 1, "positions": 7}},
        {
            "type": 3,
            "timestamp": start + 502,
            "data": {"source": 2, "type": 2, "id": [], "x": 10**30, "y": None},
        },
        {"type": 3, "timestamp": start + 503, "data": {"source": 0, "adds": [{"node": {"id": 9}}, 3]}},
        {"type": 3, "timestamp": start + 504, "data": {"source": 5, "id": 5, "text": 12}},
        {"type": 2, "timestamp": start + 505, "data": {"node": None}},
        {"type": 5, "timestamp": start + 506, "data": {"tag": "t" * 999, "payload": {"a": "\ud800\x1b[2J"}}},
        {"type": 3, "timestamp": start + 10**15, "data": {"source": 3}},
        {"type": "x", "timestamp": start + 507, "data": []},
    ]
    file = write(tmp_path / "a.json", *events, *lies)

    done = run("import", "rrweb", str(file))

    assert done.code == 0, done.err
    assert run("replay", done.out.strip()).code == 0
    assert len(rows_of(home, done.out.strip())) >= 15
