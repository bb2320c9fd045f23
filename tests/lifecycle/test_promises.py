"""A restored store knows every restriction, objection and revocation, however old the backup is."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.senders import FIRST_IP, Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle import restoration
from usertrack_cli.lifecycle.objection import record_objection
from usertrack_cli.lifecycle.restoration import restore
from usertrack_cli.lifecycle.restriction import restrict
from usertrack_cli.lifecycle.revocation import revoke_consent
from usertrack_cli.store import catalog
from usertrack_cli.store.backup import back_up
from usertrack_cli.store.consents import withdrawn
from usertrack_cli.store.home import Home
from usertrack_cli.store.objections import Objections
from usertrack_cli.store.restrictions import restricted_sessions
from usertrack_cli.store.snapshot import snapshot

AGENT = "Firefox"


def backed_up(home: Home, tmp_path: Path) -> Path:
    """A backup with keys of a store with three sessions, one of them restricted, and nothing else asked."""
    for number in (1, 2, 3):
        Sender(home, session_id(number)).send(0, pageview())
    snapshot(home)
    record_objection(home, ip="192.0.2.50", user_agent=None, sites=["default"])
    restrict(home, [("default", session_id(3))])
    return back_up(home, tmp_path / "backups", now_ms=clock.now_ms(), with_keys=True, keep=None)[0]


def asked_since(home: Home) -> None:
    restrict(home, [("default", session_id(1)), ("default", session_id(2))])
    restrict(home, [("default", session_id(2)), ("default", session_id(3))], is_lifted=True)
    record_objection(home, ip=FIRST_IP, user_agent=AGENT, sites=["default"])
    record_objection(home, ip="192.0.2.50", user_agent=None, sites=["default"], is_lifted=True)
    revoke_consent(home, site="default", token="tok")  # noqa: S106 - no password


def test_a_restored_backup_keeps_what_was_promised_since(home: Home, tmp_path: Path) -> None:
    backup = backed_up(home, tmp_path)
    asked_since(home)

    done = restore(backup, tmp_path / "restored", ledger=home.ledger)

    restored = Home(tmp_path / "restored")
    assert (done.promised.restricted, done.promised.objections, done.promised.lost) == (1, 1, 0)
    assert ("default", session_id(1)) in snapshot(restored).hidden
    with (
        closing(catalog.connect(restored)) as con,
        closing(catalog.connect_keys(restored, may_create=False)) as keys,
    ):
        assert [row[1] for row in restricted_sessions(con)] == [session_id(1)]
        objections = Objections(con, keys)
        assert objections.hold("default", FIRST_IP, AGENT)
        assert not objections.hold("default", "192.0.2.50", "any")
        assert withdrawn(con, {("default", "tok")})


def test_without_that_the_backup_would_break_them(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = backed_up(home, tmp_path)
    asked_since(home)
    monkeypatch.setattr(restoration, "keep_promises", lambda *_: None)

    restore(backup, tmp_path / "restored", ledger=home.ledger)

    with closing(catalog.connect(Home(tmp_path / "restored"))) as con:
        assert [row[1] for row in restricted_sessions(con)] == [session_id(3)]


def test_objections_without_their_key_are_dropped_and_counted(home: Home, tmp_path: Path) -> None:
    backup = backed_up(home, tmp_path)
    (backup / "keys.sqlite").unlink()

    done = restore(backup, tmp_path / "restored", ledger=home.ledger)

    assert done.promised.lost == 1


def test_a_ledger_that_cannot_be_read_restores_nothing(home: Home, tmp_path: Path) -> None:
    backup = backed_up(home, tmp_path)
    ledger = tmp_path / "ledger"
    shutil.copytree(home.ledger, ledger)
    next(ledger.glob("request-*.json")).write_text("{")

    with pytest.raises(StoreError, match="cannot be read"):
        restore(backup, tmp_path / "restored", ledger=ledger)

    assert not (tmp_path / "restored").exists()
