"""Keys live as long as something needs them, and no longer; where they are lost nothing starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.test_rrweb import foreign
from tests.senders import FIRST_IP, Sender, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.clock import DAY_MS
from usertrack_cli.commands.init import prepare
from usertrack_cli.errors import StoreError
from usertrack_cli.lifecycle.erasure import erase
from usertrack_cli.lifecycle.keys import GRACE_MS, destroy_idle_keys, key_states
from usertrack_cli.lifecycle.matching import find_visitor
from usertrack_cli.lifecycle.receipt import receipts
from usertrack_cli.store import catalog
from usertrack_cli.store.drain import expire
from usertrack_cli.store.epochs import epoch_end_ms
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import SERVE, FileLock
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.visitor import Keyring, epoch_at

OLD_MS = clock.now_ms() - 100 * DAY_MS
OLD_EPOCH = epoch_at(OLD_MS, "monthly")


def live(home: Home) -> set[int]:
    return {each.epoch for each in key_states(home) if each.is_live}


def secret(home: Home, epoch: int) -> bytes:
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        return next(key.secret for _, key in Keyring(keys).live() if key.epoch == epoch)


def destroy(home: Home) -> list[tuple[str, int]]:
    return destroy_idle_keys(home, now_ms=clock.now_ms())


@pytest.fixture
def old(home: Home) -> Sender:
    """A visitor of an epoch that is over: one session in a segment, nothing else left of it."""
    sender = Sender(home, session_id(1), started_at=OLD_MS, received_at=OLD_MS)
    sender.send(0, pageview())
    snapshot(home)
    with closing(catalog.connect(home)) as con:
        expire(con, now_ms=clock.now_ms())
    return sender


def test_a_key_is_destroyed_when_the_last_row_of_its_epoch_is_gone(home: Home, old: Sender) -> None:
    gone = secret(home, OLD_EPOCH)
    assert destroy(home) == []

    erase(home, [("default", old.session)])

    assert destroy(home) == [("default", OLD_EPOCH)]
    assert OLD_EPOCH not in live(home)
    assert all(gone not in file.read_bytes() for file in home.root.glob("keys.sqlite*"))


def test_the_key_of_an_epoch_that_still_runs_stays_without_data(home: Home) -> None:
    assert destroy(home) == []
    assert live(home) == {epoch_at(clock.now_ms(), "monthly")}


def in_segment(home: Home, old: Sender) -> None:
    pass


def in_inbox(home: Home, old: Sender) -> None:
    erase(home, [("default", old.session)])
    Sender(home, session_id(2), started_at=OLD_MS, received_at=OLD_MS).send(0, pageview())


def in_open_session(home: Home, old: Sender) -> None:
    in_inbox(home, old)
    with closing(catalog.connect(home)) as con:
        con.execute("DELETE FROM batches")


def in_damaged_file(home: Home, old: Sender) -> None:
    (file,) = home.segments.rglob("*.parquet")
    file.write_bytes(b"x" * file.stat().st_size)
    assert snapshot(home).damaged_files == 1


def in_quarantined_batch(home: Home, old: Sender) -> None:
    in_inbox(home, old)
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE batches SET body = CAST('nothing' AS BLOB)")
    assert snapshot(home).damaged_files == 1
    with closing(catalog.connect(home)) as con:
        for table in ("batches", "sessions_open", "quarantine"):
            con.execute(f"DELETE FROM {table}")  # noqa: S608 - own names


def in_retired_file(home: Home, old: Sender) -> None:
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE segments SET retired_at = ?", (clock.now_ms(),))


@pytest.mark.parametrize(
    "place",
    [in_segment, in_inbox, in_open_session, in_damaged_file, in_quarantined_batch, in_retired_file],
    ids=lambda place: place.__name__,
)
def test_a_key_stays_while_anything_belongs_to_its_epoch(
    home: Home, old: Sender, place: Callable[[Home, Sender], None]
) -> None:
    place(home, old)

    assert destroy(home) == []
    assert OLD_EPOCH in live(home)


def test_no_key_is_destroyed_while_the_clock_cannot_be_trusted(home: Home, old: Sender) -> None:
    erase(home, [("default", old.session)])
    with closing(catalog.connect(home)) as con:
        con.execute("INSERT INTO jobs VALUES ('clock', 0, ?, '')", (OLD_MS,))

    assert destroy(home) == []


def test_an_epoch_that_never_ends_is_over_when_the_setting_says_so(home: Home) -> None:
    with closing(catalog.connect_keys(home, may_create=False)) as keys:
        Keyring(keys).key("default", 0, ipv6_prefix=64, now_ms=1)
    settings = home.root / "usertrack.toml"

    settings.write_text('key_epoch = "never"\n')
    assert destroy(home) == []
    settings.write_text('key_epoch = "monthly"\n')
    serving = FileLock(home.root / SERVE)
    assert serving.acquire()
    assert destroy(home) == []  # that serve may have been started with the other setting
    serving.release()
    assert destroy(home) == [("default", 0)]


@pytest.mark.parametrize("epoch", [202511, 202512, 20251231, 20260228])
def test_an_epoch_ends_where_the_next_begins(epoch: int) -> None:
    end_ms = epoch_end_ms(epoch)

    assert end_ms is not None
    kind = "daily" if epoch > 999_999 else "monthly"
    assert epoch_at(end_ms - 1, kind) == epoch  # type: ignore[arg-type]
    assert epoch_at(end_ms, kind) > epoch  # type: ignore[arg-type]
    assert GRACE_MS > 3 * DAY_MS


def test_what_a_destroyed_key_named_is_said_to_belong_to_nobody(
    home: Home, old: Sender, capsys: pytest.CaptureFixture[str]
) -> None:
    erase(home, [("default", old.session)])
    destroy(home)

    assert main(["delete", "--ip", FIRST_IP, "--yes", "--data", str(home.root)]) == 0

    assert f"1 key destroyed (default {OLD_EPOCH})" in capsys.readouterr().err
    (unlinkable,) = receipts(home.ledger)[-1].body["unlinkable"]
    assert (unlinkable["epoch"], unlinkable["since"][:4]) == (OLD_EPOCH, "2026")


def test_destroyed_keys_leave_the_backup_of_the_keys_at_its_next_run(
    home: Home, old: Sender, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    safe, gone = tmp_path / "safe", secret(home, OLD_EPOCH)
    assert main(["keys", "backup", str(safe), "--data", str(home.root)]) == 0
    assert gone in safe.read_bytes()
    assert safe.stat().st_mode & 0o077 == 0
    erase(home, [("default", old.session)])
    destroy(home)

    assert main(["keys", "--data", str(home.root)]) == 0
    assert "1 destroyed; the backup knows with its next run" in capsys.readouterr().err
    assert main(["keys", "backup", str(safe), "--data", str(home.root)]) == 0

    assert "1 that the file held before are destroyed" in capsys.readouterr().err
    assert gone not in safe.read_bytes()


def test_a_store_restored_with_that_backup_finds_visitors_and_signs_on(
    home: Home, old: Sender, tmp_path: Path
) -> None:
    data = ["--data", str(home.root)]
    other = Sender(home, session_id(2))
    other.send(0, pageview())
    erase(home, [("default", old.session)])
    assert main(["keys", "backup", str(tmp_path / "safe"), *data]) == 0
    assert main(["backup", str(tmp_path / "backups"), *data]) == 0

    again = Home(tmp_path / "again")
    restored = ["restore", str(tmp_path / "backups"), "--keys", str(tmp_path / "safe"), "--no-ledger"]
    assert main([*restored, "--data", str(again.root)]) == 0

    assert find_visitor(again, ip=other.ip, user_agent=other.agent, site=None).places == [
        ("default", other.session)
    ]
    assert again.seed.read_bytes() == home.seed.read_bytes()
    assert erase(again, []).receipt.number == 2
    assert main(["receipt", "verify", "--data", str(again.root)]) == 0


@pytest.mark.parametrize("file", ["inside", "notes.txt", "missing/keys"])
def test_a_place_that_cannot_hold_the_backup_is_refused(home: Home, tmp_path: Path, file: str) -> None:
    target = home.root / file if file == "inside" else tmp_path / file
    if file == "notes.txt":
        target.write_text("mine")

    assert main(["keys", "backup", str(target), "--data", str(home.root)]) == 6
    assert file != "notes.txt" or target.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == (
        ["data", "notes.txt"] if file == "notes.txt" else ["data"]
    )


def without_keys(home: Home) -> None:
    for file in home.root.glob("keys.sqlite*"):
        file.unlink()


def with_other_keys(home: Home) -> None:
    without_keys(home)
    catalog.connect_keys(home, may_create=True).close()


@pytest.mark.parametrize("lose", [without_keys, with_other_keys], ids=lambda lose: lose.__name__)
def test_with_lost_keys_and_data_nothing_starts_and_no_key_is_minted(
    home: Home, old: Sender, lose: Callable[[Home], None], tmp_path: Path
) -> None:
    log, recording = tmp_path / "access.log", tmp_path / "session.json"
    log.write_text('192.0.2.1 - - [01/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 99 "-" "agent"\n')
    recording.write_text(json.dumps(foreign()))
    lose(home)
    before = sorted(file.name for file in home.root.iterdir())

    serve = [sys.executable, "-m", "usertrack_cli", "serve", "--port", "0", "--data", str(home.root)]
    done = subprocess.run(serve, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))

    assert done.returncode == 6
    assert "keys.sqlite" in done.stderr
    assert "usertrack keys backup" in done.stderr or "backup" in done.stderr
    assert sorted(file.name for file in home.root.iterdir()) == before
    with pytest.raises(StoreError):
        prepare(home)
    for imported in (["access-log", str(log)], ["rrweb", str(recording)]):
        assert main(["import", *imported, "--data", str(home.root)]) == 6
    if home.keys.exists():
        assert key_states(home) == []


def test_a_store_restored_without_keys_can_be_served_and_says_what_it_cannot_link(
    home: Home, old: Sender, tmp_path: Path
) -> None:
    assert main(["backup", str(tmp_path / "backups"), "--data", str(home.root)]) == 0
    again = Home(tmp_path / "again")
    assert main(["restore", str(tmp_path / "backups"), "--no-ledger", "--data", str(again.root)]) == 0

    prepare(again)

    assert [(each.epoch, each.is_live) for each in key_states(again) if each.epoch == OLD_EPOCH] == [
        (OLD_EPOCH, False)
    ]
