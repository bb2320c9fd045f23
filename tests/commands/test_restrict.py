"""Restricted sessions are kept and shown by no command; lifting brings them back."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.commands.conftest import Run
from tests.senders import FIRST_IP, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli.api.layouts import layouts
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

SEEN = "Only they saw this"


def listed(run: Run) -> set[str]:
    done = run("sessions", "--json")
    return {row["session"] for row in json.loads(done.out)} if done.code == 0 else set()


def layout(text: str) -> NewLayout:
    boxes: list[list[Any]] = [["b", 20, 40, 300, 60, text, 0, "#buy", -1]]
    return NewLayout(
        page="/shop",
        hash="abc",
        document_w=1280,
        document_h=2400,
        viewport_w=1280,
        viewport_h=800,
        boxes=json.dumps(boxes).encode(),
    )


def test_what_is_restricted_is_in_no_answer_picture_or_export_until_that_is_lifted(
    run: Run, two_visitors: tuple[Sender, Sender], tmp_path: Path
) -> None:
    done = run("restrict", "--ip", SECOND_IP, "--request", "2026-14")

    assert done.code == 0
    assert "restricted: 1 session" in done.out
    assert listed(run) == {session_id(1)}
    assert "/cart" not in run("pages", "--json").out
    assert run("sql", "SELECT count(DISTINCT session) FROM events", "--csv").out.split()[-1] == "1"
    assert json.loads(run("stats", "--json").out)[0]["sessions"] == 1
    for command in (
        ["heatmap", "--page", "/cart", "-o", str(tmp_path / "h.png")],
        ["scrollmap", "--page", "/cart", "-o", str(tmp_path / "s.png")],
        ["elements", "--page", "/cart"],
        ["replay", session_id(2)],
        ["export", "--session", session_id(2)],
    ):
        assert run(*command).code == 3, command
    assert session_id(2) in run("restrict", "--list").out

    lifted = run("restrict", "--session", session_id(2), "--lift")

    assert "shown again: 1 session" in lifted.out
    assert listed(run) == {session_id(1), session_id(2)}


def test_no_page_is_drawn_with_texts_that_a_restricted_session_brought(run: Run, home: Home) -> None:
    def drawn() -> list[str]:
        return [box.text for each in layouts(home, "default", {("/shop", "abc")}) for box in each.boxes]

    first = Sender(home, session_id(1))
    first.send(0, pageview(), ["k", 10, "abc", 1280, 2400], layouts=(layout(SEEN),))
    assert drawn() == [SEEN]

    run("restrict", "--session", session_id(1))
    hidden = drawn()
    run("restrict", "--session", session_id(1), "--lift")

    assert hidden == [""]
    assert drawn() == [SEEN]


def test_a_dry_run_and_an_unknown_address_change_nothing(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    assert run("restrict", "--ip", FIRST_IP, "--dry-run").code == 0
    nobody = run("restrict", "--ip", "192.0.2.99")
    assert (nobody.code, nobody.out) == (0, "nothing found, nothing changed\n")
    assert run("restrict").code == 2
    assert run("restrict", "--ip", "no address").code == 2
    assert listed(run) == {session_id(1), session_id(2)}


def test_the_ledger_says_who_and_when_and_nothing_about_the_visitor(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender]
) -> None:
    run("restrict", "--ip", FIRST_IP, "--request", "2026-14")

    (entry,) = home.ledger.glob("request-*.json")
    said = json.loads(entry.read_text())
    assert (said["kind"], said["request"], len(said["sessions"])) == ("restrict", "2026-14", 1)
    for secret in (FIRST_IP, session_id(1), "Firefox", "/shop"):
        assert secret not in entry.read_text()


def test_what_arrives_of_a_restricted_session_is_hidden_too_and_delete_still_reaches_it(
    run: Run, home: Home, two_visitors: tuple[Sender, Sender]
) -> None:
    run("restrict", "--ip", FIRST_IP)
    two_visitors[0].send(1, click(3_000, 9, 9))
    assert listed(run) == {session_id(2)}

    assert "erased 1 session" in run("delete", "--ip", FIRST_IP, "--yes").out
    with closing(catalog.connect(home)) as con:
        assert con.execute("SELECT count(*) FROM restrictions").fetchone() == (0,)
