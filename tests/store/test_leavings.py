"""What lies about is removed by who may: orphans, files that a swap retired, folders of the dead."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from tests.senders import Sender, click, pageview
from usertrack_cli import clock
from usertrack_cli.clock import MINUTE_MS
from usertrack_cli.lifecycle import writer
from usertrack_cli.lifecycle.writer import Writer
from usertrack_cli.store import catalog, compaction
from usertrack_cli.store.home import Home
from usertrack_cli.store.lock import MAINTENANCE, held
from usertrack_cli.store.roster import unlink_retired
from usertrack_cli.store.snapshot import snapshot
from usertrack_cli.store.workspace import clean_workspaces, workspace

ROOT = Path(__file__).parents[2]
DIES_IN_ITS_FOLDER = """
import os, sys
from pathlib import Path
from usertrack_cli.store.home import Home
from usertrack_cli.store.workspace import workspace
with workspace(Home(Path(sys.argv[1]))) as folder:
    (folder / "draft.parquet").touch()
    os._exit(1)
"""


@pytest.fixture
def stored(home: Home, sender: Sender) -> Home:
    """Two segments."""
    for seq in range(2):
        sender.send(seq, pageview(seq), click(100, 1, 5))
        snapshot(home)
    return home


def test_orphans_are_removed_by_who_holds_both_locks_and_only_ones_own(stored: Home) -> None:
    with closing(catalog.connect(stored)) as con, workspace(stored) as folder:
        node = catalog.store_value(con, "node")
        place = min(stored.segments.rglob("*.parquet"))
        named_in_a_moment, foreign = (
            place.with_name(f"0a-{node}.parquet"),
            place.with_name("0a-abcdef01.parquet"),
        )
        named_in_a_moment.touch()
        foreign.touch()
        working = Writer(stored, con, folder)

        with held(stored, MAINTENANCE, timeout_s=0, doing="testing"):  # as a prune between rename and commit
            assert working._tidying.do()
            was_spared = named_in_a_moment.exists()
        assert working._tidying.do()

    assert was_spared
    assert not named_in_a_moment.exists()
    assert foreign.exists()
    assert place.exists()


def test_without_the_lock_what_a_prune_is_about_to_name_would_be_removed(
    stored: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(writer, "_maintenance", lambda _: nullcontext(enter_result=True))

    with pytest.raises(AssertionError):
        test_orphans_are_removed_by_who_holds_both_locks_and_only_ones_own(stored)


def test_what_a_compaction_replaced_stays_ten_minutes_for_readers(
    stored: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "FAN_IN", 2)
    old = set(stored.segments.rglob("*.parquet"))
    now_ms = clock.now_ms()
    with closing(catalog.connect(stored)) as con, workspace(stored) as folder:
        assert compaction.compact(con, stored, folder, now_ms=now_ms) == 2

        early = unlink_retired(con, stored, now_ms=now_ms + 10 * MINUTE_MS - 1)
        are_there = all(path.exists() for path in old)
        late = unlink_retired(con, stored, now_ms=now_ms + 10 * MINUTE_MS)

    assert (early, are_there, late) == (0, True, 2)
    assert old.isdisjoint(stored.segments.rglob("*.parquet"))
    assert sum(segment.rows for segment in snapshot(stored).segments) == 4


def test_a_folder_is_removed_when_its_process_is_dead_and_not_before(home: Home) -> None:
    with workspace(home) as mine:
        done = subprocess.run([sys.executable, "-c", DIES_IN_ITS_FOLDER, str(home.root)], cwd=ROOT, check=False)
        left = set(home.tmp.iterdir()) - {mine}

        removed = clean_workspaces(home)

        assert done.returncode == 1
        assert (len(left), removed) == (1, 1)
        assert list(home.tmp.iterdir()) == [mine]
