"""An erasure leaves a receipt that can be checked, says nothing of the person, and cannot be left out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli.app import main
from usertrack_cli.controller import Controller
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle import erasure
from usertrack_cli.lifecycle.erasure import erase, finish_erasures
from usertrack_cli.lifecycle.letter import letter
from usertrack_cli.lifecycle.receipt import canonical, chain_faults, fault_of, read_receipt, receipts
from usertrack_cli.lifecycle.request import Epoch, Request
from usertrack_cli.lifecycle.verification import verify_chain, verify_one
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import keyed_digest
from usertrack_cli.store.remembered import remember_list
from usertrack_cli.store.snapshot import snapshot

FIRST, SECOND = ("default", session_id(1)), ("default", session_id(2))


@pytest.fixture
def stored(home: Home) -> Home:
    """Two visitors whose rows share a file."""
    Sender(home, session_id(1)).send(0, pageview(), click(100, 1, 5))
    Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT).send(0, pageview(), click(100, 2, 5))
    snapshot(home)
    return home


def rewritten(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text())
    content["receipt"] |= changes
    file.write_text(json.dumps(content))


def test_a_receipt_says_what_was_found_and_names_the_sessions_by_keyed_digests(stored: Home) -> None:
    done = erase(stored, [FIRST], Request(by=("address",), sites=("default",), number="2026-17"))

    body = done.receipt.body
    assert (body["found"]["sessions"], body["found"]["events"], body["request"]) == (1, 2, "2026-17")
    assert body["sessions"] == [keyed_digest(bytes.fromhex(body["salt"]), *FIRST)]
    (file,) = body["files"]
    assert [len(file["before"]), len(file["after"])] == [1, 1]
    assert file["before"][0]["sha256"] != file["after"][0]["sha256"]
    assert fault_of(done.receipt) == ""


def test_a_receipt_names_no_address_agent_key_session_or_page(stored: Home) -> None:
    sender = Sender(stored, session_id(1))

    assert main(["delete", "--ip", sender.ip, "--ua", sender.agent, "--yes", "--data", str(stored.root)]) == 0

    for file in stored.ledger.iterdir():
        text = file.read_text()
        for secret in (sender.ip, sender.agent, "Firefox", sender.visitor, sender.session, "/shop", "pageview"):
            assert secret not in text, f"{secret} in {file.name}"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to check the signature with")
def test_the_signature_is_ed25519_as_another_program_understands_it(stored: Home, tmp_path: Path) -> None:
    done = erase(stored, [FIRST])

    key = bytes.fromhex("302a300506032b6570032100") + bytes.fromhex(done.receipt.body["public_key"])
    for name, content in (
        ("key.der", key),
        ("said", canonical(done.receipt.body)),
        ("signature", bytes.fromhex(done.receipt.signature)),
    ):
        (tmp_path / name).write_bytes(content)
    checked = subprocess.run(
        [
            *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER"),
            *("-rawin", "-in", "said", "-sigfile", "signature"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Signature Verified Successfully" in checked.stdout, checked.stderr


def test_receipts_are_chained_and_any_change_shows(stored: Home) -> None:
    erase(stored, [FIRST])
    second = erase(stored, [])
    third = erase(stored, [SECOND])
    assert chain_faults(receipts(stored.ledger)) == []

    rewritten(second.receipt.file, operator="somebody else")

    assert chain_faults(receipts(stored.ledger)) == [
        "receipt 2: its signature does not fit what it says",
        "receipt 3 does not follow the receipt before it",
    ]
    second.receipt.file.unlink()
    assert chain_faults(receipts(stored.ledger)) == ["receipt 2 is missing"]
    third.receipt.file.unlink()
    assert chain_faults(receipts(stored.ledger)) == []  # which is why a head is to be kept elsewhere
    assert verify_chain(stored, head=third.receipt.head).faults != ()


def test_a_receipt_signed_anew_with_another_key_does_not_pass(stored: Home) -> None:
    erase(stored, [FIRST])
    stored.seed.unlink()
    stored.seed.write_bytes(bytes(32))

    assert verify_chain(stored).faults == ("receipt 1 is signed with another key than this store has",)


def test_without_the_signing_key_nothing_is_signed_anew(stored: Home) -> None:
    erase(stored, [FIRST])
    stored.seed.unlink()

    with pytest.raises(StoreError, match="missing although receipts were signed"):
        erase(stored, [SECOND])
    assert not stored.seed.exists()
    assert main(["serve", "--port", "0", "--data", str(stored.root)]) == 6


def test_nothing_found_leaves_a_receipt_too(stored: Home) -> None:
    done = erase(stored, [], Request(by=("address",)))

    assert done.receipt.body["found"]["sessions"] == 0
    assert "found           nothing" in done.receipt.file.with_suffix(".txt").read_text()


def test_a_session_that_came_back_is_found_in_segments_inbox_and_labels(stored: Home) -> None:
    from contextlib import closing

    from usertrack_cli.store import catalog

    done = erase(stored, [FIRST])
    assert verify_one(stored, done.receipt).back == ()

    with closing(catalog.connect(stored)) as con:
        con.execute("DELETE FROM tombstones")
        con.execute("INSERT INTO tags VALUES ('default', ?, 'x', 1)", (session_id(1),))
    Sender(stored, session_id(1)).send(5, pageview())

    places = {place for place, _ in verify_one(stored, done.receipt).back}
    assert places == {"batches", "sessions_open", "tags"}
    snapshot(stored)
    assert any(place.endswith(".parquet") for place, _ in verify_chain(stored).back)
    assert main(["receipt", "verify", "--data", str(stored.root)]) == 5


def test_the_empty_row_that_an_erasure_leaves_in_the_last_list_is_nothing_undecodable(stored: Home) -> None:
    remember_list(stored, [FIRST, SECOND])

    done = erase(stored, [FIRST])

    assert verify_one(stored, done.receipt).undecodable == ()
    remember_list(stored, [FIRST, SECOND])
    assert verify_one(stored, done.receipt).back == (("the last list", 1),)


@pytest.mark.parametrize(
    "step",
    ["survey", "_bury", "_erase_from_catalog", "_erase_from_segments", "_checkpoint", "issue", "discard"],
)
def test_an_erasure_that_broke_off_leaves_one_receipt_with_all_it_found(
    stored: Home, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(erasure, step, crash)
    with pytest.raises(KeyboardInterrupt):
        erase(stored, [FIRST], Request(number="17"))
    monkeypatch.undo()

    finish_erasures(stored)

    made = receipts(stored.ledger)
    assert list(stored.ledger.glob("pending-*")) == []
    if step == "_bury":  # nothing was hidden or removed yet, so the call can simply be made again
        assert made == []
    else:
        assert [(each.body["request"], each.body["found"]["events"]) for each in made] == [("17", 2)]
        assert verify_chain(stored).back == ()
    assert chain_faults(made) == []


def test_a_withdrawal_of_consent_leaves_a_receipt_of_its_own(stored: Home) -> None:
    from contextlib import closing

    from usertrack_cli.store import catalog
    from usertrack_cli.store.withdrawal import wish_erasure

    with closing(catalog.connect(stored)) as con:
        wish_erasure(con, site="default", session=session_id(1), now_ms=1)

    assert finish_erasures(stored) == 1
    assert [each.body["reason"] for each in receipts(stored.ledger)] == ["withdrawal"]


def test_reading_a_receipt_needs_no_signing_library() -> None:
    code = (
        "import sys; from usertrack_cli.lifecycle import receipt, erasure; print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("language", "found", "nothing", "article"),
    [
        (
            "en",
            "By what you told us we found 1 visit with 2 recorded events, and erased",
            "There was therefore nothing to erase",
            "Article 11 GDPR",
        ),
        (
            "de",
            "Zu Ihren Angaben haben wir 1 Besuch mit 2 aufgezeichneten Ereignissen gefunden",
            "Es war daher nichts zu löschen",
            "Artikel 11 DSGVO",
        ),
    ],
)
def test_the_letter_says_what_was_found_or_not_and_what_cannot_be_linked(
    stored: Home, language: Any, found: str, nothing: str, article: str
) -> None:
    controller = Controller({"name": "Oak & Ember", "address": "Berlin", "contact": "mail@oak.example"})
    first = erase(stored, [FIRST], Request(unlinkable=(Epoch("default", 202501, 1_740_000_000_000),)))
    none = erase(stored, [])

    text = " ".join(letter(first.receipt, controller, language).split())
    assert found in text
    assert article in text
    assert "2025-01" in text
    assert first.receipt.head in text
    empty = " ".join(letter(read_receipt(none.receipt.file), controller, language).split())
    assert nothing in empty
    assert article not in empty
    assert "[" not in empty


def test_a_restore_erases_again_before_the_first_answer_and_the_chain_goes_on(
    stored: Home, tmp_path: Path
) -> None:
    from usertrack_cli.lifecycle.restoration import restore
    from usertrack_cli.store.backup import back_up

    erase(stored, [])
    back_up(stored, tmp_path / "backups", now_ms=1, with_keys=True, keep=None)
    erase(stored, [FIRST])

    again = Home(tmp_path / "again")
    restore(tmp_path / "backups", again.root, ledger=stored.ledger)

    chain = receipts(again.ledger)
    assert [(each.number, each.body["reason"]) for each in chain] == [
        (1, "delete"),
        (2, "delete"),
        (3, "restore"),
    ]
    done = verify_chain(again)
    assert (done.faults, done.back) == ((), ())
