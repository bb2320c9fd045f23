"""The doctor says what is wrong, moves what is damaged aside, and every answer says what it lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.clock import MINUTE_MS
from usertrack_cli.store import catalog
from usertrack_cli.store.doctor import Status, examine
from usertrack_cli.store.home import Home
from usertrack_cli.store.jobs import finished
from usertrack_cli.store.segment import digest_of
from usertrack_cli.store.snapshot import snapshot

Harm = Callable[[Home], object]


@pytest.fixture
def stored(home: Home) -> Home:
    """A store with two segments that was pruned lately."""
    for number in range(2):
        Sender(home, session_id(number)).send(0, pageview(), click(100, number, 5))
        snapshot(home)
    with closing(catalog.connect(home)) as con:
        finished(con, "prune:default", started_at=clock.now_ms(), now_ms=clock.now_ms())
    return home


def findings(home: Home, *, is_deep: bool = False) -> dict[str, Status]:
    found = examine(home, sites=("default",), now_ms=clock.now_ms(), is_deep=is_deep)
    return {each.check: each.status for each in found}


def first_segment(home: Home) -> Path:
    return min(home.segments.rglob("*.parquet"))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(bytes(content))


def run_sql(home: Home, sql: str) -> None:
    with closing(catalog.connect(home)) as con:
        con.execute(sql)


def test_a_sound_store_is_well(stored: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--deep", "--json", "--data", str(stored.root)]) == 0

    said = json.loads(capsys.readouterr().out)
    assert {each["status"] for each in said} == {"ok"}
    assert [each["detail"] for each in said if each["check"] == "segments"] == ["2 segments, 4 rows"]


@pytest.mark.parametrize(
    ("harm", "check", "code"),
    [
        (lambda home: flip(first_segment(home), 100), "segments", 6),
        (lambda home: first_segment(home).unlink(), "segments", 6),
        (lambda home: run_sql(home, "UPDATE segments SET rows = 3"), "rows", 6),
        (lambda home: home.keys.unlink(), "keys", 6),
        (lambda home: first_segment(home).chmod(0o644), "permissions", 4),
        (lambda home: first_segment(home).with_name("0a-abcdef01.parquet").touch(0o600), "orphans", 4),
        (lambda home: run_sql(home, "UPDATE jobs SET finished_at = 1"), "retention", 4),
        (lambda home: run_sql(home, "INSERT INTO tombstones VALUES ('default', 'x', 1, NULL)"), "erasures", 4),
        (lambda home: run_sql(home, "UPDATE batches SET received_at = received_at + 86400000"), "clock", 4),
        (lambda home: run_sql(home, "INSERT INTO jobs VALUES ('clock', 0, 5, '')"), "clock", 4),
        (lambda home: run_sql(home, "INSERT INTO jobs VALUES ('backup', 1, 1, '')"), "backup", 4),
    ],
)  # fmt: skip
def test_each_harm_is_found_by_its_own_check(
    stored: Home, harm: Harm, check: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    harm(stored)

    assert main(["doctor", "--json", "--data", str(stored.root)]) == code

    said = json.loads(capsys.readouterr().out)
    assert check in {each["check"] for each in said if each["status"] != "ok"}


def test_a_page_is_checked_though_the_file_is_the_one_that_the_catalog_names(stored: Home) -> None:
    victim = first_segment(stored)
    about = pq.read_metadata(victim).row_group(0)
    column = next(about.column(n) for n in range(about.num_columns) if about.column(n).path_in_schema == "x")
    flip(victim, column.data_page_offset + column.total_compressed_size - 1)
    digest = f"UPDATE segments SET sha256 = '{digest_of(victim)}' WHERE path LIKE '%{victim.name}'"  # noqa: S608
    run_sql(stored, digest)

    found = findings(stored, is_deep=True)

    assert (found["segments"], found["pages"]) == (Status.OK, Status.DAMAGE)


def test_batches_that_nobody_takes_in_are_said(stored: Home) -> None:
    Sender(stored, session_id(7), received_at=clock.now_ms() - 2 * MINUTE_MS).send(0, pageview())

    assert findings(stored)["inbox"] is Status.WARNING


def test_a_young_store_need_not_have_been_pruned_yet(stored: Home) -> None:
    run_sql(stored, "DELETE FROM jobs")
    assert findings(stored)["retention"] is Status.OK

    run_sql(stored, "UPDATE segments SET first_at = first_at - 108000000")  # 30 hours

    assert findings(stored)["retention"] is Status.WARNING


def test_a_damaged_segment_is_moved_counted_and_said_under_every_answer(
    stored: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = first_segment(stored)
    content = victim.read_bytes()
    flip(victim, len(content) // 2)

    assert main(["sessions", "--json", "--data", str(stored.root)]) == 0

    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == 1
    assert "2 rows in 1 damaged segment are not included" in shown.err
    assert not victim.exists()
    assert (stored.quarantine / victim.relative_to(stored.segments)).exists()
    assert main(["pages", "--data", str(stored.root)]) == 0
    assert "2 rows in 1 damaged segment are not included" in capsys.readouterr().err


def test_a_missing_segment_is_left_out_and_stays_on_the_roster(
    stored: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = first_segment(stored)
    content = victim.read_bytes()
    victim.unlink()

    assert main(["sessions", "--json", "--data", str(stored.root)]) == 0
    shown = capsys.readouterr()
    victim.write_bytes(content)  # the disk is mounted again
    victim.chmod(0o600)

    assert len(json.loads(shown.out)) == 1
    assert "2 rows in 1 damaged segment are not included" in shown.err
    assert len(snapshot(stored).segments) == 2
    assert findings(stored, is_deep=True)["segments"] is Status.OK


def test_a_move_to_quarantine_that_broke_off_is_finished(stored: Home) -> None:
    victim = first_segment(stored)
    target = stored.quarantine / victim.relative_to(stored.segments)
    target.parent.mkdir(parents=True, mode=0o700)
    victim.rename(target)

    taken = snapshot(stored)

    assert (taken.damaged_files, taken.damaged_rows, len(taken.segments)) == (1, 2, 1)
    with closing(catalog.connect(stored)) as con:
        assert con.execute("SELECT count(*) FROM quarantine").fetchone() == (1,)


def test_batches_that_cannot_be_taken_in_are_said_to_be_pending(
    stored: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Sender(stored, session_id(7)).send(0, pageview())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("usertrack_cli.store.drain.write_segment", full)

    assert main(["sessions", "--data", str(stored.root)]) == 0
    assert "1 batch pending, not included yet" in capsys.readouterr().err


def test_a_damaged_catalog_is_an_expected_failure(stored: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(catalog.connect(stored)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(stored.catalog.read_bytes())
    content[4096 : len(content) - 100] = b"\xff" * (len(content) - 4196)
    stored.catalog.write_bytes(bytes(content))

    assert main(["doctor", "--data", str(stored.root)]) == 6
    assert "damaged" in capsys.readouterr().err
