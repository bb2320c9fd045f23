"""An erased visitor is gone from every file, and nobody else is touched."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.errors import IncompleteError, UsageError
from usertrack_cli.lifecycle import erasure
from usertrack_cli.lifecycle.erasure import erase, finish_erasures
from usertrack_cli.lifecycle.matching import find_visitor
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout, Outcome
from usertrack_cli.store.snapshot import snapshot

BOXES = [
    ["h", 0, 0, 100, 40, "Secret of the first", 0, "#head", -1],
    ["b", 0, 50, 80, 30, "Buy", 0, "#buy", -1],
]
LAYOUT = NewLayout(
    page="/shop",
    hash="abc",
    document_w=1280,
    document_h=2400,
    viewport_w=1280,
    viewport_h=800,
    boxes=json.dumps(BOXES).encode(),
)


def rows_on_disk(home: Home) -> list[dict[str, Any]]:
    """Every row of every Parquet file below the data directory, whatever the catalog says."""
    return [
        row
        for file in sorted(home.root.rglob("*.parquet"))
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]


def sqlite_bytes(home: Home) -> bytes:
    return b"".join(file.read_bytes() for file in home.root.glob("catalog.sqlite*"))


@pytest.fixture
def first(home: Home) -> Sender:
    """A visitor with rows in a segment, in the inbox, and a layout of theirs."""
    visitor = Sender(home, session_id(1))
    visitor.send(0, pageview(), click(100, 10, 10, text="first canary"), layouts=(LAYOUT,))
    snapshot(home)
    visitor.again(session=session_id(3)).send(0, pageview(title="waiting canary"))
    return visitor


@pytest.fixture
def second(home: Home) -> Sender:
    """Another visitor whose rows share the files."""
    visitor = Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT)
    visitor.send(0, pageview(), click(100, 20, 20, text="second canary"))
    return visitor


def test_an_erased_visitor_is_gone_from_every_file(home: Home, second: Sender, first: Sender) -> None:
    others = [row for row in rows_on_disk(home) if row["session"] == second.session]

    found = find_visitor(home, ip=first.ip, user_agent=first.agent, site=None)
    done = erase(home, [(s.site, s.session) for s in found.sessions])

    assert {s.session for s in found.sessions} == {session_id(1), session_id(3)}
    assert done.rows == 3
    assert [row for row in rows_on_disk(home) if row["session"] == second.session] == others
    assert all(row["visitor"] != first.visitor for row in rows_on_disk(home))
    for canary in (
        first.visitor,
        session_id(1),
        session_id(3),
        "first canary",
        "waiting canary",
        "Secret of the first",
    ):
        left = sqlite_bytes(home)
        if canary in {session_id(1), session_id(3)}:
            continue  # the tombstone names the session for 72 h so that its late batches are dropped
        assert canary.encode() not in left


def test_without_secure_delete_the_bytes_would_stay(
    home: Home, first: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: it can fail."""
    erase_rows = erasure._erase_from_catalog

    def carelessly(con: Any, by_site: Any) -> None:
        con.execute("PRAGMA secure_delete = OFF")
        erase_rows(con, by_site)

    monkeypatch.setattr(erasure, "_erase_from_catalog", carelessly)

    erase(home, [("default", session_id(3)), ("default", session_id(1))])

    assert b"waiting canary" in sqlite_bytes(home) or b"Secret of the first" in sqlite_bytes(home)


def test_without_an_agent_every_agent_seen_is_tried(home: Home, first: Sender, second: Sender) -> None:
    found = find_visitor(home, ip=second.ip, user_agent=None, site=None)

    assert [s.session for s in found.sessions] == [second.session]
    assert found.agents == 2


def test_an_address_nobody_had_finds_nothing(home: Home, first: Sender) -> None:
    assert find_visitor(home, ip="192.0.2.1", user_agent=None, site=None).sessions == ()


def test_a_text_that_is_no_address_is_refused_without_repeating_it(home: Home) -> None:
    with pytest.raises(UsageError) as caught:
        find_visitor(home, ip="not an address", user_agent=None, site=None)

    assert "not an address" not in caught.value.message


def test_late_batches_of_an_erased_session_are_acknowledged_and_dropped(home: Home, first: Sender) -> None:
    erase(home, [("default", first.session)])

    assert first.send(7, pageview()) is Outcome.ERASED
    assert all(row["session"] != first.session for row in rows_on_disk(home))


def test_the_texts_of_a_layout_are_blanked_and_asked_for_again(home: Home, first: Sender) -> None:
    erase(home, [("default", first.session)])

    with closing(catalog.connect(home)) as con:
        boxes, needs_text = con.execute("SELECT boxes, needs_text FROM layouts").fetchone()
    assert json.loads(boxes) == [[*box[:5], "", *box[6:]] for box in BOXES]
    assert needs_text == 1


def test_texts_that_were_left_in_a_layout_would_not_be_verified(
    home: Home, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A control of the test above."""
    sender.send(0, pageview(), layouts=(LAYOUT,))
    monkeypatch.setattr(erasure, "blank_texts", lambda *_, **__: 0)

    with pytest.raises(IncompleteError, match=r"are still in layouts$"):
        erase(home, [("default", sender.session)])


@pytest.mark.parametrize("step", ["_erase_from_catalog", "_erase_from_segments", "_checkpoint", "_verify"])
def test_an_erasure_that_broke_off_is_finished_by_the_next_start(
    home: Home, first: Sender, second: Sender, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasure, step, crash)
    with pytest.raises(KeyboardInterrupt):
        erase(home, [("default", session_id(1)), ("default", session_id(3))])
    monkeypatch.undo()

    hidden = snapshot(home).hidden
    finished = finish_erasures(home)

    assert ("default", session_id(1)) in hidden
    assert finished == 2
    assert {row["session"] for row in rows_on_disk(home)} == {second.session}
    assert finish_erasures(home) == 0


def test_a_reader_that_keeps_the_log_open_makes_the_erasure_incomplete(
    home: Home, first: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "CHECKPOINT_WAIT_S", 0.2)
    with closing(catalog.connect(home)) as reader:
        reader.execute("PRAGMA busy_timeout = 0")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM batches").fetchone()

        with pytest.raises(IncompleteError):
            erase(home, [("default", first.session)])

    assert finish_erasures(home) == 1


def test_a_retired_file_loses_the_erased_rows_too(home: Home, first: Sender) -> None:
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE segments SET retired_at = ?", (clock.now_ms(),))

    erase(home, [("default", session_id(1)), ("default", session_id(3))])

    assert rows_on_disk(home) == []
