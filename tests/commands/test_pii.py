"""``doctor --pii`` finds what slipped in, says it masked, and names the rule that keeps it out."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from tests.commands.conftest import Run
from tests.senders import Sender, click, pageview, session_id
from usertrack_cli.store import catalog
from usertrack_cli.store.home import Home
from usertrack_cli.store.inbox import NewLayout

MAIL, CARD, TOKEN, PHONE = (
    "jane.doe@example.com",
    "4111111111111111",
    "a8f5f167f44f4964e6c998dee827110c",
    "+49 170 1234567",
)


def found(run: Run) -> dict[tuple[str, str], dict[str, Any]]:
    done = run("doctor", "--pii", "--json")
    assert done.code == 4
    return {(row["place"], row["sign"]): row for row in json.loads(done.out)}


def fill(home: Home) -> None:
    sender = Sender(home, session_id(1))
    boxes = json.dumps([["b", 20, 40, 300, 60, f"Call {PHONE}", 0, "#hotline", -1]]).encode()
    layout = NewLayout(
        page="/shop", hash="abc", document_w=9, document_h=9, viewport_w=9, viewport_h=9, boxes=boxes
    )
    sender.send(
        0,
        pageview(0, f"/user/{MAIL}/orders"),
        pageview(10, "/shop", title=f"Order of {MAIL}", number=2),
        click(900, 1, 1, selector="#card", text=CARD),
        ["x", 1_000, "paid", {"token": TOKEN}],
        ["g", 1_100, f"customer {MAIL}"],
        layouts=(layout,),
    )
    with closing(catalog.connect(home)) as con:
        con.execute("INSERT INTO tags VALUES ('default', ?, ?, 1)", (session_id(1), f"asked {PHONE}"))


def test_each_place_is_found_with_the_rule_that_keeps_it_out(run: Run, home: Home) -> None:
    fill(home)

    said = found(run)

    assert said["page", "e-mail"]["rule"] == 'exclude_pages = ["/user/*/orders"]'
    assert said["title", "e-mail"]["rule"].startswith("exclude_pages = ")
    assert said["label", "card number"]["rule"] == 'mask_selectors = ["#card"]'
    assert said["label", "phone"]["rule"] == 'mask_selectors = ["#hotline"]'
    assert "record without custom" in said["event", "token"]["rule"]
    assert "record without tag" in said["tag", "e-mail"]["rule"]
    assert "usertrack tags" in said["tag", "phone"]["rule"]


def test_nothing_of_it_is_said(run: Run, home: Home) -> None:
    fill(home)

    for call in (["--json"], []):
        done = run("doctor", "--pii", *call)
        for secret in (MAIL, CARD, TOKEN, PHONE, "jane.doe", "170 1234567"):
            assert secret not in done.out + done.err


def test_a_clean_store_passes(run: Run, two_visitors: tuple[Sender, Sender]) -> None:
    done = run("doctor", "--pii")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("no e-mail address")


def test_what_is_restricted_is_not_looked_at(run: Run, home: Home) -> None:
    fill(home)
    run("restrict", "--session", session_id(1))

    assert run("doctor", "--pii").code == 0

    run("restrict", "--session", session_id(1), "--lift")
    assert run("doctor", "--pii").code == 4
