"""A backup is the same store again, minus whoever was erased since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.senders import SECOND_AGENT, SECOND_IP, Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.restoration import restore
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog
from usertrack_cli.store.backup import back_up, backups_in, manifest_of
from usertrack_cli.store.home import Home
from usertrack_cli.store.ledger import known_erasures
from usertrack_cli.store.lock import WRITER, FileLock
from usertrack_cli.store.snapshot import snapshot

ROWS = "SELECT session, seq, idx, kind, x, y, visitor FROM events ORDER BY ALL"


def rows(home: Home) -> list[tuple[object, ...]]:
    return ask(home, Filter(), lambda con: con.execute(ROWS).fetchall())


@pytest.fixture
def stored(home: Home) -> Home:
    """Two visitors in segments, one of them in the inbox too."""
    Sender(home, session_id(1)).send(0, pageview(), click(100, 1, 5))
    Sender(home, session_id(2), ip=SECOND_IP, agent=SECOND_AGENT).send(0, pageview(), click(100, 2, 5))
    snapshot(home)
    return home


@pytest.fixture
def _nobody_drains(stored: Home) -> Iterator[None]:
    """As if serve were running: its writer holds the lock."""
    lock = FileLock(stored.root / WRITER)
    assert lock.acquire()
    yield
    lock.release()


def test_a_restored_backup_is_the_same_store(
    stored: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(stored)

    assert main(["backup", str(tmp_path / "b"), "--with-keys", "--data", str(stored.root)]) == 0
    assert main(["restore", str(tmp_path / "b"), "--no-ledger", "--data", str(tmp_path / "again")]) == 0

    again = Home(tmp_path / "again")
    assert rows(again) == before
    assert again.keys.read_bytes()[:15] == b"SQLite format 3"
    assert [path for path in again.root.rglob("*") if path.stat().st_mode & 0o077] == []
    capsys.readouterr()
    assert main(["doctor", "--deep", "--json", "--data", str(again.root)]) == 0
    assert {each["status"] for each in json.loads(capsys.readouterr().out)} == {"ok"}


@pytest.mark.usefixtures("_nobody_drains")
def test_what_waits_in_the_inbox_is_part_of_a_backup(stored: Home, tmp_path: Path) -> None:
    Sender(stored, session_id(3)).send(0, pageview())

    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    restore(tmp_path / "b", tmp_path / "again", ledger=None)

    assert {row[0] for row in rows(Home(tmp_path / "again"))} == {session_id(n) for n in (1, 2, 3)}


def test_the_keys_stay_out_unless_asked_for(stored: Home, tmp_path: Path) -> None:
    folder, _ = back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=False, keep=None)

    with closing(catalog.connect_keys(stored, may_create=False)) as keys:
        secret = keys.execute("SELECT key FROM keys").fetchone()[0]
    assert all(secret not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_second_backup_takes_no_space_for_what_the_first_has(stored: Home, tmp_path: Path) -> None:
    now_ms = clock.now_ms()
    first, _ = back_up(stored, tmp_path / "b", now_ms=now_ms, with_keys=False, keep=None)
    Sender(stored, session_id(3)).send(0, pageview())
    snapshot(stored)

    second, made = back_up(stored, tmp_path / "b", now_ms=now_ms + 1000, with_keys=False, keep=1)

    assert made.linked == 2
    assert backups_in(tmp_path / "b") == [second]
    assert not first.exists()
    assert manifest_of(second) == made
    restore(tmp_path / "b", tmp_path / "again", ledger=None)
    assert len(rows(Home(tmp_path / "again"))) == 5


def test_who_was_erased_since_the_backup_does_not_come_back(stored: Home, tmp_path: Path) -> None:
    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    erase(stored, [("default", session_id(1))])

    done = restore(tmp_path / "b", tmp_path / "again", ledger=stored.ledger)

    assert done.erased_again == 1
    assert {row[0] for row in rows(Home(tmp_path / "again"))} == {session_id(2)}
    again = b"".join(file.read_bytes() for file in (tmp_path / "again").glob("catalog.sqlite*"))
    assert Sender(stored, session_id(1)).visitor.encode() not in again
    assert known_erasures(tmp_path / "again" / "ledger").hold("default", session_id(1))


def test_without_the_ledger_the_erased_visitor_would_come_back(stored: Home, tmp_path: Path) -> None:
    """The control of the test above."""
    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    erase(stored, [("default", session_id(1))])

    restore(tmp_path / "b", tmp_path / "again", ledger=None)

    assert session_id(1) in {row[0] for row in rows(Home(tmp_path / "again"))}


def test_a_restore_without_a_ledger_is_refused_unless_told(
    stored: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)

    assert main(["restore", str(tmp_path / "b"), "--data", str(tmp_path / "again")]) == 6

    assert "--no-ledger" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()


def test_a_restore_into_what_is_left_of_a_store_keeps_its_ledger(stored: Home, tmp_path: Path) -> None:
    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    erase(stored, [("default", session_id(1))])
    entries = {file.name: file.read_bytes() for file in stored.ledger.iterdir()}
    lost = tmp_path / "lost"
    lost.mkdir(mode=0o700)
    stored.ledger.rename(lost / "ledger")

    restore(tmp_path / "b", lost, ledger=lost / "ledger")

    assert entries.items() <= {file.name: file.read_bytes() for file in (lost / "ledger").iterdir()}.items()
    assert {row[0] for row in rows(Home(lost))} == {session_id(2)}


def test_a_store_in_place_is_never_overwritten(stored: Home, tmp_path: Path) -> None:
    back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    before = rows(stored)

    with pytest.raises(StoreError, match="holds a store already"):
        restore(tmp_path / "b", stored.root, ledger=stored.ledger)

    assert rows(stored) == before


@pytest.mark.parametrize("name", ["catalog.sqlite", "segments"])
def test_a_damaged_backup_is_refused_and_nothing_is_put_in_place(
    stored: Home, tmp_path: Path, name: str
) -> None:
    folder, _ = back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    victim = folder / name if name.endswith("sqlite") else min((folder / name).rglob("*.parquet"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content))

    with pytest.raises(StoreError, match="damaged"):
        restore(tmp_path / "b", tmp_path / "again", ledger=None)

    assert not (tmp_path / "again").exists()
    assert list(tmp_path.glob(".again*")) == []


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_store_with_damage_can_be_backed_up_and_restored_without_it(
    stored: Home, tmp_path: Path, *, is_gone: bool
) -> None:
    Sender(stored, session_id(3)).send(0, pageview())
    snapshot(stored)
    victim = min(stored.segments.rglob("*.parquet"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content))
    if is_gone:
        victim.unlink()

    _, made = back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)
    restore(tmp_path / "b", tmp_path / "again", ledger=None)

    again = Home(tmp_path / "again")
    assert made.damaged == int(is_gone)
    assert {row[0] for row in rows(again)} == {session_id(3)}
    assert snapshot(again).damaged_rows == 4


def test_a_backup_that_fails_leaves_nothing(
    stored: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("usertrack_cli.store.backup._take", full)

    with pytest.raises(OSError, match="No space"):
        back_up(stored, tmp_path / "b", now_ms=clock.now_ms(), with_keys=True, keep=None)

    assert list((tmp_path / "b").iterdir()) == []
