"""A changed byte is never served as data; what it costs is counted and said."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from tests.senders import Sender, click, pageview, session_id
from usertrack_cli import clock
from usertrack_cli.app import main
from usertrack_cli.errors import UsertrackError
from usertrack_cli.queries.events import ask
from usertrack_cli.queries.filters import Filter
from usertrack_cli.store import catalog, drain, roster
from usertrack_cli.store.compaction import compact
from usertrack_cli.store.home import Home
from usertrack_cli.store.roster import live_segments
from usertrack_cli.store.segment import digest_of
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.soundness import Soundness
from usertrack_cli.store.workspace import workspace

ROWS = "SELECT session, seq, idx, kind, x, y, page, visitor, text FROM events ORDER BY ALL"
Row = tuple[object, ...]


def rows(home: Home) -> set[Row]:
    return set(ask(home, Filter(), lambda con: con.execute(ROWS).fetchall()))


@pytest.fixture
def stored(home: Home) -> Home:
    """Three segments of different sessions."""
    for number in range(3):
        sender = Sender(home, session_id(number), page=f"/p{number}")
        sender.send(0, pageview(), *(click(100 * i, number, i) for i in range(200)))
        snapshot(home)
    with closing(catalog.connect(home)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


def flip(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def zero(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(0, len(content), 512)
    content[at : at + 512] = bytes(len(content[at : at + 512]))


def cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def append(content: bytearray, chance: random.Random) -> None:
    content += chance.randbytes(100)


HARMS: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, zero, cut, append)


def mutated(original: bytes, chance: random.Random) -> Iterator[bytes]:
    """Every region: first, middle and last bytes for certain, the rest by chance."""
    for at in (0, 4, len(original) // 2, len(original) - 9, len(original) - 1):
        content = bytearray(original)
        content[at] ^= 0xFF
        yield bytes(content)
    for harm in HARMS * 4:
        content = bytearray(original)
        harm(content, chance)
        if content != original:
            yield bytes(content)


def test_no_changed_byte_of_a_segment_is_served_as_data(stored: Home, tmp_path: Path) -> None:
    whole = rows(stored)
    victim = live_of(stored)[0]
    original = (stored.segments / victim).read_bytes()
    for number, content in enumerate(mutated(original, random.Random(7))):  # noqa: S311 a repeatable choice
        home = Home(tmp_path / f"damaged-{number}")
        shutil.copytree(stored.root, home.root)
        (home.segments / victim).write_bytes(content)

        seen = rows(home)

        taken = snapshot(home)
        assert len(seen) == 402
        assert seen < whole
        assert (taken.damaged_files, taken.damaged_rows) == (1, 201)
        shutil.rmtree(home.root)


def test_without_the_digest_wrong_rows_would_be_served(stored: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: a write that went astray is a sound file in a wrong place."""
    whole = rows(stored)
    first, second = (stored.segments / path for path in live_of(stored)[:2])
    first.write_bytes(second.read_bytes())
    everything_is_fine = dict.fromkeys(live_of(stored), Soundness.SOUND)
    monkeypatch.setattr("usertrack_cli.store.snapshot.soundness", lambda *_: everything_is_fine)

    assert rows(stored) != whole
    assert snapshot(stored).left_out() == []


def test_each_file_is_compared_with_its_digest_once_per_process_and_again_when_it_changed(
    stored: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def noting(path: Path) -> str:
        read.append(path)
        return digest_of(path)

    monkeypatch.setattr("usertrack_cli.store.soundness.digest_of", noting)
    files = {stored.segments / path for path in live_of(stored)}
    monkeypatch.setattr("usertrack_cli.store.soundness._sound", set())

    for _ in range(3):
        assert len(rows(stored)) == 603
    assert sorted(read) == sorted(files)
    touched = min(files)
    os.utime(touched, ns=(1, 1))
    rows(stored)

    assert read[len(files) :] == [touched]


def test_two_segments_with_each_others_content_are_both_found(stored: Home) -> None:
    first, second = (stored.segments / path for path in live_of(stored)[:2])
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)

    assert {row[0] for row in rows(stored)} == {session_id(number_of(stored))}
    assert snapshot(stored).damaged_files == 2


def number_of(home: Home) -> int:
    """The number of the one session whose segment is left."""
    with closing(catalog.connect(home)) as con:
        (left,) = live_segments(con)
    table = ask(home, Filter(), lambda con: con.execute("SELECT any_value(session) FROM events").fetchone())
    assert left.rows == 201
    assert table is not None
    return int(table[0][1:])


def each_block(original: bytes, step: int) -> Iterator[bytes]:
    """Change one byte in each block of so many bytes that holds something."""
    for begin in range(0, len(original), step):
        block = original[begin : begin + step]
        used = [at for at, byte in enumerate(block) if byte]
        if used:
            content = bytearray(original)
            content[begin + used[len(used) // 2]] ^= 0xFF
            yield bytes(content)


def seen_and_left_out(home: Home) -> tuple[set[Row], list[str]]:
    try:
        return rows(home), snapshot(home).left_out()
    except (UsertrackError, sqlite3.DatabaseError):
        return set(), ["the catalog is damaged"]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("catalog.sqlite", 512),
        pytest.param("catalog.sqlite", 16, marks=[pytest.mark.soak, pytest.mark.timeout(1800)]),
        ("catalog.sqlite-wal", 512),
    ],
)
def test_no_changed_byte_of_the_catalog_is_served_as_data(
    stored: Home, tmp_path: Path, name: str, step: int, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = rows(stored)
    if name.endswith("-wal"):
        _grow_log(stored)
    original = (stored.root / name).read_bytes()
    chance = random.Random(11)  # noqa: S311 a repeatable choice
    for number, content in enumerate(chain(mutated(original, chance), each_block(original, step))):
        home = Home(tmp_path / f"damaged-{number}")
        shutil.copytree(stored.root, home.root, ignore=shutil.ignore_patterns("*-shm"))
        (home.root / name).write_bytes(content)

        seen, _ = seen_and_left_out(home)

        assert seen <= whole
        assert main(["doctor", "--json", "--data", str(home.root)]) in {0, 4, 6}
        if seen != whole and not name.endswith("-wal"):
            assert main(["doctor", "--deep", "--data", str(home.root)]) == 6
        shutil.rmtree(home.root)
    capsys.readouterr()


def unsaid(home: Home, folder: Path) -> list[int]:
    """Change every other byte of a segment's name in the catalog; return where rows are missing unsaid."""
    whole, original, name = rows(home), home.catalog.read_bytes(), live_of(home)[0].encode()
    found = [at for at in range(len(original)) if original.startswith(name, at)]
    assert len(found) == 2, "it stands in the table and in its index"
    silent = []
    for at in (begin + offset for begin in found for offset in range(0, len(name), 2)):
        content = bytearray(original)
        content[at] ^= 1
        damaged = Home(folder / f"at-{at}")
        shutil.copytree(home.root, damaged.root, ignore=shutil.ignore_patterns("*-shm"))
        damaged.catalog.write_bytes(content)

        seen, left_out = seen_and_left_out(damaged)

        assert seen <= whole
        silent += [at] if seen != whole and not left_out else []
        shutil.rmtree(damaged.root)
    return silent


def test_a_segment_whose_name_changed_is_said_to_be_missing(stored: Home, tmp_path: Path) -> None:
    assert unsaid(stored, tmp_path) == []


def test_a_list_by_its_index_would_lose_segments_without_a_word(
    stored: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    by_index = roster._LIVE.replace("+site, +day, +path", "site, day, path")
    monkeypatch.setattr(roster, "_LIVE", by_index)

    assert len(unsaid(stored, tmp_path)) > 25


def _grow_log(home: Home) -> None:
    """Leave frames in the write-ahead log, as a killed process does."""
    code = (
        "import os, sys; from pathlib import Path; from usertrack_cli.store import catalog\n"
        "from usertrack_cli.store.home import Home\n"
        "con = catalog.connect(Home(Path(sys.argv[1])))\n"
        "con.execute(\"INSERT INTO jobs VALUES ('x', 1, 1, 'y')\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(home.root)], cwd=Path(__file__).parents[2], check=True)
    assert (home.root / "catalog.sqlite-wal").stat().st_size > 0


def test_a_damaged_segment_does_not_keep_others_from_compaction(
    stored: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usertrack_cli.store.compaction.FAN_IN", 3)
    victim = stored.segments / live_of(stored)[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"\0")

    with closing(catalog.connect(stored)) as con, workspace(stored) as folder:
        replaced = compact(con, stored, folder, now_ms=clock.now_ms())

    assert replaced == 2
    assert len(rows(stored)) == 402
    assert snapshot(stored).damaged_files == 1


@pytest.fixture
def poisoned(home: Home) -> Home:
    """A store in whose inbox one batch of three cannot be read."""
    good, bad = Sender(home, session_id(1)), Sender(home, session_id(2))
    good.send(0, pageview())
    bad.send(0, pageview())
    good.send(1, pageview(500))
    with closing(catalog.connect(home)) as con:
        con.execute(
            'UPDATE batches SET body = CAST(\'{"t": 1, "pg": [\' AS BLOB) WHERE session = ?', (session_id(2),)
        )
    return home


def test_a_drain_that_did_not_look_at_each_batch_would_be_stopped_by_one(
    poisoned: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test below."""
    monkeypatch.setattr(drain, "_tables", lambda batches: (drain._tables_of(batches), []))

    with closing(catalog.connect(poisoned)) as con, workspace(poisoned) as folder, pytest.raises(ValueError):
        drain.drain(con, poisoned, folder, now_ms=clock.now_ms())

    assert list(poisoned.segments.rglob("*.parquet")) == []


def test_a_batch_that_cannot_be_read_keeps_no_other_waiting_and_is_kept_aside(poisoned: Home) -> None:
    home = poisoned

    assert {row[0] for row in rows(home)} == {session_id(1)}

    taken = snapshot(home)
    assert (taken.pending_batches, taken.damaged_files) == (0, 1)
    (kept,) = home.quarantine.rglob("batch-*.json")
    assert kept.stat().st_mode & 0o077 == 0


def test_erasing_reaches_a_batch_in_quarantine(home: Home) -> None:
    from usertrack_cli.lifecycle.erasure import erase

    bad = Sender(home, session_id(2))
    bad.send(0, pageview())
    with closing(catalog.connect(home)) as con:
        con.execute("UPDATE batches SET body = CAST('nothing' AS BLOB)")
    snapshot(home)

    erase(home, [("default", session_id(2))])

    assert list(home.quarantine.rglob("batch-*")) == []


def test_reading_goes_on_while_segments_are_swapped_away(stored: Home) -> None:
    errors: list[Exception] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.is_set():
            try:
                assert len(rows(stored)) == 603
            except Exception as error:  # noqa: BLE001 whatever it is, the test reports it
                errors.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        swap_all(stored)
    is_over.set()
    reader.join()

    assert errors == []


def swap_all(home: Home) -> None:
    """Every live file is replaced by a new one and unlinked at once, as an erasure does."""
    from usertrack_cli.store.catalog import store_value
    from usertrack_cli.store.parquet import read_segment, write_segment
    from usertrack_cli.store.segment import new_segment_path
    from usertrack_cli.store.swap import swap

    with closing(catalog.connect(home)) as con, workspace(home) as folder:
        node, new = store_value(con, "node"), []
        for each in live_segments(con):
            path = new_segment_path(each.site, each.day, node=node, now_ms=clock.now_ms())
            new.append(write_segment(home, read_segment(home, each.path), path=path, level=0, workspace=folder))
        swap(con, home, old=live_of(home), new=new, now_ms=clock.now_ms(), at_once=True)


def live_of(home: Home) -> list[str]:
    with closing(catalog.connect(home)) as con:
        return [segment.path for segment in live_segments(con)]


def test_files_are_made_whole_or_not_at_all(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An fsync that fails leaves no file behind, and the batch waits."""
    Sender(home, session_id(1)).send(0, pageview())
    fsync = os.fsync

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    taken = snapshot(home)
    monkeypatch.setattr(os, "fsync", fsync)

    assert taken.pending_batches == 1
    assert list(home.segments.rglob("*.parquet")) == []
    assert len(rows(home)) == 1
